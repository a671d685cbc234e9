import { addDays, civilOf } from '../calendar.ts'
import { type Problem, RuleBroken, refuse } from '../errors.ts'
import { chargeStep, formatMoney, isChargeable } from '../money.ts'
import { cancellationTermsProblem } from './cancellation.ts'
import type { Decision, Effect } from './effects.ts'
import { dueMoment, netTotal } from './figures.ts'
import * as ledger from './ledger.ts'
import type { PaymentMethod, Plan, PlanKind, TestClock } from './plan.ts'
import { pastRemindersDropped } from './reminders.ts'
import { retryPolicyProblem } from './retry.ts'
import { newInstallments } from './schedule.ts'
import type { Instant, Terms } from './terms.ts'

export type NewPlan = {
  id: string
  tenant: string
  kind: PlanKind
  customer: string
  terms: Terms
  /** Before the discount; minor units. */
  total: number
  paymentMethod: PaymentMethod
  clock: TestClock | null
  now: Instant
}

/**
 * Makes a plan (keeps Money, Calendar, Schedule): its schedule, what is owed in the ledger, and the notice of the terms.
 * Quotes and creations are this one function. Throws RuleBroken: `start_date_past`, `invalid_request` with a pointer
 * for every field that breaks a rule.
 */
export function makePlan(asked: NewPlan): Decision {
  const { terms, total, now } = asked
  refuse(problems(asked))
  const today = civilOf(now, terms.timezone)
  if (terms.startDate < addDays(today, -1)) {
    const message = 'start_date must not be earlier than yesterday'
    throw new RuleBroken('start_date_past', `${message} in ${terms.timezone}.`, [{ pointer: '/start_date', message }])
  }
  const plan: Plan = {
    id: asked.id,
    tenant: asked.tenant,
    kind: asked.kind,
    customer: asked.customer,
    terms,
    total,
    lifecycle: terms.startDate > today ? 'pending' : 'active',
    paymentMethod: asked.paymentMethod,
    installments: newInstallments(terms, total - terms.discount),
    balance: null,
    payments: [],
    refunds: [],
    refundedByAdjustment: 0,
    writeOffsByAdjustment: 0,
    lost: 0,
    overcharge: 0,
    refundsDecided: 0,
    pause: null,
    notBefore: null,
    cancellation: null,
    lastDebitAt: null,
    clock: asked.clock,
    createdAt: now,
    sequence: { change: 0, payment: 0, refund: 0, clockTick: 0 },
    handled: [],
  }
  const installments = pastRemindersDropped(plan.installments, terms, now)
  return { plan: { ...plan, installments }, effects: opening(plan) }
}

function problems({ terms, total, paymentMethod }: NewPlan): Problem[] {
  const found = [
    ...retryPolicyProblem(terms.retryPolicy, paymentMethod.type),
    ...cancellationTermsProblem(terms.cancellation, terms.currency),
  ]
  const amount = amountProblem(total, terms)
  return amount ? [{ pointer: '/total_amount', message: `total_amount ${amount}` }, ...found] : found
}

function amountProblem(total: number, { currency, discount }: Terms): string | null {
  if (!Number.isSafeInteger(total) || total <= 0) return 'must be a whole number of minor units above 0'
  if (!isChargeable(total, currency))
    return `must be a multiple of ${chargeStep(currency)}: ${currency} is charged in such steps`
  return discount > total ? 'must not be below the discount' : null
}

function opening(plan: Plan): Effect[] {
  const { currency, discount } = plan.terms
  // What an employer owes for deductions was income when the leases were agreed.
  const opened = plan.kind === 'statement' ? ledger.owedByPayroll : ledger.owed
  const data = {
    plan_id: plan.id,
    total_amount: plan.total,
    net_total: netTotal(plan),
    installments: plan.installments.map((i) => ({
      number: i.number,
      due_date: i.dueDate,
      due_at: dueMoment(i, plan.terms),
      amount: i.amount,
    })),
  }
  return [
    opened({
      key: 'owed',
      amount: plan.total,
      description: `Owed for the whole term: ${formatMoney(plan.total, currency)}`,
    }),
    ...(discount > 0
      ? [ledger.discounted({ key: 'discounted', amount: discount, description: 'Discount agreed at the start' })]
      : []),
    { write: 'event', key: 'created', type: 'plan.created', data: { plan_id: plan.id, total_amount: plan.total } },
    { write: 'notice', key: 'created', type: 'terms.created', data },
  ]
}
