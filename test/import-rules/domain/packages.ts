import { readFileSync } from 'node:fs'

export const domainPackages = readFileSync
