import { readFileSync } from 'node:fs'
import { openDatabase } from '../db/orm.ts'
import { keyUse } from '../db/resealing.ts'
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

/**
 * Refuses a ring that lacks keys which the database needs, and says by how many values. `url` is the owner's or the
 * worker's: another role would not see all tenants.
 * @throws ConfigError
 */
export async function refuseMissingKeys(url: string, keys: KeyRing): Promise<void> {
  const orm = await openDatabase(url, { name: 'tenor-keys', poolSize: 2 })
  try {
    const missing = (await keyUse(orm.em.fork())).filter(({ id }) => !keys.ids.includes(id))
    if (missing.length === 0) return
    const lines = missing.map(({ id, where, count }) => `  "${id}" is needed by ${count} of ${where}`)
    throw new ConfigError(
      [`TENOR_KEYS (${keys.ids.join(', ')}) lacks a key that is needed; put it back:`, ...lines].join('\n'),
    )
  } finally {
    await orm.close()
  }
}

type Keys = Pick<Config, 'TENOR_KEYS' | 'TENOR_KEYS_FILE'>
