import type { KeyRing } from './key-ring.ts'
import { close, NotOpened, open } from './seal.ts'

/** A value as it is stored: `v1.<key id>.<base64url>`. Not a string that anybody may show or send. */
export type Sealed = string & { readonly sealed: true }

/** Where a value belongs: table, column and the row's key. A value that is moved elsewhere does not open there. */
export type Place = readonly [table: string, column: string, ...row: string[]]

const VERSION = 'v1'
const FORM = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]+)$/

export function seal(ring: KeyRing, place: Place, value: string): Sealed {
  const closed = close(ring.key('field', ring.active), nameOf(place), Buffer.from(value))
  return `${VERSION}.${ring.active}.${closed.toString('base64url')}` as Sealed
}

/** @throws NotOpened when it is not what was sealed for this place, and KeyMissing. */
export function unseal(ring: KeyRing, place: Place, sealed: string): string {
  const [, id, body] = FORM.exec(sealed) ?? []
  if (id === undefined || body === undefined) throw new NotOpened(`A value of ${nameOf(place)} was never sealed.`)
  return open(ring.key('field', id), nameOf(place), Buffer.from(body, 'base64url')).toString()
}

/** Under the active key; what is so already stays as it is. */
export function resealed(ring: KeyRing, place: Place, sealed: Sealed): Sealed {
  return keyIdOf(sealed) === ring.active ? sealed : seal(ring, place, unseal(ring, place, sealed))
}

export function keyIdOf(sealed: string): string | undefined {
  return FORM.exec(sealed)?.[1]
}

/** Unambiguous whatever the parts hold. */
function nameOf(place: Place): string {
  return JSON.stringify(place)
}
