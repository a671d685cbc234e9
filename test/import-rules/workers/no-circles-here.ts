import { there } from './no-circles-there.ts'

export const here = () => there
