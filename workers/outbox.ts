import { setTimeout as sleep } from 'node:timers/promises'
import type { EntityManager } from '@mikro-orm/postgresql'
import { deliverCases } from '../activities/telling/deliver-cases.ts'
import { deliverNotices } from '../activities/telling/deliver-notices.ts'
import type { OutboxDeps } from '../activities/telling/outbox.ts'
import { acrossTenants } from '../db/tenancy/scope.ts'
import type { Mailer } from '../gateways/mail/mailer.ts'
import type { Cases } from '../gateways/salesforce/cases.ts'

/** Of a loop that works something off. */
export type LoopOptions = {
  /** How often to look while there is nothing to do, in milliseconds; default 500. */
  pollMs?: number
  /** The database is away, for instance. It is tried again by itself. */
  onError?: (error: unknown) => void
}

export type OutboxOptions = LoopOptions & {
  /** A fork of its own for each use. */
  em: () => EntityManager
  mailer: Mailer
  /** The address that our own people are written to at. */
  backOffice: string
  cases: Cases
  onTold?: OutboxDeps['onTold']
  /** Looked at every few seconds: how long the oldest that is due has been due. */
  onAge?: (what: Outbox, age: { waiting: number; oldestMs: number }) => void
}

const AFTER_ERROR_MS = [1_000, 2_000, 5_000, 10_000, 30_000]
const AGE_EVERY_MS = 5_000

/** Tells customers and brokers what is queued for them, until it is stopped. Any number of these may run. */
export function startOutbox(options: OutboxOptions): { stop(): Promise<void> } {
  const { em, mailer, backOffice, cases, onTold } = options
  const stopping = new AbortController()
  const deps = { em, mailer, backOffice, cases, ...(onTold && { onTold }) }
  const loops = [
    loop(options, stopping.signal, () => deliverNotices(deps)),
    loop(options, stopping.signal, () => deliverCases(deps)),
    ...(options.onAge ? [watch(options, stopping.signal)] : []),
  ]
  return {
    /** Resolves when what is on its way has arrived or has failed. */
    async stop() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

/** Works off what there is, again and again until aborted; `work` answers how much there was. */
export async function loop(options: LoopOptions, signal: AbortSignal, work: () => Promise<number>): Promise<void> {
  let errors = 0
  while (!signal.aborted) {
    try {
      const taken = await work()
      errors = 0
      if (taken === 0) await rest(options.pollMs ?? 500, signal)
    } catch (error) {
      options.onError?.(error)
      await rest(AFTER_ERROR_MS[Math.min(errors, AFTER_ERROR_MS.length - 1)] ?? 0, signal)
      errors += 1
    }
  }
}

type Outbox = 'notice' | 'case' | 'webhook'
const WAITING: [Outbox, string][] = [
  [
    'notice',
    `select count(*)::int as waiting, min(next_attempt_at) as oldest from notifications where status = 'queued'`,
  ],
  [
    'case',
    `select count(*)::int as waiting, min(case_next_attempt_at) as oldest from escalations where case_version < version`,
  ],
  [
    'webhook',
    `select count(*)::int as waiting, min(next_attempt_at) as oldest from webhook_deliveries where status = 'pending'`,
  ],
]

type Waiting = { waiting: number; oldest: string | Date | null }

async function watch(options: OutboxOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const [what, sql] of WAITING) {
        const [row] = await acrossTenants(() => options.em().execute<Waiting[]>(sql))
        const oldestMs = row?.oldest ? Math.max(0, Date.now() - new Date(row.oldest).getTime()) : 0
        options.onAge?.(what, { waiting: row?.waiting ?? 0, oldestMs })
      }
    } catch (error) {
      options.onError?.(error)
    }
    await rest(AGE_EVERY_MS, signal)
  }
}

async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}
