import type { EntityManager } from '@mikro-orm/postgresql'
import { insertOnce } from '../../db/insert-once.ts'
import { type TransactionRow, Transactions } from '../../db/plans/transactions.ts'
import { type LockedPlan, lockPlan, refreshPlan } from '../../db/plans/write.ts'
import { writeEffects } from '../../db/plans/write-effects.ts'
import { sum } from '../../domain/plans/figures.ts'
import { refundTransaction } from '../../domain/plans/keys.ts'
import * as ledger from '../../domain/plans/ledger.ts'
import type { RefundOutcome } from '../../domain/plans/outcome.ts'
import type { Refund } from '../../domain/plans/plan.ts'
import { partsGivenBack } from '../../domain/plans/refund-pieces.ts'
import type { RefundProgress } from '../../domain/plans/refunding.ts'
import { allocateRefund } from '../../domain/plans/refunds.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { OPEN } from './ask-for-charge.ts'
import type { PlanDeps } from './deps.ts'

export type RefundAsked = { tenant: string; plan: string; refund: Refund; clock: Instant | null }
type Allotted = { pieces: TransactionRow[]; isOutside: boolean }

/**
 * Gives money back (keeps Refunding): which payments it is taken from is decided once and recorded, then each piece is
 * asked for under its own key and recorded as one movement. Run again, it goes on where it was.
 */
export async function giveBack(deps: PlanDeps, asked: RefundAsked): Promise<RefundProgress & { at: Instant }> {
  const at = asked.clock ?? deps.now()
  const { pieces, isOutside } = await allot(deps, asked, at)
  for (const piece of pieces)
    if (piece.status !== 'succeeded' && piece.status !== 'failed') await giveBackPiece(deps, piece, at)
  const given = sum(pieces, (p) => (p.status === 'succeeded' ? p.amount : 0))
  const underWay = sum(pieces, (p) => (p.status === 'processing' ? p.amount : 0))
  const code = pieces.findLast((p) => p.status === 'failed')?.declineCode ?? null
  return { underWay, stuck: asked.refund.amount - given - underWay, code, outside: isOutside, at }
}

/** The pieces of a refund: those of earlier rounds that did not fail, and this round's, made if it has none yet. */
async function allot({ orm }: PlanDeps, { plan: id, refund }: RefundAsked, at: Instant): Promise<Allotted> {
  return orm.em.fork().transactional(async (em) => {
    const plan = await lockPlan(em, id)
    const all = await em.find(Transactions, { planId: id }, { orderBy: { createdAt: 'asc', id: 'asc' } })
    const mine = all.filter((t) => t.type === 'refund' && t.refundNumber === refund.number)
    const open =
      refund.amount - sum(mine, (t) => (t.status === 'failed' && (t.attempt ?? 0) < refund.round ? 0 : t.amount))
    const { pieces, outside } = allocateRefund(open, paymentsLeft(all))
    const made = mine.some((t) => t.attempt === refund.round) ? [] : pieces
    await insertOnce(
      em,
      Transactions,
      made.map(({ transaction, amount }, k) =>
        pieceRow(
          plan,
          refund,
          mine.length + k + 1,
          amount,
          all.find((t) => t.id === transaction),
          all,
          at,
        ),
      ),
    )
    const rows = await em.find(
      Transactions,
      { planId: id, type: 'refund', refundNumber: refund.number },
      { orderBy: { id: 'asc' }, refresh: true },
    )
    return {
      pieces: rows.filter((t) => t.status !== 'failed' || t.attempt === refund.round),
      isOutside: outside.length > 0,
    }
  })
}

/** What is left of each payment after refunds, those under way included. */
function paymentsLeft(all: TransactionRow[]) {
  return all
    .filter((t) => t.type === 'charge' && t.status === 'succeeded')
    .map((t) => ({
      transaction: t.id,
      left: t.amount - t.returnedAmount - sum(refundsOf(t, all), (r) => r.amount),
      refundable: t.gateway !== 'external',
      paidAt: t.settledAt ?? t.createdAt,
    }))
}

function refundsOf(payment: TransactionRow, all: TransactionRow[]): TransactionRow[] {
  return all.filter((t) => t.type === 'refund' && t.parentTransactionId === payment.id && t.status !== 'failed')
}

function pieceRow(
  plan: LockedPlan,
  refund: Refund,
  piece: number,
  amount: number,
  payment: TransactionRow | undefined,
  all: TransactionRow[],
  at: Instant,
) {
  if (!payment) throw new Error(`Refund ${refund.number} of plan ${plan.id} is taken from a payment that is not there`)
  const earlier = refundsOf(payment, all).flatMap((r) => r.allocations)
  return {
    id: refundTransaction(plan, refund.number, piece),
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
    allocations: partsGivenBack(amount, payment.allocations, earlier),
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
    if (status === 'succeeded') await writeEffects(tx, plan, at, moneyBack(piece))
    await refreshPlan(tx, plan.id, at)
  })
}

function moneyBack({ id, amount, planId }: TransactionRow): Parameters<typeof writeEffects>[3] {
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
