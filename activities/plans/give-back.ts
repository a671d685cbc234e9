import type { EntityManager } from '@mikro-orm/postgresql'
import { insertOnce } from '../../db/insert-once.ts'
import { type TransactionRow, Transactions } from '../../db/plans/transactions.ts'
import { type LockedPlan, lockPlan, refreshPlan } from '../../db/plans/write.ts'
import { writeEffects } from '../../db/plans/write-effects.ts'
import { civilOf } from '../../domain/calendar.ts'
import type { Effect } from '../../domain/plans/effects.ts'
import { refundTransaction } from '../../domain/plans/keys.ts'
import * as ledger from '../../domain/plans/ledger.ts'
import type { RefundOutcome } from '../../domain/plans/outcome.ts'
import { PAYROLL, type Refund } from '../../domain/plans/plan.ts'
import { type Piece, piecesToAsk, roundProgress } from '../../domain/plans/refund-pieces.ts'
import type { RefundProgress } from '../../domain/plans/refunding.ts'
import { givenBackByPay } from '../../domain/plans/settle.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { OPEN } from './ask-for-charge.ts'
import type { PlanDeps } from './deps.ts'
import { moved } from './moved.ts'

export type RefundAsked = { tenant: string; plan: string; refund: Refund; clock: Instant | null }

/**
 * Gives money back (keeps Refunding): which payments it is taken from is decided once and recorded, then each piece is
 * asked for under its own key and recorded as one movement. Run again, it goes on where it was.
 */
export async function giveBack(deps: PlanDeps, asked: RefundAsked): Promise<RefundProgress & { at: Instant }> {
  const at = asked.clock ?? deps.now()
  const open = await allot(deps, asked, at)
  for (const piece of open) await giveBackPiece(deps, piece, at)
  return { ...(await progress(deps, asked)), at }
}

/** The pieces whose end is not known: this round's, put on record if it has none yet, and what is left of earlier ones. */
async function allot({ orm }: PlanDeps, { plan: id, refund }: RefundAsked, at: Instant): Promise<TransactionRow[]> {
  return orm.em.fork().transactional(async (em) => {
    const plan = await lockPlan(em, id)
    const all = await transactionsOf(em, id)
    const mine = all.filter((t) => t.refundNumber === refund.number)
    const pieces = piecesToAsk(refund, othersOf(plan, refund), all.map(moved))
    const rows = pieces.map((piece, k) => pieceRow(plan, refund, mine.length + k + 1, piece, all, at))
    await insertOnce(em, Transactions, rows)
    const open = { planId: id, refundNumber: refund.number, status: { $in: OPEN } }
    return em.find(Transactions, open, { orderBy: { id: 'asc' }, refresh: true })
  })
}

async function progress({ orm }: PlanDeps, { plan: id, refund }: RefundAsked): Promise<RefundProgress> {
  return orm.em.fork().transactional(async (em) => {
    const plan = await lockPlan(em, id)
    return roundProgress(refund, othersOf(plan, refund), (await transactionsOf(em, id)).map(moved))
  })
}

function transactionsOf(em: EntityManager, planId: string): Promise<TransactionRow[]> {
  return em.find(Transactions, { planId }, { orderBy: { createdAt: 'asc', id: 'asc' } })
}

function othersOf({ refunds }: LockedPlan, { number }: Refund): Refund[] {
  return refunds.filter((other) => other.number !== number)
}

function pieceRow(
  plan: LockedPlan,
  refund: Refund,
  number: number,
  { payment: id, amount, parts }: Piece,
  all: TransactionRow[],
  at: Instant,
) {
  const payment = all.find((t) => t.id === id)
  if (!payment) throw new Error(`Refund ${refund.number} of plan ${plan.id} is taken from ${id}, which is not there`)
  return {
    id: refundTransaction(plan, refund.number, number),
    tenantId: plan.tenant,
    planId: plan.id,
    type: 'refund' as const,
    installmentNumber: payment.installmentNumber,
    attempt: refund.round,
    refundNumber: refund.number,
    parentTransactionId: payment.id,
    amount,
    currency: plan.currency,
    status: 'pending' as const,
    cause: refund.cause,
    gateway: payment.gateway,
    allocations: parts,
    why: { cause: refund.cause, refund_amount: refund.amount, taken_from: payment.id },
    createdAt: at,
    updatedAt: at,
  }
}

async function giveBackPiece(deps: PlanDeps, piece: TransactionRow, at: Instant): Promise<void> {
  const em = deps.orm.em.fork()
  try {
    const { id, outcome } = await askForRefund(deps, em, piece)
    Object.assign(piece, {
      gatewayId: id,
      status: outcome.result,
      declineCode: outcome.result === 'failed' ? outcome.code : null,
    })
  } catch (error) {
    const open = { id: piece.id, status: { $in: OPEN } }
    await em.nativeUpdate(Transactions, open, { status: 'unknown', outcome: 'unknown' })
    throw error
  }
  await recordPiece(em, piece, at)
}

type Answer = { id: string | null; outcome: RefundOutcome }

async function askForRefund({ gateway }: PlanDeps, em: EntityManager, piece: TransactionRow): Promise<Answer> {
  if (piece.gatewayId) return { id: piece.gatewayId, outcome: await gateway.readRefund(piece.gatewayId) }
  const payment = await em.findOneOrFail(Transactions, { id: piece.parentTransactionId ?? '' })
  if (payment.gateway === PAYROLL.type) return { id: null, outcome: { result: 'succeeded' } }
  if (!payment.gatewayId) return { id: null, outcome: { result: 'failed', code: 'no_payment' } }
  if (piece.gatewayRequestKey) {
    const found = await gateway.findRefund(piece.id, payment.gatewayId)
    if (found) return found
  }
  await em.nativeUpdate(Transactions, { id: piece.id }, { gatewayRequestKey: piece.id })
  const { amount, currency, planId } = piece
  const metadata = { tenor_plan: planId }
  const made = await gateway.refund({
    reference: piece.id,
    key: piece.id,
    payment: payment.gatewayId,
    amount,
    currency,
    metadata,
  })
  return 'id' in made ? made : { id: null, outcome: made }
}

async function recordPiece(em: EntityManager, piece: TransactionRow, at: Instant): Promise<void> {
  await em.transactional(async (tx) => {
    const plan = await lockPlan(tx, piece.planId)
    const known = await tx.findOneOrFail(Transactions, { id: piece.id }, { refresh: true })
    // Another try, given up for dead, may have gone on and settled it.
    if (!OPEN.includes(known.status)) {
      Object.assign(piece, { status: known.status, declineCode: known.declineCode })
      return
    }
    const { gatewayId, status, declineCode } = piece
    const settledAt = status === 'processing' ? null : at
    const outcome = status === 'failed' ? 'declined' : status
    await tx.nativeUpdate(
      Transactions,
      { id: piece.id },
      { gatewayId, status, outcome, declineCode, settledAt, updatedAt: at },
    )
    if (status === 'succeeded') await writeEffects(tx, plan, at, givenBack(plan, piece, at))
    await refreshPlan(tx, plan.id, at)
  })
}

function givenBack(plan: LockedPlan, piece: TransactionRow, at: Instant): Effect[] {
  if (piece.gateway !== PAYROLL.type) return moneyBack(piece)
  return givenBackByPay(plan, piece.id, { amount: piece.amount, date: civilOf(at, plan.terms.timezone) })
}

function moneyBack({ id, amount, planId }: TransactionRow): Effect[] {
  return [
    ledger.moneyBack({ key: `refunded:${id}`, amount, description: 'Refunded', transaction: id }),
    { write: 'receipt', transaction: id, type: 'refund', amount },
    { write: 'notice', key: `receipt:${id}`, type: 'refund.receipt', data: { transaction_id: id, amount } },
    {
      write: 'event',
      key: `refunded:${id}`,
      type: 'refund.completed',
      data: { plan_id: planId, transaction_id: id, amount },
    },
  ]
}
