import { addDays, civilOf, compareInstants, later, moment, plusMs, startOfDay } from '../calendar.ts'
import { boughtOutPaid, endMoments, endTimePassed } from '../leasing/end.ts'
import { orderMoments, orderTimePassed } from '../leasing/order.ts'
import type { Decision, Effect } from './effects.ts'
import { collectibles, dueMoment, hasOpenCharge, unpaid, withInstallment } from './figures.ts'
import { resume } from './pause.ts'
import { ENDED, type Installment, type Plan } from './plan.ts'
import { nothingLeft } from './refunding.ts'
import { reminderMoment } from './reminders.ts'
import type { CivilDate, Instant } from './terms.ts'

/** What the passing of time alone does to a plan, and when it will next do something. */

const DAY = 86_400_000
/** Debits can be returned for this long after they were made. */
const LISTENING = 60 * DAY

/** What time brings about for a lease besides; nothing for another plan. */
const LEASES = [orderTimePassed, endTimePassed] as const

/** Whatever has come to pass by `now` without money moving: the plan begins, a holiday ends, a reminder, the end. */
export function timePassed(plan: Plan, now: Instant): Decision {
  let next = plan
  const effects: Effect[] = []
  for (const step of [resumedByItself, activated, zeroesSettled, reminded, ...LEASES, completed]) {
    const decision = step(next, now)
    next = decision.plan
    effects.push(...decision.effects)
  }
  return { plan: next, effects }
}

/** The next moment at which `timePassed` or an attempt has something to do; `null` for never. */
export function nextWake(plan: Plan, now: Instant): Instant | null {
  const moments: (Instant | null)[] = [
    plan.pause?.until ?? null,
    plan.lifecycle === 'pending' ? startOfDay(plan.terms.startDate, plan.terms.timezone) : null,
    nextFirstAttempt(plan),
    nextZero(plan),
    nextReminder(plan),
    ...plan.installments.map((i) => retryMoment(plan, i)),
    ...polls(plan),
    ...orderMoments(plan),
    ...endMoments(plan),
    plan.lifecycle === 'active' && allSettled(plan) ? endMoment(plan) : null,
    hasEnded(plan) ? listeningUntil(plan) : null,
  ]
  return earliestAfter(moments, now)
}

function earliestAfter(moments: (Instant | null)[], now: Instant): Instant | null {
  let earliest: Instant | null = null
  for (const at of moments) {
    if (at === null || compareInstants(at, now) <= 0) continue
    if (earliest === null || compareInstants(at, earliest) < 0) earliest = at
  }
  return earliest
}

/** Nothing will happen to the plan any more: its workflow may end. Debits are listened for after the last one. */
export function isOver(plan: Plan, now: Instant): boolean {
  const until = listeningUntil(plan)
  return hasEnded(plan) && (until === null || compareInstants(until, now) <= 0)
}

/** Everything is settled: nothing is left to do for the plan but to listen. */
export function hasEnded(plan: Plan): boolean {
  const open = collectibles(plan).some(
    (i) => i.open !== null || i.openLink !== null || i.escalation !== null || i.status === 'scheduled',
  )
  return ENDED.includes(plan.lifecycle) && !open && plan.payments.length === 0 && plan.refunds.length === 0
}

function listeningUntil(plan: Plan): Instant | null {
  return plan.lastDebitAt && plusMs(plan.lastDebitAt, LISTENING)
}

// --- First attempts: one a day, the oldest first --------------------------------------------------------------------

/** The instalment whose first attempt is to be made now, if any; overdue ones are caught up one a day (keeps Pausing). */
export function firstAttemptDue(plan: Plan, now: Instant): Installment | null {
  const oldest = oldestScheduled(plan)
  return oldest && compareInstants(firstAttemptAt(plan, oldest, lastFirstAttemptOn(plan)), now) <= 0 ? oldest : null
}

function nextFirstAttempt(plan: Plan): Instant | null {
  const oldest = oldestScheduled(plan)
  return oldest && firstAttemptAt(plan, oldest, lastFirstAttemptOn(plan))
}

/**
 * When an instalment is tried for the first time, if another one was on the day `last`: when it is due, but not before
 * a pause has ended, and at billing time of the day after `last` at the earliest.
 */
export function firstAttemptAt(plan: Plan, installment: Installment, last: CivilDate | null): Instant {
  const { billingTime, timezone } = plan.terms
  const due = dueMoment(installment, plan.terms)
  const free = plan.notBefore === null ? due : later(due, plan.notBefore)
  return last === null ? free : later(free, moment(addDays(last, 1), billingTime, timezone))
}

/** The day on which an instalment was last tried for the first time. */
export function lastFirstAttemptOn(plan: Plan): CivilDate | null {
  let last: CivilDate | null = null
  for (const { firstTriedOn } of plan.installments)
    if (firstTriedOn !== null && (last === null || firstTriedOn > last)) last = firstTriedOn
  return last
}

function oldestScheduled(plan: Plan): Installment | null {
  if (plan.pause || (plan.lifecycle !== 'active' && plan.lifecycle !== 'pending')) return null
  let oldest: Installment | null = null
  for (const i of plan.installments) {
    if (i.status !== 'scheduled' || i.atOnce !== null || unpaid(i) === 0) continue
    if (oldest === null || i.dueDate < oldest.dueDate) oldest = i
  }
  return oldest
}

/** The moment of the next scheduled retry of an instalment. */
export function retryMoment(plan: Pick<Plan, 'terms'>, installment: Installment): Instant | null {
  if (installment.status !== 'retrying' || installment.open || !installment.retryOn) return null
  return moment(installment.retryOn, plan.terms.billingTime, plan.terms.timezone)
}

function polls(plan: Plan): (Instant | null)[] {
  return [
    ...collectibles(plan).map((i) => (i.open?.by === 'charge' ? i.open.pollAt : (i.openLink?.pollAt ?? null))),
    ...plan.payments.map((p) => p.pollAt),
    ...plan.refunds.map((r) => r.pollAt),
  ]
}

// --- What happens by itself -----------------------------------------------------------------------------------------

function resumedByItself(plan: Plan, now: Instant): Decision {
  const over = plan.pause?.until && compareInstants(plan.pause.until, now) <= 0
  return over ? resume(plan, now) : { plan, effects: [] }
}

function activated(plan: Plan, now: Instant): Decision {
  if (plan.lifecycle !== 'pending' || civilOf(now, plan.terms.timezone) < plan.terms.startDate)
    return { plan, effects: [] }
  const event: Effect = { write: 'event', key: 'activated', type: 'plan.activated', data: { plan_id: plan.id } }
  return { plan: { ...plan, lifecycle: 'active' }, effects: [event] }
}

function nextZero(plan: Plan): Instant | null {
  const zero = plan.pause || plan.lifecycle !== 'active' ? undefined : oldest(plan.installments.filter(isZero))
  return zero ? dueMoment(zero, plan.terms) : null
}

/** An instalment of which nothing is to be paid is never sent to a gateway: it is waived on its due date (keeps Schedule). */
function zeroesSettled(plan: Plan, now: Instant): Decision {
  const zeroes = plan.installments.filter(isZero)
  if (zeroes.length === 0 || plan.pause || plan.lifecycle !== 'active') return { plan, effects: [] }
  let next = plan
  const effects: Effect[] = []
  const today = civilOf(now, plan.terms.timezone)
  for (const zero of zeroes.filter((i) => i.dueDate <= today)) {
    if (compareInstants(dueMoment(zero, plan.terms), now) > 0) continue
    next = withInstallment(next, nothingLeft(zero))
    const data = { plan_id: plan.id, installment_number: zero.number, amount: 0 }
    effects.push({ write: 'event', key: `zero:${zero.number}`, type: 'installment.waived', data })
  }
  return { plan: next, effects }
}

function isZero(installment: Installment): boolean {
  return installment.status === 'scheduled' && unpaid(installment) === 0
}

function nextReminder(plan: Plan): Instant | null {
  const next = isReminding(plan) ? oldest(plan.installments.filter(isToBeReminded)) : undefined
  return next ? reminderMoment(next, plan.terms) : null
}

function isReminding({ pause, lifecycle }: Plan): boolean {
  return !pause && (lifecycle === 'active' || lifecycle === 'pending')
}

function isToBeReminded(installment: Installment): boolean {
  return installment.status === 'scheduled' && !installment.reminded && unpaid(installment) > 0
}

function reminded(plan: Plan, now: Instant): Decision {
  if (!isReminding(plan)) return { plan, effects: [] }
  let next = plan
  const effects: Effect[] = []
  const lastDay = addDays(civilOf(now, plan.terms.timezone), plan.terms.reminderDays)
  for (const i of plan.installments.filter(isToBeReminded)) {
    if (i.dueDate > lastDay) continue
    const at = reminderMoment(i, plan.terms)
    if (at && compareInstants(at, now) > 0) continue
    next = withInstallment(next, { ...i, reminded: true })
    if (!at || compareInstants(dueMoment(i, plan.terms), now) <= 0) continue
    const data = { installment: i.number, amount: unpaid(i), due_date: i.dueDate, due_at: dueMoment(i, plan.terms) }
    effects.push({ write: 'notice', key: `reminder:${i.number}:${i.dueDate}`, type: 'payment.reminder', data })
  }
  return { plan: next, effects }
}

function oldest(installments: Installment[]): Installment | undefined {
  return installments.reduce<Installment | undefined>(
    (a, b) => (a === undefined || b.dueDate < a.dueDate ? b : a),
    undefined,
  )
}

function allSettled(plan: Plan): boolean {
  const settled = plan.installments.every((i) => i.status === 'paid' || i.status === 'waived')
  return settled && !hasOpenCharge(plan)
}

function endMoment(plan: Plan): Instant {
  return startOfDay(plan.terms.endDate, plan.terms.timezone)
}

/** Completed at 00:00 of the end date once everything is paid or waived, later when the last is (keeps Schedule). */
function completed(plan: Plan, now: Instant): Decision {
  if (plan.lifecycle !== 'active' || !allSettled(plan) || compareInstants(endMoment(plan), now) > 0)
    return { plan, effects: [] }
  const data = { plan_id: plan.id }
  // A return may reopen a completed plan, which is then completed again.
  const key = `completed:${plan.sequence.change + 1}`
  const sold = boughtOutPaid({ ...plan, lifecycle: 'completed' })
  return {
    plan: sold.plan,
    effects: [
      { write: 'event', key, type: 'plan.completed', data },
      { write: 'notice', key, type: 'terms.completed', data },
      ...sold.effects,
    ],
  }
}
