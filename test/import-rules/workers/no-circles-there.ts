import { here } from './no-circles-here.ts'

export const there = () => here
