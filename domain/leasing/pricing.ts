import { type Minor, percentOf } from '../money.ts'
import { netTotal, sum, unpaid } from '../plans/figures.ts'
import type { Plan } from '../plans/plan.ts'
import { installmentAmounts } from '../plans/schedule.ts'

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

/** The amount of a month by the Schedule rule, as agreed now. */
export function monthlyOf(plan: Plan): Minor {
  return installmentAmounts(netTotal(plan), plan.terms.count, plan.terms.currency)[0] ?? 0
}

/** The total with another amount for each month that is still to come: what was settled stays as it was. */
export function totalWithMonthly(plan: Plan, monthly: Minor): Minor {
  const coming = plan.installments.filter((i) => i.status === 'scheduled')
  return plan.total - sum(coming, unpaid) + monthly * coming.length
}
