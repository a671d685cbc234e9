import type { EntityManager } from '@mikro-orm/postgresql'
import { insertOnce } from '../../db/insert-once.ts'
import { type TransactionRow, Transactions } from '../../db/plans/transactions.ts'
import { lockPlan, recordCharged } from '../../db/plans/write.ts'
import { type Attempt, settleInstallment } from '../../domain/plans/collect.ts'
import type { ChargeOutcome } from '../../domain/plans/outcome.ts'
import type { Installment, PaymentMethod } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { askForCharge, askForFirst, type Charge, type FirstCharge } from './ask-for-charge.ts'
import type { PlanDeps } from './deps.ts'

export type ChargeAsked = {
  plan: string
  attempt: Attempt
  /** As the plan holds it, with this attempt open. */
  installment: Installment
  paymentMethod: PaymentMethod
  /** In words, for the customer's bank statement and for people. */
  description: string
  why: Record<string, unknown>
  /** The moment of the plan's test clock, or `null` for real time. */
  clock: Instant | null
}

/** `transaction` is the payment that settled it; `installment` is what the database now holds. */
/** An earlier payment was completed after all, for another amount: this attempt is not made, the plan is to look at that. */
export type ChargeSuperseded = { superseded: string }
export type ChargeSettled = { outcome: ChargeOutcome; at: Instant; transaction: string; installment: Installment }

/**
 * One attempt on one instalment, as one movement (keeps Charging): recorded as asked, asked of the gateway, and then
 * transaction, instalment, ledger, receipt, notices and events in one database transaction. Run again, it answers what it
 * answered before, or goes on where it was.
 */
export async function chargeInstallment(deps: PlanDeps, asked: ChargeAsked): Promise<ChargeSettled | ChargeSuperseded> {
  const { attempt } = asked
  const em = deps.orm.em.fork()
  const known = await em.findOne(Transactions, { id: attempt.transaction })
  if (known?.answer) return known.answer as ChargeSettled
  const at = asked.clock ?? deps.now()
  const charge = chargeOf(asked)
  let first: FirstCharge | null = null
  if (!known) {
    const earlier = await completedMeanwhile(deps, em, asked)
    if (earlier?.answer) return earlier.answer as ChargeSettled
    if (earlier && earlier.amount !== attempt.amount) return { superseded: earlier.id }
    if (earlier) return settle(deps, asked, { result: 'succeeded' }, earlier.id, at)
    first = await recordAsked(deps, asked, charge, at)
  }
  const outcome = await (first ? askForFirst(deps, first) : askForCharge(deps, charge))
  deps.onCharge?.(outcome.result)
  return settle(deps, asked, outcome, attempt.transaction, asked.clock ?? deps.now())
}

/**
 * The payment of the attempt before this one, if its customer completed it after all. One that still waits for its
 * customer is cancelled, so that it cannot succeed beside the new attempt.
 */
async function completedMeanwhile(
  { gateway }: PlanDeps,
  em: EntityManager,
  { plan, attempt }: ChargeAsked,
): Promise<TransactionRow | null> {
  if (attempt.attempt === 1) return null
  const before = await em.findOne(
    Transactions,
    { planId: plan, installmentNumber: attempt.installment, type: 'charge', attempt: { $lt: attempt.attempt } },
    { orderBy: { attempt: 'desc' } },
  )
  if (!before?.gatewayId || before.outcome !== 'requires_action') return null
  const isOurs = (before.answer as { for?: string } | null)?.for === attempt.transaction
  if (isOurs) return before
  if (before.status === 'succeeded') return null
  const state = await gateway.cancel(before.gatewayId)
  return state.result === 'succeeded' ? Object.assign(before, { answer: null }) : null
}

function chargeOf({ plan, attempt, paymentMethod, description }: ChargeAsked): Charge {
  return {
    transaction: attempt.transaction,
    paymentMethod: paymentMethod.id,
    description,
    metadata: {
      tenor_plan: plan,
      tenor_installment: String(attempt.installment),
      tenor_attempt: String(attempt.attempt),
    },
  }
}

/** `null` when another try has put it on record in the meantime, and may have asked already. */
async function recordAsked(
  { orm }: PlanDeps,
  asked: ChargeAsked,
  charge: Charge,
  at: Instant,
): Promise<FirstCharge | null> {
  const { attempt, installment, why } = asked
  return orm.em.fork().transactional(async (em) => {
    const plan = await lockPlan(em, asked.plan)
    if (!plan.gatewayCustomer) throw new Error(`The customer of plan ${plan.id} is not known at the gateway`)
    const inserted = await insertOnce(em, Transactions, [
      {
        id: attempt.transaction,
        tenantId: plan.tenant,
        planId: plan.id,
        type: 'charge',
        installmentNumber: attempt.installment,
        attempt: attempt.attempt,
        amount: attempt.amount,
        currency: plan.currency,
        status: 'pending',
        cause: attempt.cause,
        gateway: 'stripe',
        gatewayRequestKey: attempt.transaction,
        allocations: [{ installment: attempt.installment, amount: attempt.amount }],
        why,
        createdAt: at,
        updatedAt: at,
      },
    ])
    if (inserted === 0) return null
    await recordCharged(em, plan, installment, [], at)
    return { ...charge, amount: attempt.amount, currency: plan.currency, customer: plan.gatewayCustomer }
  })
}

const STATUS = {
  succeeded: 'succeeded',
  processing: 'processing',
  declined: 'failed',
  rejected: 'failed',
  requires_action: 'failed',
} as const

async function settle(
  { orm }: PlanDeps,
  asked: ChargeAsked,
  outcome: ChargeOutcome,
  transaction: string,
  at: Instant,
): Promise<ChargeSettled> {
  return orm.em.fork().transactional(async (em) => {
    const plan = await lockPlan(em, asked.plan)
    const before = await answered(em, transaction, asked)
    if (before) return before
    const methodType = asked.paymentMethod.type
    const { installment, effects } = settleInstallment(plan, asked.installment, outcome, {
      at,
      transaction,
      methodType,
    })
    const settled = { outcome, at, transaction, installment, for: asked.attempt.transaction }
    const isOver = outcome.result !== 'processing'
    await em.nativeUpdate(
      Transactions,
      { id: transaction },
      {
        status: STATUS[outcome.result],
        outcome: outcome.result === 'rejected' ? 'declined' : outcome.result,
        declineCode: 'code' in outcome ? outcome.code : null,
        actionUrl: outcome.result === 'requires_action' ? outcome.url : null,
        settledAt: isOver ? at : null,
        updatedAt: at,
        answer: isOver ? settled : null,
      },
    )
    await recordCharged(em, plan, installment, effects, at)
    return settled
  })
}

/** What another try has settled meanwhile: one that was given up for dead may still have gone on. */
async function answered(em: EntityManager, transaction: string, asked: ChargeAsked): Promise<ChargeSettled | null> {
  const { answer } = await em.findOneOrFail(Transactions, { id: transaction })
  const isOurs = (answer as { for?: string } | null)?.for === asked.attempt.transaction
  return isOurs ? (answer as ChargeSettled) : null
}
