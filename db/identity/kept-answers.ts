import { blindIndex, isIndexOf } from '../../secrets/key-ring.ts'
import { type Place, type Sealed, seal, unseal } from '../../secrets/sealed.ts'
import { keysOf } from '../keys.ts'

/** Who sent which key where. */
export type Claim = { tenantId: string; caller: string; route: string; key: string }
type Database = Parameters<typeof keysOf>[0]

export const placeOf = ({ tenantId, caller, route, key }: Claim): Place => [
  'idempotency_keys',
  'body',
  tenantId,
  caller,
  route,
  key,
]

/** An answer as it may be kept: some show secrets that are shown once. */
export function sealedAnswer(database: Database, claim: Claim, body: string): Sealed {
  return seal(keysOf(database), placeOf(claim), body)
}

export function keptAnswer(database: Database, claim: Claim, body: Sealed): string {
  return unseal(keysOf(database), placeOf(claim), body)
}

const ABOUT = ['idempotency_keys', 'request']

export function requestHash(database: Database, request: string): string {
  return blindIndex(keysOf(database), ABOUT, request)
}

/** Also when the key has become another since the request was first sent. */
export function isSameRequest(database: Database, request: string, hash: string): boolean {
  return isIndexOf(keysOf(database), ABOUT, request, hash)
}
