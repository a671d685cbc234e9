import { term } from '../workflows/term.ts'

export const apiTypes = term
