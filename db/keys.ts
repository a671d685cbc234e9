import type { Configuration } from '@mikro-orm/core'
import type { KeyRing } from '../secrets/key-ring.ts'

/** By database: every fork of its entity manager, and its migrations, have its configuration in common. */
const RINGS = new WeakMap<Configuration, KeyRing>()

export function giveKeys(config: Configuration, keys: KeyRing): void {
  RINGS.set(config, keys)
}

/** The keys that a database was opened with: for the few files of this room that seal and open what it holds. */
export function keysOf({ config }: { readonly config: Configuration }): KeyRing {
  const keys = RINGS.get(config)
  if (!keys) throw new Error('This database was opened without keys, and has something that is encrypted with one.')
  return keys
}
