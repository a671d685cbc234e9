import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { writeOnce } from './write-once.ts'

/** Where the data folder has its keys. */
export function keysFileOf(home: string): string {
  return join(home, 'keys')
}

/** Makes a key to encrypt with, for development, where there is none; answers whether it did. */
export function makeDevKeys(file: string): boolean {
  return writeOnce(file, `dev:${randomBytes(32).toString('base64')}\n`)
}
