import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Instant } from '../../domain/plans/terms.ts'
import { instant, instantOf, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** SHA-256 of a secret, in hex; `validUntil` is null for the newest. */
export type KeptHash = { hash: string; validUntil: Instant | null }

/** Programs that get tokens by a secret, where Tenor is its own issuer of tokens. */
export const ApiClients = defineEntity({
  ...ofTenant,
  name: 'ApiClient',
  tableName: 'api_clients',
  properties: {
    id: p.text().primary(),
    tenantId: text(),
    name: text(),
    secrets: p.json<KeptHash[]>(),
    createdAt: instant(),
    rotatedAt: instant().nullable(),
    revokedAt: instant().nullable(),
  },
  indexes: [{ name: 'api_clients_created', properties: ['tenantId', 'createdAt', 'id'] }],
})

export type ApiClientRow = InferEntity<typeof ApiClients>

const OVERLAP_MS = 24 * 3_600_000

/** With a new secret; the one before it stays valid for 24 hours, any older one ends. */
export function withNewHash(kept: KeptHash[], hash: string, now: Date): KeptHash[] {
  const [before] = kept
  if (!before) return [{ hash, validUntil: null }]
  return [
    { hash, validUntil: null },
    { ...before, validUntil: instantOf(new Date(now.getTime() + OVERLAP_MS)) },
  ]
}

export function validHashes(kept: KeptHash[], now: Date): string[] {
  return kept
    .filter(({ validUntil }) => validUntil === null || Date.parse(validUntil) > now.getTime())
    .map(({ hash }) => hash)
}
