import { createHmac, hkdfSync } from 'node:crypto'

/** What a key is for: each use has a key of its own, derived from the one that the ring names. */
type Use = 'field' | 'payload' | 'index'

/**
 * The keys that personal data is encrypted with. What is written is closed with the active key; whatever names another
 * key of the ring is still opened, so that keys are changed while everything runs.
 */
export type KeyRing = {
  /** The id of the key that closes. */
  active: string
  /** Every id, the active one first. */
  ids: readonly string[]
  /** The 32 bytes for a use. @throws KeyMissing */
  key(use: Use, id: string): Buffer
}

/** The ring cannot be used. Says which entry is wrong, never what it holds. */
export class KeyRingRefused extends Error {
  override name = 'KeyRingRefused'
}

/** Something is closed with a key that is not in the ring: the key is needed, and nothing is lost. */
export class KeyMissing extends Error {
  override name = 'KeyMissing'
  readonly id: string

  constructor(id: string, ids: readonly string[]) {
    super(`The key "${id}" is not in TENOR_KEYS (${ids.join(', ')}), and something was encrypted with it.`)
    this.id = id
  }
}

const KEY_BYTES = 32
const ID = /^[A-Za-z0-9_-]{1,32}$/

/**
 * The ring in `id:base64` entries, separated by commas or line breaks, each key 32 bytes; the first one is active.
 * @throws KeyRingRefused
 */
export function keyRing(text: string): KeyRing {
  const entries = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(keyIn)
  const keys = new Map(entries.map(({ id, secret }) => [id, derived(secret)]))
  const ids = [...keys.keys()]
  const [active] = ids
  if (active === undefined) throw new KeyRingRefused('holds no key')
  if (ids.length < entries.length) throw new KeyRingRefused('has two keys by the same id')
  return {
    active,
    ids,
    key(use, id) {
      const found = keys.get(id)
      if (!found) throw new KeyMissing(id, ids)
      return found[use]
    },
  }
}

function keyIn(entry: string, index: number): { id: string; secret: Buffer } {
  const [id = '', encoded = ''] = entry.split(':')
  if (!ID.test(id) || encoded === '') throw new KeyRingRefused(`entry ${index + 1} is not id:base64`)
  const secret = Buffer.from(encoded, 'base64')
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(encoded) || secret.length !== KEY_BYTES) {
    throw new KeyRingRefused(`the key "${id}" is not ${KEY_BYTES} bytes in base64`)
  }
  return { id, secret }
}

function derived(secret: Buffer): Record<Use, Buffer> {
  const of = (use: Use) => Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `tenor/${use}/v1`, KEY_BYTES))
  return { field: of('field'), payload: of('payload'), index: of('index') }
}

/**
 * A keyed hash by which equal values are found without being readable, as `keyId.hash`. `about` says of what, so that
 * a phone number's hash is nothing in another column or for another tenant.
 */
export function blindIndex(ring: KeyRing, about: readonly string[], value: string, id = ring.active): string {
  const hash = createHmac('sha256', ring.key('index', id)).update(JSON.stringify([...about, value]))
  return `${id}.${hash.digest('base64url')}`
}

/** The hashes that a value may be found by: one for each key, since rows are hashed anew only by and by. */
export function blindIndexes(ring: KeyRing, about: readonly string[], value: string): string[] {
  return ring.ids.map((id) => blindIndex(ring, about, value, id))
}

/** Whether a hash, by whichever key, is of this value. @throws KeyMissing */
export function isIndexOf(ring: KeyRing, about: readonly string[], value: string, hash: string): boolean {
  return hash === blindIndex(ring, about, value, hash.slice(0, hash.indexOf('.')))
}
