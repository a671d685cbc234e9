import type { Instant } from '../../domain/plans/terms.ts'
import type { KeyRing } from '../../secrets/key-ring.ts'
import { type Place, type Sealed, seal, unseal } from '../../secrets/sealed.ts'
import { instantOf } from '../columns.ts'

/** A signing secret as it is kept; `validUntil` is null for the one in use. */
export type KeptSecret = { secret: Sealed; validUntil: Instant | null }
/** The endpoint that secrets are of, and the keys of the database that it is in. */
type Owner = { id: string; keys: KeyRing }

const OVERLAP_MS = 24 * 3_600_000
const MOST = 5

export const placeOfSecrets = (endpointId: string): Place => ['webhook_endpoints', 'secrets', endpointId]

/** The secrets with a new one in use; those before it stay valid for 24 hours after they were replaced. */
export function withNewSecret(kept: KeptSecret[], secret: string, now: Date, { id, keys }: Owner): KeptSecret[] {
  const validUntil = instantOf(new Date(now.getTime() + OVERLAP_MS))
  const before = kept
    .filter((one) => isValid(one, now))
    .map((one) => ({ ...one, validUntil: one.validUntil ?? validUntil }))
  return [{ secret: seal(keys, placeOfSecrets(id), secret), validUntil: null }, ...before].slice(0, MOST)
}

/** What to sign with, the newest first. The one place where a kept secret becomes one that can be used. */
export function validSecrets(kept: KeptSecret[], now: Date, { id, keys }: Owner): string[] {
  return kept.filter((one) => isValid(one, now)).map(({ secret }) => unseal(keys, placeOfSecrets(id), secret))
}

function isValid({ validUntil }: KeptSecret, now: Date): boolean {
  return validUntil === null || Date.parse(validUntil) > now.getTime()
}
