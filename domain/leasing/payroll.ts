import { civilOf } from '../calendar.ts'
import type { Minor } from '../money.ts'
import { comingCharges } from '../plans/coming.ts'
import { unpaid } from '../plans/figures.ts'
import type { Plan } from '../plans/plan.ts'
import type { CivilDate } from '../plans/terms.ts'
import { asChosen } from './end.ts'

/** `date` is the day of its next attempt, in the lease's zone. */
export type ComingDeduction = { installment: number; amount: Minor; date: CivilDate }

/**
 * What a lease will take from pay from one day on, and before another, as things stand (keeps Payroll): an instalment on
 * the day on which it will be attempted, which a pause moves; on no day when nobody knows the end of the pause. What was
 * chosen for the end of the term is as if it were done.
 */
export function comingDeductions(
  plan: Plan,
  { from, before }: { from: CivilDate; before: CivilDate },
): ComingDeduction[] {
  return comingCharges(asChosen(plan))
    .map(({ installment, at }) => ({
      installment: installment.number,
      amount: unpaid(installment),
      date: civilOf(at, plan.terms.timezone),
    }))
    .filter(({ date }) => date >= from && date < before)
    .toSorted((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : a.installment - b.installment))
}
