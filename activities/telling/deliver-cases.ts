import type { EntityManager } from '@mikro-orm/postgresql'
import { type EscalationRow, Escalations } from '../../db/plans/escalations.ts'
import { type TransactionRow, Transactions } from '../../db/plans/transactions.ts'
import type { Cases } from '../../gateways/salesforce/cases.ts'
import { backOffMs } from './back-off.ts'
import { caseOf } from './case-text.ts'
import { claim, each, inWords, nowOf, type OutboxDeps } from './outbox.ts'

const OUTBOX = {
  table: 'escalations',
  waiting: 'case_version < version',
  attempts: 'case_attempts',
  nextAttemptAt: 'case_next_attempt_at',
}

/**
 * Brings cases up to date that are behind their escalation, closing those that are resolved, and answers how many it
 * took. It is tried until it is done, however long Salesforce is away.
 */
export async function deliverCases(deps: OutboxDeps & { cases: Cases }): Promise<number> {
  const claimed = await claim(deps, OUTBOX)
  await each(claimed, (id) => deliver(deps, id))
  return claimed.length
}

async function deliver(deps: OutboxDeps & { cases: Cases }, id: string): Promise<void> {
  const em = deps.em()
  const row = await em.findOneOrFail(Escalations, { id })
  try {
    const { caseId } = await deps.cases.upsert(caseOf(row, await attemptsOf(em, row)))
    await told(deps, row, caseId)
    deps.onTold?.('case', 'sent')
  } catch (error) {
    const later = new Date(nowOf(deps).getTime() + backOffMs(row.caseAttempts, deps.random?.() ?? Math.random()))
    // Only for what was tried: a change that came meanwhile is due at once.
    await deps.em().nativeUpdate(Escalations, { id, version: row.version }, { caseNextAttemptAt: later.toISOString() })
    await deps.em().nativeUpdate(Escalations, { id }, { caseLastError: inWords(error) })
    deps.onTold?.('case', 'delayed')
  }
}

/**
 * What was sent is what the case says now, even if a newer version was sent meanwhile by somebody else: it may have
 * arrived before, and is then sent once more.
 */
async function told(deps: OutboxDeps, { id, version }: EscalationRow, caseId: string): Promise<void> {
  await deps.em().execute(
    `update escalations set case_version = ?, salesforce_case_id = ?, case_attempts = 0, case_last_error = null,
        case_next_attempt_at = case when version > ? then ?::timestamptz end
      where id = ?`,
    [version, caseId, version, nowOf(deps).toISOString(), id],
    'run',
  )
}

function attemptsOf(em: EntityManager, row: EscalationRow): Promise<TransactionRow[]> {
  const { planId, installmentNumber, refundNumber } = row
  const about = refundNumber === null ? { installmentNumber, type: 'charge' as const } : { refundNumber }
  return em.find(Transactions, { planId, ...about }, { orderBy: { createdAt: 'asc', id: 'asc' } })
}
