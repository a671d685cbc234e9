import type { EntityManager } from '@mikro-orm/postgresql'
import { acrossTenants, inTenant } from '../../db/tenancy/scope.ts'

export type OutboxDeps = {
  /** A fork of its own for each use. */
  em: () => EntityManager
  /** Real time, whatever clock a plan follows. */
  now?: () => Date
  random?: () => number
  /** At most so many at once. */
  batch?: number
  /** Told of each try's end. */
  onTold?: (what: 'notice' | 'case' | 'webhook', outcome: 'sent' | 'delayed' | 'failed') => void
}

/** For so long nobody else takes what one has taken; after it, what a killed process had taken is sent again. */
const LEASE_MS = 120_000
const BATCH = 8

/** Table and columns of an outbox: fixed words, never what anybody gave, but for the value that `only` asks for. */
type Outbox = {
  table: string
  waiting: string
  attempts: string
  nextAttemptAt: string
  only?: { column: string; is: string }
}

/** What was taken, and whose it is: what is done with it is done in that tenant. */
export type Claimed = { id: string; tenant: string }

/**
 * Takes what is due, of all tenants, oldest first; each is taken by one process only, and the try is counted. No lock is
 * held while a letter is on its way.
 */
export async function claim(deps: OutboxDeps, outbox: Outbox): Promise<Claimed[]> {
  const { table, waiting, attempts, nextAttemptAt, only } = outbox
  const now = nowOf(deps)
  const values = [
    new Date(now.getTime() + LEASE_MS).toISOString(),
    now.toISOString(),
    ...(only ? [only.is] : []),
    deps.batch ?? BATCH,
  ]
  return acrossTenants(() =>
    deps.em().execute<Claimed[]>(
      `update ${table} set ${attempts} = ${attempts} + 1, ${nextAttemptAt} = ?
        where id in (select id from ${table} where ${waiting} and ${nextAttemptAt} <= ?
          ${only ? `and ${only.column} = ?` : ''}
          order by ${nextAttemptAt}, id limit ? for update skip locked)
        returning id, tenant_id as tenant`,
      values,
    ),
  )
}

export function nowOf(deps: OutboxDeps): Date {
  return deps.now?.() ?? new Date()
}

/**
 * Works on what was taken, each in its tenant. One that fails for a reason of its own leaves the others alone; the first
 * reason is thrown when all are done.
 */
export async function each(claimed: Claimed[], work: (id: string) => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(claimed.map(({ id, tenant }) => inTenant(tenant, () => work(id))))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/**
 * For ops: what went wrong and why, short. Mail servers repeat the address that they do not like, which is nobody's
 * business.
 */
export function inWords(error: unknown): string {
  const words = reasonsOf(error).join(': ')
  return words.replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, '(address)').slice(0, 300)
}

function reasonsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)]
  const said = [`${error.name}: ${error.message}`]
  // Most of what fails on the way names itself as `fetch failed`.
  for (let { cause } = error; cause instanceof Error; cause = cause.cause) said.push(cause.message)
  return said
}
