import { type Minor, percentOf } from '../money.ts'
import type { Decision } from '../plans/effects.ts'
import { sum, today, unpaid } from '../plans/figures.ts'
import * as ledger from '../plans/ledger.ts'
import type { Installment, Plan } from '../plans/plan.ts'
import type { Instant } from '../plans/terms.ts'
import { type Lease, type LeasePlan, leaseOf, withLease } from './lease.ts'
import { agreedMonths, monthsToCome } from './pricing.ts'

/** Damage cover, within what the months of a lease cost. Keeps Leasing. */

type Cover = Pick<Lease, 'waiver' | 'waiverMonthly' | 'coveredMonths'>

/** What of each month to come is for cover. */
function coverMonthly(plan: Plan): Minor {
  const { waiver, waiverMonthly } = leaseOf(plan)
  return waiverMonthly ?? Math.floor(waiver / agreedMonths(plan))
}

/** Added in mid-term, `monthly` for each of the months that are still to come. */
export function coverAdded(months: Installment[], monthly: Minor): Cover {
  return { waiver: monthly * months.length, waiverMonthly: monthly, coveredMonths: months.map((i) => i.number) }
}

/** With another device: `waiver` over the term as it was agreed, of which the total gets the months to come. */
export function coverExchanged(plan: Plan, waiver: Minor, now: Instant): Partial<Cover> {
  if (waiver === 0) return { waiver: 0, waiverMonthly: 0 }
  const lease = leaseOf(plan)
  const ofTerm = Math.floor(waiver / agreedMonths(plan))
  const monthly = lease.extendedMonths ? percentOf(ofTerm, lease.extensionPercent, plan.terms.currency) : ofTerm
  const months = monthsToCome(plan, now)
  if (lease.waiver === 0) return coverAdded(months, monthly)
  const before = lease.waiver - coverMonthly(plan) * months.length
  return { waiver: Math.max(before, 0) + monthly * months.length, waiverMonthly: monthly }
}

/** An extension costs a share of the month, cover included; a further one costs what the first did. */
export function coverExtended(plan: Plan, months: number): Partial<Cover> {
  const { waiver, extensionMonthly, extensionPercent, coveredMonths } = leaseOf(plan)
  if (waiver === 0) return {}
  const agreed = coverMonthly(plan)
  const monthly = extensionMonthly === null ? percentOf(agreed, extensionPercent, plan.terms.currency) : agreed
  const added = Array.from({ length: months }, (_, k) => plan.installments.length + k + 1)
  const counting = coveredMonths && { coveredMonths: [...coveredMonths, ...added] }
  return { waiver: waiver + monthly * months, waiverMonthly: monthly, ...counting }
}

/**
 * Taken with the order it counts from delivery, added in mid-term from the first month that is paid with it: nobody can buy
 * it after the loss. What is paid ahead counts as its month does.
 */
export function isCovered(plan: Plan, now: Instant): boolean {
  const { waiver, coveredMonths } = leaseOf(plan)
  if (waiver === 0 || coveredMonths === undefined) return waiver > 0
  const day = today(plan, now)
  return plan.installments.some((i) => i.status === 'paid' && i.dueDate <= day && coveredMonths.includes(i.number))
}

/** What of the cover is within the months to come, by number. */
function coverToCome(plan: Plan, now: Instant): Map<number, Minor> {
  const monthly = coverMonthly(plan)
  return new Map(monthsToCome(plan, now).map((i) => [i.number, Math.min(monthly, unpaid(i))]))
}

/** What is within the total when the months to come are dropped. */
export function coverCharged(plan: Plan, now: Instant): Minor {
  return Math.max(leaseOf(plan).waiver - sum([...coverToCome(plan, now).values()], (amount) => amount), 0)
}

/** Lost before the cover counted: what is to come of it is owed no longer. */
export function coverDropped(plan: LeasePlan, now: Instant): Decision & { plan: LeasePlan } {
  const dropped = coverToCome(plan, now)
  const amount = sum([...dropped.values()], (less) => less)
  if (amount === 0) return { plan, effects: [] }
  const installments = plan.installments.map((i) => ({ ...i, amount: i.amount - (dropped.get(i.number) ?? 0) }))
  const uncovered = { ...plan, installments, total: plan.total - amount }
  const key = `cover-dropped:${plan.sequence.change + 1}`
  return {
    plan: withLease(uncovered, { waiver: coverCharged(plan, now) }),
    effects: [ledger.noLongerOwed({ key, amount, description: 'No longer owed: lost before the cover counted' })],
  }
}
