import { nothing } from './nowhere.ts'

export const resolvable = nothing
