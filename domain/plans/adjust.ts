import { RuleBroken } from '../errors.ts'
import { leaseChanged } from '../leasing/lease-changes.ts'
import { deductionChanged } from '../leasing/told.ts'
import { chargeStep, isChargeable } from '../money.ts'
import { type ChargeOfTheDay, chargeOfTheDay } from './coming.ts'
import type { Decision, Effect } from './effects.ts'
import { hasOpenCharge, netTotal, sum, today, unpaid, withInstallment } from './figures.ts'
import * as ledger from './ledger.ts'
import type { Installment, Plan } from './plan.ts'
import { overchargeAbsorbed, withAmounts } from './refunding.ts'
import { installmentAmounts, MOST_INSTALLMENTS, newInstallment, spreadOver } from './schedule.ts'
import type { Instant } from './terms.ts'

/** Amounts in minor units; `refunded` and `charged` are what the adjustment moves at once. */
export type Adjustment = {
  changed: boolean
  previousTotal: number
  total: number
  refunded: number
  charged: number
  provisional: boolean
  chargeOfTheDay: ChargeOfTheDay
}

/**
 * Changes the total of a plan at `now` (keeps Adjusting). `totalAmount` is before the discount, minor units; `amounts`, by
 * number, is what scheduled instalments then come to where it is agreed for each of them, and makes up the difference. One
 * function for the preview and the real thing. Throws RuleBroken: `plan_not_active`, `amount_invalid`.
 */
export function adjust(
  plan: Plan,
  { totalAmount, amounts }: { totalAmount: number; amounts?: ReadonlyMap<number, number> },
  now: Instant,
): Decision & { answer: Adjustment } {
  mayBeAdjusted(plan, totalAmount)
  const answer: Adjustment = {
    changed: totalAmount !== plan.total || differs(plan, amounts),
    previousTotal: plan.total,
    total: totalAmount,
    refunded: 0,
    charged: 0,
    provisional: hasOpenCharge(plan),
    chargeOfTheDay: chargeOfTheDay(plan, now),
  }
  if (!answer.changed) return { plan, effects: [], answer }
  const key = `adjusted:${plan.sequence.change + 1}`
  const target = { ...plan, total: totalAmount }
  const spread = amounts ? { plan: withAmounts(target, amounts), charged: 0 } : spreadBy(target, now)
  const absorbed = overchargeAbsorbed(spread.plan, key)
  return {
    plan: absorbed.plan,
    effects: [...difference(plan, target, key), ...absorbed.effects, ...told(plan, absorbed.plan, key, now)],
    answer: {
      ...answer,
      refunded: absorbed.plan.refundsDecided - plan.refundsDecided,
      charged: spread.charged,
    },
  }
}

function differs({ installments }: Plan, amounts: ReadonlyMap<number, number> = new Map()): boolean {
  return installments.some(({ number, amount }) => amount !== (amounts.get(number) ?? amount))
}

function mayBeAdjusted(plan: Plan, total: number): void {
  if (plan.lifecycle !== 'active' && plan.lifecycle !== 'pending') {
    throw new RuleBroken('plan_not_active', `A plan that is ${plan.lifecycle} cannot be adjusted.`)
  }
  const problems: string[] = []
  if (!Number.isSafeInteger(total) || total <= 0) problems.push('must be a whole number of minor units above 0')
  else if (total < plan.terms.discount) problems.push('must not be below the discount')
  else if (!isChargeable(total, plan.terms.currency))
    problems.push(`must be a multiple of ${chargeStep(plan.terms.currency)}`)
  if (problems.length > 0) {
    const message = `total_amount ${problems.join(', ')}`
    throw new RuleBroken('amount_invalid', `${message}.`, [{ pointer: '/total_amount', message }])
  }
}

/** What counts of an instalment that keeps its amount: all of it, or what is part-paid of a scheduled one. */
function settledAmount(installment: Installment): number {
  return installment.status === 'scheduled' ? installment.paid : installment.amount
}

/**
 * The total less what is settled, after what earlier adjustments have given back or forgiven. What they could only do so
 * with when an open charge has ended is decided anew.
 */
function remainingOf(plan: Plan): number {
  const forgiven = plan.refundedByAdjustment + plan.writeOffsByAdjustment
  return netTotal(plan) - (sum(plan.installments, settledAmount) - forgiven)
}

type Spread = { plan: Plan; charged: number }

function spreadBy(plan: Plan, now: Instant): Spread {
  return plan.terms.adjustmentPolicy === 'catch_up' ? caughtUp(plan, now) : spreadAnew(plan, now)
}

function spreadAnew(plan: Plan, now: Instant): Spread {
  const scheduled = plan.installments.filter((i) => i.status === 'scheduled')
  const remaining = remainingOf(plan)
  if (remaining > 0 && scheduled.length === 0) return withExtra({ ...plan, overcharge: 0 }, remaining, now)
  const amounts = spreadOver(Math.max(remaining, 0), scheduled, chargeStep(plan.terms.currency))
  const spread = withAmounts(plan, new Map(scheduled.map((i, k) => [i.number, amounts[k] ?? i.paid])))
  return { plan: { ...spread, overcharge: Math.max(-remaining, 0) }, charged: 0 }
}

/** As if the total had been so from the start: the settled instalments' difference is moved at once. */
function caughtUp(plan: Plan, now: Instant): Spread {
  const agreedAnew = installmentAmounts(netTotal(plan), plan.terms.count, plan.terms.currency)
  // What an earlier adjustment made due at once, and nobody has tried yet, is worked out anew with the rest.
  const agreed = (i: Installment) => agreedAnew[i.number - 1] ?? 0
  const scheduled = plan.installments.filter((i) => i.status === 'scheduled')
  const amounts = new Map(scheduled.map((i) => [i.number, Math.max(agreed(i), i.paid)]))
  const difference = remainingOf(plan) - sum(scheduled, (i) => (amounts.get(i.number) ?? i.paid) - i.paid)
  const spread = { ...withAmounts(plan, amounts), overcharge: Math.max(-difference, 0) }
  if (difference > 0) {
    const before = sum(scheduled, (i) => (i.number > agreedAnew.length ? unpaid(i) : 0))
    return { ...withExtra(spread, difference, now), charged: Math.max(difference - before, 0) }
  }
  return { plan: spread, charged: 0 }
}

/** One more instalment, due at once, for what no scheduled one can take; or the one that still waits, for a pause. */
function withExtra(plan: Plan, amount: number, now: Instant): Spread {
  const waiting = plan.installments.find((i) => i.status === 'scheduled' && i.atOnce !== null)
  if (waiting) {
    return { plan: withInstallment(plan, { ...waiting, amount: waiting.amount + amount }), charged: amount }
  }
  if (plan.installments.length >= MOST_INSTALLMENTS) {
    const message = `total_amount cannot be raised any more: the plan has ${MOST_INSTALLMENTS} instalments`
    throw new RuleBroken('amount_invalid', `${message}.`, [{ pointer: '/total_amount', message }])
  }
  const number = Math.max(...plan.installments.map((i) => i.number)) + 1
  const extra = { ...newInstallment(number, today(plan, now), amount), reminded: true, atOnce: now }
  return { plan: { ...plan, installments: [...plan.installments, extra] }, charged: amount }
}

function difference(before: Plan, after: Plan, key: string): Effect[] {
  const amount = Math.abs(after.total - before.total)
  if (amount === 0) return []
  const entry = after.total > before.total ? ledger.owed : ledger.noLongerOwed
  return [entry({ key, amount, description: `Total adjusted from ${before.total} to ${after.total}` })]
}

function told(before: Plan, after: Plan, key: string, now: Instant): Effect[] {
  const data = {
    plan_id: before.id,
    policy: before.terms.adjustmentPolicy,
    previous_total_amount: before.total,
    total_amount: after.total,
    refunded: after.refundsDecided - before.refundsDecided,
  }
  const schedules = { ...data, before: schedule(before), after: schedule(after) }
  return [
    { write: 'event', key, type: 'plan.adjusted', data },
    { write: 'notice', key, type: 'terms.adjusted', data: schedules },
    // Whoever runs the payroll deducts another amount from now on.
    ...deductionChanged(before, { ...schedules, why: 'adjusted', monthly: nextAmount(after, now) }),
    ...leaseChanged(before, after, key, now),
  ]
}

/** Of the next month, what is overdue being none; of any when no other is left. */
function nextAmount(plan: Plan, now: Instant): number | null {
  const day = today(plan, now)
  const months = plan.installments.filter((i) => i.status === 'scheduled' && i.atOnce === null)
  const next = months.find((i) => i.dueDate >= day) ?? months[0]
  return next ? unpaid(next) : null
}

function schedule(plan: Plan) {
  return plan.installments
    .filter((i) => i.status !== 'canceled')
    .map((i) => ({ number: i.number, due_date: i.dueDate, amount: i.amount, unpaid: unpaid(i), status: i.status }))
}
