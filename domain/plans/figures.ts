import { civilOf, moment } from '../calendar.ts'
import type { Installment, Plan, PlanStatus } from './plan.ts'
import type { CivilDate, Instant, Terms } from './terms.ts'

/** Figures that are read off a plan. Amounts are minor units of the plan's currency. */

/** The total in force after the discount. */
export function netTotal(plan: Pick<Plan, 'total' | 'terms'>): number {
  return plan.total - plan.terms.discount
}

export function unpaid(installment: Installment): number {
  return installment.status === 'canceled' || installment.status === 'waived'
    ? 0
    : installment.amount - installment.paid
}

/** Every instalment and, after them, the balance that a cancellation left. */
export function collectibles(plan: Plan): Installment[] {
  return plan.balance ? [...plan.installments, plan.balance] : plan.installments
}

export function outstanding(plan: Plan): number {
  return sum(collectibles(plan), unpaid)
}

/** Succeeded less returned, before refunds. */
export function paidIn(plan: Plan): number {
  return sum(collectibles(plan), (i) => i.paid)
}

/** What is the customer's to get back if all of it were refunded: paid less every refund already decided. */
export function refundable(plan: Plan): number {
  return paidIn(plan) - plan.refundsDecided
}

/** As shown to people: an active plan with an unresolved escalation of an instalment is past due (keeps NSF). */
export function statusOf(plan: Plan): PlanStatus {
  return plan.lifecycle === 'active' && plan.installments.some((i) => i.escalation !== null)
    ? 'past_due'
    : plan.lifecycle
}

/** The open escalations of a plan: of its instalments, of its refunds, and of an order that is not dispatched. */
export function escalationsOf(plan: Plan): string[] {
  const order = plan.lease?.order.escalation ?? []
  return [...collectibles(plan), ...plan.refunds].flatMap(({ escalation }) => escalation ?? []).concat(order)
}

/** A charge or one-off payment is under way whose end is not known yet, or a link that is to be closed. */
export function hasOpenCharge(plan: Plan): boolean {
  return plan.payments.length > 0 || collectibles(plan).some((i) => i.open !== null || isLinkOver(plan, i))
}

/**
 * The customer can still complete a payment that is not wanted any more: its instalment is settled, owes another amount,
 * or is paid by a one-off payment, or the plan was cancelled (keeps Charging).
 */
export function isLinkOver(plan: Pick<Plan, 'lifecycle'>, installment: Installment): boolean {
  const { openLink, status, number } = installment
  if (openLink === null) return false
  const isWanted = status === 'retrying' || status === 'escalated'
  return !isWanted || unpaid(installment) !== openLink.amount || (isEnding(plan) && number !== 0)
}

export function isEnding(plan: Pick<Plan, 'lifecycle'>): boolean {
  return plan.lifecycle === 'pending_cancellation' || plan.lifecycle === 'canceled'
}

/** The moment at which an instalment falls due: its due date at billing time, or at once for one made later. */
export function dueMoment(installment: Pick<Installment, 'dueDate' | 'atOnce'>, terms: Terms): Instant {
  return installment.atOnce ?? moment(installment.dueDate, terms.billingTime, terms.timezone)
}

/** When the next automatic attempt on this instalment is made; `null` when none is planned. */
export function nextAttemptAt(installment: Installment, terms: Terms): Instant | null {
  if (installment.open) return null
  if (installment.status === 'scheduled') return unpaid(installment) > 0 ? dueMoment(installment, terms) : null
  if (installment.status === 'retrying' && installment.retryOn) {
    return moment(installment.retryOn, terms.billingTime, terms.timezone)
  }
  return null
}

export function today(plan: Plan, now: Instant): CivilDate {
  return civilOf(now, plan.terms.timezone)
}

export function findInstallment(plan: Plan, number: number): Installment {
  const found = number === 0 ? plan.balance : plan.installments.find((i) => i.number === number)
  if (!found) throw new Error(`Plan ${plan.id} has no instalment ${number}`)
  return found
}

/** The plan with one instalment (or its balance, number 0) put in place of the present one. */
export function withInstallment(plan: Plan, installment: Installment): Plan {
  if (installment.number === 0) return { ...plan, balance: installment }
  return { ...plan, installments: plan.installments.map((i) => (i.number === installment.number ? installment : i)) }
}

export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
