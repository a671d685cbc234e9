import { civilOf, compareInstants, later } from '../calendar.ts'
import { today, unpaid } from './figures.ts'
import { resume } from './pause.ts'
import type { Installment, Plan } from './plan.ts'
import type { CivilDate, Instant } from './terms.ts'
import { firstAttemptAt, lastFirstAttemptOn, retryMoment } from './time.ts'

/** The automatic charges that a plan has before it, as things stand. */

export type ComingCharge = { installment: Installment; at: Instant; isRetry: boolean }

/**
 * Every automatic charge to come, first attempts and then retries, each with its moment. A pause holds back first
 * attempts until its end, and all of them when it has none, but not retries; what is overdue comes one a day (keeps
 * Pausing). What an adjustment made due at once comes besides.
 */
export function comingCharges(plan: Plan): ComingCharge[] {
  if (plan.lifecycle !== 'active' && plan.lifecycle !== 'pending') return []
  return [...firstAttempts(plan), ...chargedAtOnce(plan), ...retries(plan)]
}

/** The earliest of them; a retry before another one of the same moment. */
export function nextCharge(plan: Plan): ComingCharge | null {
  if (plan.lifecycle !== 'active' && plan.lifecycle !== 'pending') return null
  const [first] = firstAttempts(plan)
  const others = [...retries(plan), ...chargedAtOnce(plan)]
  return [...others, ...(first ? [first] : [])].reduce<ComingCharge | null>(
    (next, charge) => (next === null || compareInstants(charge.at, next.at) < 0 ? charge : next),
    null,
  )
}

export function nextBillingAt(plan: Plan): Instant | null {
  return nextCharge(plan)?.at ?? null
}

/** One after the other, so that whoever wants to know of the first only does not pay for all. */
function* firstAttempts(plan: Plan): Generator<ComingCharge> {
  const resumed = afterPause(plan)
  if (!resumed) return
  let last = lastFirstAttemptOn(resumed)
  const regular = resumed.installments.filter((i) => isToBeTried(i) && i.atOnce === null)
  for (const installment of regular.toSorted((a, b) => (a.dueDate < b.dueDate ? -1 : 1))) {
    const at = firstAttemptAt(resumed, installment, last)
    last = civilOf(at, plan.terms.timezone)
    yield { installment, at, isRetry: false }
  }
}

function chargedAtOnce(plan: Plan): ComingCharge[] {
  const resumed = afterPause(plan)
  if (!resumed) return []
  return resumed.installments.flatMap((installment) => {
    if (!isToBeTried(installment) || installment.atOnce === null) return []
    const at = plan.pause?.until ? later(installment.atOnce, plan.pause.until) : installment.atOnce
    return [{ installment, at, isRetry: false }]
  })
}

function retries(plan: Plan): ComingCharge[] {
  return plan.installments.flatMap((installment) => {
    const at = retryMoment(plan, installment)
    return at === null ? [] : [{ installment, at, isRetry: true }]
  })
}

/** The plan as its pause will leave it if nothing else happens; `null` when nobody knows the end of the pause. */
function afterPause(plan: Plan): Plan | null {
  if (!plan.pause) return plan
  return plan.pause.until ? resume(plan, plan.pause.until).plan : null
}

function isToBeTried(installment: Installment): boolean {
  return installment.status === 'scheduled' && unpaid(installment) > 0
}

export type ChargeOfTheDay = 'before' | 'after' | 'none'

/**
 * Whether an automatic charge was begun today before `now`, or one is still to come today; `none` when there is none.
 * Due ones, retries and those that catch up count alike; what people ask for (payments, a broker's retry) does not.
 */
export function chargeOfTheDay(plan: Plan, now: Instant): ChargeOfTheDay {
  const date: CivilDate = today(plan, now)
  if (plan.installments.some((i) => i.triedOn === date)) return 'before'
  const next = nextBillingAt(plan)
  return next !== null && civilOf(next, plan.terms.timezone) <= date ? 'after' : 'none'
}
