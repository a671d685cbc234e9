import { readFileSync } from 'node:fs'
import { type KeyRing, KeyRingRefused, keyRing } from '../secrets/key-ring.ts'
import { type Config, ConfigError } from './config.ts'

/** The keys that the configuration names. @throws ConfigError when their file cannot be read or holds something else. */
export function keysIn({ TENOR_KEYS: text, TENOR_KEYS_FILE: file }: Keys): KeyRing {
  try {
    return keyRing(text ?? readFileSync(file ?? '', 'utf8'))
  } catch (error) {
    const isOurs = error instanceof KeyRingRefused
    const why = isOurs ? error.message : `cannot be read: ${(error as NodeJS.ErrnoException).code}`
    throw new ConfigError(`${text ? 'TENOR_KEYS' : `TENOR_KEYS_FILE (${file})`} is wrong: ${why}.`, { cause: error })
  }
}

type Keys = Pick<Config, 'TENOR_KEYS' | 'TENOR_KEYS_FILE'>
