import type { EntityManager } from '@mikro-orm/postgresql'
import { insertOnce } from '../../db/insert-once.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import { lockPlan, recordCharged } from '../../db/plans/write.ts'
import { prepared } from '../../db/prepared.ts'
import { type Attempt, settleInstallment } from '../../domain/plans/collect.ts'
import { dueMoment } from '../../domain/plans/figures.ts'
import type { ChargeOutcome } from '../../domain/plans/outcome.ts'
import { type Installment, NO_METHOD, PAYROLL } from '../../domain/plans/plan.ts'
import type { Instant, Terms } from '../../domain/plans/terms.ts'
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
  const charge = chargeOf(asked)
  const first = await recordAsked(deps, asked, charge, asked.clock ?? deps.now())
  if (!first) {
    const { answer } = await deps.orm.em.fork().findOneOrFail(Transactions, { id: charge.transaction })
    if (answer) return answer as ChargeSettled
  }
  const outcome =
    UNASKED[asked.attempt.paymentMethod.type] ?? (await (first ? askForFirst(deps, first) : askForCharge(deps, charge)))
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

/** `null` when another try has put it on record before, and may have asked already. */
async function recordAsked(
  { orm, onDue }: PlanDeps,
  asked: ChargeAsked,
  charge: Charge,
  at: Instant,
): Promise<FirstCharge | null> {
  const { attempt, installment, why } = asked
  return orm.em.fork().transactional(async (em) => {
    const plan = await lockPlan(em, asked.plan)
    const gateway = attempt.paymentMethod.type in UNASKED ? attempt.paymentMethod.type : 'stripe'
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
    if (gateway === 'stripe' && !plan.gatewayCustomer)
      throw new Error(`The customer of plan ${plan.id} is not known at the gateway`)
    await recordCharged(em, plan, installment, [], at)
    const late = lateness(asked, plan.terms, at)
    if (late !== null) onDue?.(late)
    return { ...charge, amount: attempt.amount, currency: plan.currency, customer: plan.gatewayCustomer ?? '' }
  })
}

/** In seconds; `null` for what has no due moment that has really passed. */
function lateness({ attempt, installment, clock }: ChargeAsked, terms: Terms, at: Instant): number | null {
  const isOfSchedule = attempt.cause === 'due' && installment.number > 0 && installment.atOnce === null
  if (clock !== null || !isOfSchedule) return null
  return Math.max(0, Date.parse(at) - Date.parse(dueMoment(installment, terms))) / 1000
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
    const { installment, effects } = settleInstallment(plan, asked.installment, outcome, at)
    const settled = { outcome, at, installment }
    if (!(await settleTransaction(em, transaction, settled))) {
      // Another try has settled it meanwhile: one that was given up for dead may still have gone on.
      const { answer } = await em.findOneOrFail(Transactions, { id: transaction })
      return answer as ChargeSettled
    }
    await recordCharged(em, plan, installment, effects, at)
    return settled
  })
}

/** False when it was settled already. One that is processing is not settled yet. */
async function settleTransaction(em: EntityManager, id: string, settled: ChargeSettled): Promise<boolean> {
  const { outcome, at } = settled
  const isOver = outcome.result !== 'processing'
  const { affected } = await prepared(
    em,
    `update transactions
      set status = $2, outcome = $3, decline_code = $4, action_url = $5, settled_at = $6, updated_at = $7, answer = $8
      where id = $1 and answer is null`,
    [
      id,
      STATUS[outcome.result],
      outcome.result === 'rejected' ? 'declined' : outcome.result,
      'code' in outcome ? outcome.code : null,
      outcome.result === 'requires_action' ? outcome.url : null,
      isOver ? at : null,
      at,
      isOver ? JSON.stringify(settled) : null,
    ],
  )
  return affected > 0
}
