import type { EntityManager } from '@mikro-orm/postgresql'
import type {
  Effect,
  Entry,
  Escalate,
  EscalationChanged,
  Happened,
  Notice,
  TransactionChanged,
  TransactionMade,
} from '../../domain/plans/effects.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { insertAllOnce, insertOnce, rowsOf, type TableRows } from '../insert-once.ts'
import { moveUnits, writeDeductions, writeLeaseChanges } from '../leasing/write-leases.ts'
import { prepared } from '../prepared.ts'
import { Escalations } from './escalations.ts'
import { Events } from './events.ts'
import { JournalEntries, Postings } from './ledger.ts'
import { Notifications } from './notifications.ts'
import { rowId } from './rows.ts'
import { Transactions } from './transactions.ts'

/** What effects need to know of the plan they belong to. `clock` is the id of its test clock. */
export type PlanIdentity = { id: string; tenant: string; customer: string; currency: string; clock: string | null }

const CHANNELS = ['email'] as const

/**
 * Writes what a transition wants written, each thing once by its key, however often it is asked for. To be called in a
 * transaction that holds the plan's row (`lockPlan`). `at` is a moment of the plan's clock.
 */
export async function writeEffects(
  em: EntityManager,
  plan: PlanIdentity,
  at: Instant,
  effects: readonly Effect[],
): Promise<void> {
  const of = <W extends Effect['write']>(write: W) =>
    effects.filter((effect): effect is Extract<Effect, { write: W }> => effect.write === write)

  await makeTransactions(em, plan, at, of('transaction'))
  for (const changed of of('transaction_changed')) await changeTransaction(em, changed, at)
  for (const { transaction, type, amount } of of('receipt')) {
    await issueReceipt(em, plan, { transaction, type, amount, at })
  }
  await insertAllOnce(em, [
    ...entryRows(em, plan, at, of('entry')),
    eventRows(em, plan, at, of('event')),
    noticeRows(em, plan, at, of('notice')),
  ])
  await writeEscalations(em, plan, at, effects)
  await moveUnits(em, at, of('unit'))
  await writeDeductions(em, plan, at, of('deduction'))
  await writeLeaseChanges(em, plan, at, of('lease_change'))
}

async function makeTransactions(
  em: EntityManager,
  plan: PlanIdentity,
  at: Instant,
  made: TransactionMade[],
): Promise<void> {
  const rows = made.map((transaction) => ({
    id: transaction.id,
    tenantId: plan.tenant,
    planId: plan.id,
    type: transaction.type,
    installmentNumber: transaction.installment,
    attempt: transaction.attempt,
    refundNumber: transaction.refund,
    parentTransactionId: transaction.of,
    amount: transaction.amount,
    currency: plan.currency,
    status: transaction.status,
    gateway: transaction.gateway,
    gatewayId: transaction.reference,
    allocations: transaction.parts,
    why: transaction.why,
    createdAt: at,
    settledAt: transaction.status === 'succeeded' ? at : null,
    updatedAt: at,
  }))
  await insertOnce(em, Transactions, rows)
}

function eventRows(em: EntityManager, plan: PlanIdentity, at: Instant, events: Happened[]): TableRows {
  const rows = events.map(({ key, type, data }) => ({
    id: rowId('evt', plan.id, key),
    tenantId: plan.tenant,
    planId: plan.id,
    type,
    data,
    occurredAt: at,
  }))
  return rowsOf(em, Events, rows)
}

function noticeRows(em: EntityManager, plan: PlanIdentity, at: Instant, notices: Notice[]): TableRows {
  const rows = notices.flatMap(({ key, type, data, to = 'customer' }) =>
    CHANNELS.map((channel) => ({
      id: rowId('ntf', plan.id, `${key}_${channel}`),
      tenantId: plan.tenant,
      planId: plan.id,
      customerId: plan.customer,
      recipient: to,
      type,
      channel,
      data,
      status: 'queued' as const,
      nextAttemptAt: new Date().toISOString(),
      createdAt: at,
      testClockId: plan.clock,
    })),
  )
  return rowsOf(em, Notifications, rows)
}

function entryRows(em: EntityManager, plan: PlanIdentity, at: Instant, entries: Entry[]): TableRows[] {
  const numbered = entries.map((entry) => ({ ...entry, id: rowId('je', plan.id, entry.key) }))
  const made = numbered.map(({ id, description, transaction, postings }) => ({
    id,
    tenantId: plan.tenant,
    planId: plan.id,
    transactionId: transaction,
    at,
    description,
    lines: postings.length,
  }))
  const posted = numbered.flatMap(({ id, postings }) =>
    postings.map(({ account, amount }, index) => ({
      entryId: id,
      line: index + 1,
      tenantId: plan.tenant,
      account,
      amount,
    })),
  )
  return [rowsOf(em, JournalEntries, made), rowsOf(em, Postings, posted)]
}

/** In the order in which they were decided: one may be closed and another opened by the same decision. */
async function writeEscalations(
  em: EntityManager,
  plan: PlanIdentity,
  at: Instant,
  effects: readonly Effect[],
): Promise<void> {
  for (const effect of effects) {
    if (effect.write === 'escalation') await openEscalation(em, plan, at, effect)
    if (effect.write === 'escalation_amount' || effect.write === 'escalation_resolved') {
      await changeEscalation(em, effect, at)
    }
  }
}

async function openEscalation(em: EntityManager, plan: PlanIdentity, at: Instant, effect: Escalate): Promise<void> {
  await insertOnce(em, Escalations, [
    {
      id: effect.id,
      tenantId: plan.tenant,
      planId: plan.id,
      customerId: plan.customer,
      installmentNumber: 'installment' in effect.about ? effect.about.installment : null,
      refundNumber: 'refund' in effect.about ? effect.about.refund : null,
      reason: effect.reason,
      code: effect.code,
      amount: effect.amount,
      currency: plan.currency,
      status: 'open',
      openedAt: at,
      version: 1,
      caseNextAttemptAt: new Date().toISOString(),
      testClockId: plan.clock,
    },
  ])
}

/** Only an open one changes, and only to something else, so that its case is not told the same thing twice. */
async function changeEscalation(em: EntityManager, effect: EscalationChanged, at: Instant): Promise<void> {
  const resolved = effect.write === 'escalation_resolved'
  const [change, value] = resolved
    ? [`status = 'resolved', resolved_at = ?, resolution = ?::jsonb`, [at, JSON.stringify(effect.resolution)]]
    : ['amount = ?', [effect.amount]]
  await em.execute(
    `update escalations set ${change}, version = version + 1, case_attempts = 0, case_next_attempt_at = now()
      where id = ? and status = 'open' ${resolved ? '' : 'and amount <> ?'}`,
    resolved ? [...value, effect.id] : [...value, effect.id, effect.amount],
    'run',
  )
}

async function changeTransaction(em: EntityManager, change: TransactionChanged, at: Instant): Promise<void> {
  const { id, status, declineCode, returned, amount, parts } = change
  const settled = status === 'succeeded' || status === 'failed'
  await em.nativeUpdate(
    Transactions,
    { id },
    {
      updatedAt: at,
      ...(status === undefined ? {} : { status }),
      ...(amount === undefined ? {} : { amount }),
      ...(parts === undefined ? {} : { allocations: parts }),
      ...(settled ? { settledAt: at } : {}),
      ...(declineCode === undefined ? {} : { declineCode }),
      ...(returned === undefined ? {} : { returnedAmount: returned, returnedAt: returned === 0 ? null : at }),
    },
  )
  if (amount === undefined || parts === undefined) return
  const text = JSON.stringify(parts)
  await em.execute(`update transactions set why = jsonb_set(why, '{parts}', ?::jsonb) where id = ?`, [text, id], 'run')
}

/** The number is the next one of the plan, which is why the plan's row has to be held. */
async function issueReceipt(
  em: EntityManager,
  plan: PlanIdentity,
  receipt: { transaction: string; type: 'payment' | 'refund'; amount: number; at: Instant },
): Promise<void> {
  const id = `rcp_${receipt.transaction.slice(receipt.transaction.indexOf('_') + 1)}`
  await prepared(
    em,
    `insert into receipts (id, tenant_id, plan_id, transaction_id, number, type, amount, currency, issued_at)
      select $1, $2, $3, $4, coalesce(max(number), 0) + 1, $5, $6, $7, $8 from receipts where plan_id = $3
      on conflict (transaction_id) do nothing`,
    [id, plan.tenant, plan.id, receipt.transaction, receipt.type, receipt.amount, plan.currency, receipt.at],
  )
}
