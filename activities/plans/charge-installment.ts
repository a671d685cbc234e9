import { insertOnce } from '../../db/insert-once.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import { lockPlan, recordCharged } from '../../db/plans/write.ts'
import { type Attempt, settleInstallment } from '../../domain/plans/collect.ts'
import type { ChargeOutcome } from '../../domain/plans/outcome.ts'
import { type Installment, NO_METHOD, PAYROLL } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { askForCharge, askForFirst, type Charge, type FirstCharge } from './ask-for-charge.ts'
import type { PlanDeps } from './deps.ts'

export type ChargeAsked = {
  tenant: string
  plan: string
  attempt: Attempt
  /** As the plan holds it, with this attempt open. */
  installment: Installment
  /** In words, for the customer's bank statement and for people. */
  description: string
  why: Record<string, unknown>
  /** The moment of the plan's test clock, or `null` for real time. */
  clock: Instant | null
}

/** `installment` is what the database now holds. */
export type ChargeSettled = { outcome: ChargeOutcome; at: Instant; installment: Installment }

/**
 * One attempt on one instalment, as one movement (keeps Charging): recorded as asked, asked of the gateway, and then
 * transaction, instalment, ledger, receipt, notices and events in one database transaction. Run again, it answers what it
 * answered before, or goes on where it was.
 */
export async function chargeInstallment(deps: PlanDeps, asked: ChargeAsked): Promise<ChargeSettled> {
  const { attempt } = asked
  const em = deps.orm.em.fork()
  const known = await em.findOne(Transactions, { id: attempt.transaction })
  if (known?.answer) return known.answer as ChargeSettled
  const at = asked.clock ?? deps.now()
  const charge = chargeOf(asked)
  const first = known ? null : await recordAsked(deps, asked, charge, at)
  const outcome =
    UNASKED[attempt.paymentMethod.type] ?? (await (first ? askForFirst(deps, first) : askForCharge(deps, charge)))
  deps.onCharge?.(outcome.result)
  return settle(deps, asked, outcome, asked.clock ?? deps.now())
}

/** What is known without anybody being asked, by the kind of payment method. */
const UNASKED: Record<string, ChargeOutcome> = {
  /** The employer takes it from pay, and owes it from now on. */
  [PAYROLL.type]: { result: 'succeeded' },
  [NO_METHOD.type]: { result: 'declined', severity: 'hard', code: 'payment_method_missing' },
}

function chargeOf({ plan, attempt, description }: ChargeAsked): Charge {
  return {
    transaction: attempt.transaction,
    paymentMethod: attempt.paymentMethod.id,
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
    const gateway = attempt.paymentMethod.type in UNASKED ? attempt.paymentMethod.type : 'stripe'
    if (gateway === 'stripe' && !plan.gatewayCustomer)
      throw new Error(`The customer of plan ${plan.id} is not known at the gateway`)
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
        gateway,
        gatewayRequestKey: attempt.transaction,
        allocations: [{ installment: attempt.installment, amount: attempt.amount }],
        why,
        createdAt: at,
        updatedAt: at,
      },
    ])
    if (inserted === 0) return null
    await recordCharged(em, plan, installment, [], at)
    return { ...charge, amount: attempt.amount, currency: plan.currency, customer: plan.gatewayCustomer ?? '' }
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
  at: Instant,
): Promise<ChargeSettled> {
  const { transaction } = asked.attempt
  return orm.em.fork().transactional(async (em) => {
    const plan = await lockPlan(em, asked.plan)
    // Another try may have settled it meanwhile: one that was given up for dead may still have gone on.
    const { answer } = await em.findOneOrFail(Transactions, { id: transaction })
    if (answer) return answer as ChargeSettled
    const { installment, effects } = settleInstallment(plan, asked.installment, outcome, at)
    const settled = { outcome, at, installment }
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
