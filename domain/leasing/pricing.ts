import { type Minor, percentOf } from '../money.ts'
import { netTotal, sum, today } from '../plans/figures.ts'
import { isToBeMoved } from '../plans/pause.ts'
import type { Installment, Plan } from '../plans/plan.ts'
import { installmentAmounts } from '../plans/schedule.ts'
import type { Instant } from '../plans/terms.ts'

export type Price = { price: Minor; subsidy: Minor; residual: Minor; waiver: Minor; total: Minor }

/**
 * What a lease comes to (keeps Leasing): price less the employer's subsidy less the residual value, and the damage waiver
 * for every month. The residual is rounded to what can be charged; a subsidy is at most what it leaves.
 */
export function leasePrice({
  price,
  subsidy,
  residualPercent,
  waiverMonthly,
  termMonths,
  currency,
}: {
  price: Minor
  subsidy: Minor
  residualPercent: number
  waiverMonthly: Minor
  termMonths: number
  currency: string
}): Price {
  const residual = percentOf(price, residualPercent, currency)
  const granted = Math.min(subsidy, price - residual)
  const waiver = waiverMonthly * termMonths
  return { price, subsidy: granted, residual, waiver, total: price - granted - residual + waiver }
}

/** What a month costs as agreed now: by the last exchange or waiver, otherwise by the Schedule rule. */
export function monthlyOf(plan: Plan): Minor {
  const { terms, lease } = plan
  return lease?.monthly ?? installmentAmounts(netTotal(plan), terms.count, terms.currency)[0] ?? 0
}

/** Months of the term as it was agreed, without what it was extended by. */
export function agreedMonths({ terms, lease }: Pick<Plan, 'terms' | 'lease'>): number {
  return terms.termMonths - (lease?.extendedMonths ?? 0)
}

/**
 * What each month to come costs with another device whose month is `monthly` by the term as it was agreed: so much, or in
 * an extension the share of it that an extension costs (keeps Leasing).
 */
export function monthlyAfterExchange({ terms, lease }: Pick<Plan, 'terms' | 'lease'>, monthly: Minor): Minor {
  return lease?.extendedMonths ? percentOf(monthly, lease.extensionPercent, terms.currency) : monthly
}

/**
 * Months of the schedule that are still to come; what was made due at once is none. One whose day has passed is arrears,
 * unless a pause will move it: it stays owed as it is.
 */
export function monthsToCome(plan: Plan, now: Instant): Installment[] {
  const day = today(plan, now)
  const isAhead = (i: Installment) => i.dueDate >= day || isToBeMoved(plan, i, now)
  return plan.installments.filter((i) => i.status === 'scheduled' && i.atOnce === null && isAhead(i))
}

/**
 * Another amount in all for each month to come, and the total with it, for `adjust`: what was settled, and arrears, stay as
 * they were. What is paid of a month ahead is part of its amount, and the least that it costs.
 */
export function monthsAt(
  plan: Plan,
  amountOf: (month: Installment) => Minor,
  now: Instant,
): { totalAmount: Minor; amounts: ReadonlyMap<number, Minor> } {
  const coming = monthsToCome(plan, now)
  const amounts = new Map(coming.map((i) => [i.number, Math.max(amountOf(i), i.paid)]))
  return { totalAmount: plan.total + sum(coming, (i) => (amounts.get(i.number) ?? i.amount) - i.amount), amounts }
}
