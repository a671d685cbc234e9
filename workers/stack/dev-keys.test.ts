import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keysIn } from '../keys.ts'
import { keysFileOf, makeDevKeys } from './dev-keys.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tenor-keys-'))
})
afterEach(() => rmSync(home, { recursive: true }))

it('makes a key to encrypt with once, that only its owner can read', () => {
  const file = keysFileOf(home)
  expect(makeDevKeys(file)).toBe(true)
  const key = () => keysIn({ TENOR_KEYS: undefined, TENOR_KEYS_FILE: file }).key('field', 'dev').toString('hex')
  const made = key()
  expect(makeDevKeys(file)).toBe(false)
  expect(key()).toBe(made)
  expect(statSync(file).mode & 0o077).toBe(0)
})
