import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { instant, instantOf, sealed, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'
import { acrossTenants } from '../tenancy/scope.ts'

/** Answers already given, by the key that the client sent with its request. Bodies are sealed by kept-answers.ts. */
export const IdempotencyKeys = defineEntity({
  ...ofTenant,
  name: 'IdempotencyKey',
  tableName: 'idempotency_keys',
  properties: {
    tenantId: text().primary(),
    caller: text().primary(),
    route: text().primary(),
    key: text().primary(),
    /** Keyed, since a request may be guessed from a hash that anybody can make. */
    requestHash: text(),
    state: p.enum(['in_progress', 'done']),
    /** After this moment whoever was at work on it is taken to be gone. */
    lockedUntil: instant().nullable(),
    status: p.integer().nullable(),
    headers: p.json<Record<string, string>>().nullable(),
    body: sealed().nullable(),
    createdAt: instant(),
    expiresAt: instant(),
  },
  checks: [{ name: 'idempotency_keys_done_check', expression: `state <> 'done' or status is not null` }],
  indexes: [{ name: 'idempotency_keys_expiry', properties: ['expiresAt'] }],
})

/** Drops the answers that need not be kept any longer, of all tenants; returns how many there were. */
export async function forgetExpired(em: EntityManager, now: Date): Promise<number> {
  return acrossTenants(() => em.nativeDelete(IdempotencyKeys, { expiresAt: { $lt: instantOf(now) } }))
}

export type IdempotencyKeyRow = InferEntity<typeof IdempotencyKeys>
