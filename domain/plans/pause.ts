import { addDays, civilOf, compareInstants, later, moment, nextBillingDates } from '../calendar.ts'
import { RuleBroken } from '../errors.ts'
import { deductionChanged } from '../leasing/told.ts'
import type { Decision, Effect } from './effects.ts'
import { dueMoment, unpaid } from './figures.ts'
import type { Installment, Pause, Plan } from './plan.ts'
import type { CivilDate, Instant } from './terms.ts'

/**
 * Begins a payment holiday at `now`, until `until` or until it is ended (keeps Pausing). Retries under way go on.
 * Throws RuleBroken: `plan_not_active`, `already_paused`, `invalid_request`.
 */
export function pause(
  plan: Plan,
  { mode, until }: { mode: Pause['mode']; until: Instant | null },
  now: Instant,
): Decision {
  if (plan.lifecycle !== 'active' && plan.lifecycle !== 'pending') {
    throw new RuleBroken('plan_not_active', `A plan that is ${plan.lifecycle} cannot be paused.`)
  }
  if (plan.pause) throw new RuleBroken('already_paused', 'The plan is paused already; resume it first.')
  if (until && compareInstants(until, now) <= 0) {
    const message = 'until must be in the future'
    throw new RuleBroken('invalid_request', `${message}.`, [{ pointer: '/until', message }])
  }
  const holiday: Pause = { mode, since: now, until }
  const data = { plan_id: plan.id, mode, until }
  const key = `paused:${plan.sequence.change + 1}`
  return {
    plan: { ...plan, pause: holiday },
    effects: [
      { write: 'event', key, type: 'plan.paused', data },
      { write: 'notice', key, type: 'terms.paused', data },
      ...deductionChanged(plan, { why: 'paused', monthly: 0, until }),
    ],
  }
}

/**
 * Ends the payment holiday (keeps Pausing): `extend` moves what was missed to the billing days after the last due date,
 * `catch_up` leaves it to be charged one a day. Throws RuleBroken `not_paused`.
 */
export function resume(plan: Plan, now: Instant): Decision {
  if (!plan.pause) throw new RuleBroken('not_paused', 'The plan is not paused.')
  const at = endOf(plan.pause, now)
  const date = civilOf(at, plan.terms.timezone)
  const extended = plan.pause.mode === 'extend' ? missedMoved(plan, at) : plan.installments
  const billing = moment(date, plan.terms.billingTime, plan.terms.timezone)
  const key = `resumed:${plan.sequence.change + 1}`
  const moved = extended.filter((i, k) => i.dueDate !== plan.installments[k]?.dueDate)
  const data = {
    plan_id: plan.id,
    mode: plan.pause.mode,
    moved: moved.map((i) => ({ number: i.number, due_date: i.dueDate })),
  }
  const effects: Effect[] = [
    { write: 'event', key, type: 'plan.resumed', data },
    { write: 'notice', key, type: 'terms.resumed', data },
    ...deductionChanged(plan, { why: 'resumed', monthly: null }),
  ]
  return { plan: { ...plan, pause: null, installments: extended, notBefore: later(billing, at) }, effects }
}

/** One that had an end is over since then, whenever that is noticed: what fell due later was not missed by it. */
function endOf({ until }: Pause, now: Instant): Instant {
  return until && compareInstants(until, now) < 0 ? until : now
}

/** It fell due in a payment holiday that is under way, at whose end it will be moved: nothing is overdue of it. */
export function isToBeMoved(plan: Plan, installment: Installment, now: Instant): boolean {
  return plan.pause?.mode === 'extend' && isMissed(plan, installment, endOf(plan.pause, now))
}

function missedMoved(plan: Plan, now: Instant): Installment[] {
  const missed = plan.installments.filter((i) => isMissed(plan, i, now))
  const last = plan.installments.reduce<CivilDate>(
    (latest, i) => (i.dueDate > latest ? i.dueDate : latest),
    plan.terms.startDate,
  )
  // A pause may have outlasted the schedule; what it missed is not to be overdue when it ends.
  const date = civilOf(now, plan.terms.timezone)
  const isAhead = compareInstants(moment(date, plan.terms.billingTime, plan.terms.timezone), now) > 0
  const past = isAhead ? addDays(date, -1) : date
  const days = nextBillingDates(plan.terms.cadence, last > past ? last : past, missed.length)
  const moved = new Map(missed.map((i, k) => [i.number, days[k] ?? i.dueDate]))
  return plan.installments.map((i) => {
    const dueDate = moved.get(i.number)
    return dueDate ? { ...i, dueDate, reminded: false } : i
  })
}

function isMissed(plan: Plan, installment: Installment, now: Instant): boolean {
  return (
    installment.status === 'scheduled' &&
    installment.atOnce === null &&
    installment.open === null &&
    unpaid(installment) > 0 &&
    compareInstants(dueMoment(installment, plan.terms), now) <= 0 &&
    // What was overdue before the holiday began is no part of it.
    compareInstants(dueMoment(installment, plan.terms), plan.pause?.since ?? now) >= 0
  )
}
