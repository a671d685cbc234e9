import { addDays, compareInstants, nextBillingDates, startOfDay } from '../calendar.ts'
import { RuleBroken } from '../errors.ts'
import { type Minor, percentOf } from '../money.ts'
import type { Decision, Effect } from '../plans/effects.ts'
import { sum, today, unpaid } from '../plans/figures.ts'
import * as ledger from '../plans/ledger.ts'
import { resume } from '../plans/pause.ts'
import type { Plan } from '../plans/plan.ts'
import { nothingLeft } from '../plans/refunding.ts'
import { pastRemindersDropped } from '../plans/reminders.ts'
import { endDate, MOST_INSTALLMENTS, newInstallment } from '../plans/schedule.ts'
import type { CivilDate, Instant } from '../plans/terms.ts'
import { asksLeft, asksMissed } from './asks.ts'
import { coverCharged, coverDropped, coverExtended, isCovered } from './cover.ts'
import { type EndChoice, isLease, type LeasePlan, leaseOf, withLease } from './lease.ts'
import { leaseChanged, leaseEnded } from './lease-changes.ts'
import { happened, unitMoved } from './order.ts'
import { monthlyOf, monthsToCome } from './pricing.ts'
import { type LUMP_SUMS, lumpSum, tell } from './told.ts'

/** How a lease ends: at its term by return, extension or buy-out, or before it. Keeps Leasing. */

/** Months that an extension may have. */
const MOST_MONTHS = 120

/**
 * What is to come at the end of the term; may be chosen anew until then. Throws RuleBroken: `lease_step_wrong`,
 * `invalid_request`.
 */
export function endChosen(plan: Plan, choice: EndChoice): Decision {
  const lease = running(plan).lease
  const chosen = fitChoice(choice)
  if (JSON.stringify(lease.endChoice) === JSON.stringify(chosen)) return { plan, effects: [] }
  if (chosen.choice === 'extend' && plan.installments.length + chosen.months > MOST_INSTALLMENTS)
    throw unfit('months', `would make more than ${MOST_INSTALLMENTS} instalments`)
  const key = `end-chosen:${plan.sequence.change + 1}`
  const next = withLease(plan, { endChoice: chosen })
  return {
    plan: next,
    effects: [happened(plan, key, 'lease.end_chosen', { ...chosen }), ...buyOutWithdrawn(plan), ...buyOutTold(next)],
  }
}

/** The employer is told of a buy-out at the end of the term as soon as it is chosen, and as its amount changes. */
export function buyOutTold(plan: Plan): Effect[] {
  const { endChoice, device } = leaseOf(plan)
  if (endChoice.choice !== 'buy_out') return []
  return lumpSum(plan, { why: 'term_end', amount: device.residual, date: plan.terms.endDate })
}

/** What it was told of that is not to be deducted as it said. */
export function buyOutWithdrawn(plan: Plan): Effect[] {
  const { endChoice, device } = leaseOf(plan)
  if (endChoice.choice !== 'buy_out') return []
  return lumpSum(plan, { why: 'withdrawn', amount: device.residual, date: plan.terms.endDate })
}

/** People type signals by hand, and an extension by no month would end again at once, for ever. */
function fitChoice(given: EndChoice): EndChoice {
  switch (given?.choice) {
    case 'return':
    case 'buy_out':
      return { choice: given.choice }
    case 'extend': {
      const { months } = given
      if (Number.isInteger(months) && months >= 1 && months <= MOST_MONTHS) return { choice: 'extend', months }
      throw unfit('months', `must be a whole number from 1 to ${MOST_MONTHS}`)
    }
    default:
      throw unfit('choice', 'must be one of return, extend, buy_out')
  }
}

function unfit(field: string, what: string): RuleBroken {
  const message = `${field} ${what}`
  return new RuleBroken('invalid_request', `${message}.`, [{ pointer: `/${field}`, message }])
}

/** The employee is asked 30 and 7 days before; at 00:00 of the end date what was chosen is done. */
export function endTimePassed(plan: Plan, now: Instant): Decision {
  if (!isLease(plan)) return { plan, effects: [] }
  if (!isRunning(plan)) return scheduledAgain(plan, now)
  return compareInstants(endAt(plan), now) <= 0 ? termEnded(plan, now) : endAsked(plan, now)
}

/** As the plan will be at the end of its term, if nothing else happens until then; as it is, when that is behind it. */
export function asChosen(plan: Plan): Plan {
  return isLease(plan) && isRunning(plan) ? termEnded(plan, endAt(plan)).plan : plan
}

export function endMoments(plan: Plan): Instant[] {
  if (!isLease(plan) || !isRunning(plan)) return []
  return [...asksLeft(plan.terms, plan.lease.asked).map(({ at }) => at), endAt(plan)]
}

function endAsked(plan: LeasePlan, now: Instant): Decision {
  const due = asksLeft(plan.terms, plan.lease.asked)
    .filter(({ at }) => compareInstants(at, now) <= 0)
    .map(({ days }) => days)
  if (due.length === 0) return { plan, effects: [] }
  // Of two that are due at once, after an outage, only the nearer is of use.
  const days = Math.min(...due)
  const { device, endChoice, extensionPercent } = plan.lease
  const data = {
    device: device.name,
    end_date: plan.terms.endDate,
    choice: endChoice.choice,
    residual: device.residual,
    monthly: extensionMonthly(plan),
    extension_percent: extensionPercent,
  }
  const key = `end-asked:${plan.terms.endDate}:${days}`
  return {
    plan: withLease(plan, { asked: [...plan.lease.asked, ...due] }),
    effects: tell(key, 'lease.end_asked', ['customer'], data),
  }
}

function termEnded(plan: LeasePlan, now: Instant): Decision {
  const { endChoice } = plan.lease
  switch (endChoice.choice) {
    case 'return':
      return over(plan, 'return', now)
    case 'buy_out':
      return boughtOut(plan, now)
    case 'extend':
      return extended(plan, endChoice.months, now)
    default:
      return endChoice satisfies never
  }
}

/** Where the device goes when the lease is over; `null`: it stays with the employee. */
const GOES_TO = { return: 'maintenance', canceled: 'maintenance', lost: 'lost', stolen: 'lost', buy_out: null } as const

/**
 * The device is to come back, is the employee's, or is gone: the lease is over for it. `before` is the plan with the months
 * that were still to come.
 */
function over(plan: LeasePlan, how: keyof typeof GOES_TO, now: Instant, before: Plan = plan): Decision {
  const data = { device: plan.lease.device.name, how }
  const to = GOES_TO[how]
  const key = `ended:${how}`
  return {
    plan: withLease(plan, { ended: { how, at: now } }),
    effects: [
      ...(to ? [unitMoved(plan, plan.lease.unit, to)] : []),
      happened(plan, key, 'lease.ended', { how }),
      ...tell(key, 'lease.ended', ['customer', 'client', 'back_office'], data),
      ...leaseEnded(before, how, now),
    ],
  }
}

/** The residual value is charged at once; the unit is `sold` when everything is paid (`boughtOutPaid`). */
function boughtOut(plan: LeasePlan, now: Instant): Decision {
  const { residual } = plan.lease.device
  const charged = extraCharged(plan, residual, { key: 'buy-out', description: 'Residual value of the device' }, now)
  const ended = over(charged.plan as LeasePlan, 'buy_out', now, plan)
  // The day that was told when it was chosen holds, unless a pause holds it back.
  const { pause } = plan
  const held = { why: 'term_end', amount: residual, date: null, until: pause?.until ?? null } as const
  const later = pause ? [...buyOutWithdrawn(plan), ...lumpSum(plan, held)] : []
  return { plan: ended.plan, effects: [...charged.effects, ...ended.effects, ...later] }
}

/** What else happens when the plan is completed: once, though a return may reopen it and have it completed again. */
export function boughtOutPaid(plan: Plan): Decision {
  if (plan.lease?.ended?.how !== 'buy_out' || plan.lease.sold) return { plan, effects: [] }
  const { unit } = plan.lease
  return {
    plan: withLease(plan, { sold: true }),
    effects: [unitMoved(plan, unit, 'sold'), happened(plan, 'sold', 'lease.device_sold', { unit })],
  }
}

/**
 * Goes on for so many months at the lower rate, on the billing days that follow. A new total is spread from now on: with
 * months that cost different amounts there is nothing to catch up with.
 */
function extended(plan: LeasePlan, months: number, now: Instant): Decision {
  const { terms, installments, lease } = plan
  const monthly = extensionMonthly(plan)
  const extendedMonths = (lease.extendedMonths ?? 0) + months
  const termMonths = terms.termMonths + months
  const newTerms = {
    ...terms,
    endDate: endDate(terms.startDate, termMonths),
    termMonths,
    count: terms.count + months,
    adjustmentPolicy: 'spread' as const,
  }
  const numbered = installments.length
  const days = nextBillingDates(terms.cadence, lastBillingDay(plan), months)
  const added = days.map((dueDate, k) => newInstallment(numbered + k + 1, dueDate, monthly))
  const amount = monthly * months
  const key = `extended:${terms.endDate}`
  const data = { device: plan.lease.device.name, months, monthly, end_date: newTerms.endDate }
  const next = withLease(
    {
      ...plan,
      terms: newTerms,
      total: plan.total + amount,
      installments: [...installments, ...pastRemindersDropped(added, newTerms, now)],
    },
    {
      ...coverExtended(plan, months),
      endChoice: { choice: 'return' },
      asked: asksMissed(newTerms, now),
      extensionMonthly: monthly,
      extendedMonths,
    },
  )
  return {
    plan: next,
    effects: [
      ...(amount > 0 ? [ledger.owed({ key, amount, description: `Extended by ${months} months` })] : []),
      happened(plan, key, 'lease.extended', { months, monthly, end_date: newTerms.endDate }),
      ...tell(key, 'lease.extended', ['customer', 'client'], data),
      ...leaseChanged(plan, next, key, now),
    ],
  }
}

function lastBillingDay({ installments, terms }: Plan): CivilDate {
  const days = installments.filter((i) => i.atOnce === null).map((i) => i.dueDate)
  return days.reduce((latest, day) => (day > latest ? day : latest), addDays(terms.startDate, -1))
}

/** The monthly amount of an extension: a share of that of the term; a second extension costs what the first did. */
export function extensionMonthly(plan: LeasePlan): Minor {
  const { extensionMonthly: agreed, extensionPercent } = plan.lease
  return agreed ?? percentOf(monthlyOf(plan), extensionPercent, plan.terms.currency)
}

// --- Before the term is over ----------------------------------------------------------------------------------------

/**
 * The employee keeps the device, or lost it without cover: the months to come and the residual value are charged at once.
 * Arrears stay owed as they are. Throws RuleBroken `lease_step_wrong`.
 */
export function keptEarly(
  plan: Plan,
  how: 'buy_out' | 'lost' | 'stolen',
  now: Instant,
  why: (typeof LUMP_SUMS)[number] = how === 'buy_out' ? 'bought_out' : how,
): Decision {
  const lease = withoutPause(running(plan), now)
  const uncovered = how === 'buy_out' ? { plan: lease, effects: [] } : coverDropped(lease, now)
  const dropped = monthsDropped(uncovered.plan, now)
  const { residual } = lease.lease.device
  const amount = dropped.amount + residual
  const owed = extraCharged(
    { ...dropped.plan, total: dropped.plan.total - dropped.amount },
    amount,
    { key: 'kept-early', description: 'What was still to come, and the residual value', alreadyOwed: dropped.amount },
    now,
  )
  const told = lumpSum(plan, { why, amount, date: today(plan, now) })
  const effects = [...uncovered.effects, ...owed.effects, ...told]
  return endingToday(plan, { plan: withLease(owed.plan, { toCome: 'charged' }), effects }, how, now)
}

/** Lost, and covered by the damage waiver: nothing of what was to come is owed any more. Throws `lease_step_wrong`. */
export function lostWithCover(plan: Plan, how: 'lost' | 'stolen', now: Instant): Decision {
  const lease = withoutPause(running(plan), now)
  const forgiven = toComeForgiven(lease, now)
  const waiver = coverCharged(lease, now)
  return endingToday(plan, { ...forgiven, plan: withLease(forgiven.plan, { toCome: 'forgiven', waiver }) }, how, now)
}

function toComeForgiven(plan: LeasePlan, on: Instant): Decision {
  const dropped = monthsDropped(plan, on)
  const { amount } = dropped
  const key = `covered:${plan.sequence.change + 1}`
  return {
    plan: { ...dropped.plan, total: dropped.plan.total - amount },
    effects: amount > 0 ? [ledger.noLongerOwed({ key, amount, description: 'No longer owed: lost, and covered' })] : [],
  }
}

/**
 * The lease was over before its term while a payment for months to come was under way, or had been made and is taken back:
 * they are scheduled again, and go the way of the others.
 */
function scheduledAgain(plan: LeasePlan, now: Instant): Decision {
  const { ended, toCome } = plan.lease
  if (ended === null || toCome === null || plan.lifecycle !== 'active') return { plan, effects: [] }
  // What had been due by then is arrears, however late it is charged.
  const months = monthsToCome(plan, ended.at)
  if (months.length === 0) return { plan, effects: [] }
  if (toCome === 'forgiven') return toComeForgiven(plan, ended.at)
  const installments = plan.installments.map((i) => (months.includes(i) ? { ...i, reminded: true, atOnce: now } : i))
  const amount = sum(months, unpaid)
  return {
    plan: { ...plan, installments },
    effects: lumpSum(plan, { why: 'months_to_come', amount, date: today(plan, now) }),
  }
}

/** Lost or stolen: by the damage waiver if there is one that counts. */
export function gone(plan: Plan, how: 'lost' | 'stolen', now: Instant): Decision {
  return isCovered(plan, now) ? lostWithCover(plan, how, now) : keptEarly(plan, how, now)
}

/** Cancelled after delivery: the device is to come back, also if it was to be bought and is not paid. For `cancel`. */
export function leaseCanceled(plan: LeasePlan, now: Instant): Decision {
  const { ended, sold } = plan.lease
  const isWithEmployee = ended === null || (ended.how === 'buy_out' && !sold)
  if (!isWithEmployee) return { plan, effects: [] }
  const { plan: next, effects } = over(plan, 'canceled', now)
  return { plan: next, effects: [...(ended === null ? buyOutWithdrawn(plan) : []), ...effects] }
}

/** Nothing is left of the months that were to come on that day. */
function monthsDropped(plan: LeasePlan, on: Instant): { plan: LeasePlan; amount: Minor } {
  const dropped = monthsToCome(plan, on)
  const installments = plan.installments.map((i) => (dropped.includes(i) ? nothingLeft({ ...i, amount: i.paid }) : i))
  return { plan: { ...plan, installments }, amount: sum(dropped, unpaid) }
}

/** A pause is over with the lease: what it has moved is still to come, what it leaves to be caught up with is arrears. */
function withoutPause(plan: LeasePlan, now: Instant): LeasePlan {
  return plan.pause ? { ...plan, ...resume(plan, now).plan } : plan
}

/** The term is over with this day; the plan is completed when everything is settled. */
function endingToday(
  before: Plan,
  { plan, effects }: Decision,
  how: 'buy_out' | 'lost' | 'stolen',
  now: Instant,
): Decision {
  const last = today(plan, now)
  const first = addDays(plan.terms.startDate, 1)
  const terms = { ...plan.terms, endDate: last > first ? last : first }
  const ended = over({ ...plan, terms } as LeasePlan, how, now, before)
  return { plan: ended.plan, effects: [...effects, ...buyOutWithdrawn(plan), ...ended.effects] }
}

/** One more instalment, due at once; of it, `alreadyOwed` is in the ledger. Nothing for 0. */
function extraCharged(
  plan: Plan,
  amount: Minor,
  { key, description, alreadyOwed = 0 }: { key: string; description: string; alreadyOwed?: Minor },
  now: Instant,
): Decision {
  if (amount === 0) return { plan, effects: [] }
  const number = plan.installments.length + 1
  const extra = { ...newInstallment(number, today(plan, now), amount), reminded: true, atOnce: now }
  const more = amount - alreadyOwed
  return {
    plan: { ...plan, total: plan.total + amount, installments: [...plan.installments, extra] },
    effects: more > 0 ? [ledger.owed({ key, amount: more, description })] : [],
  }
}

// --- Moments --------------------------------------------------------------------------------------------------------

function endAt({ terms }: Plan): Instant {
  return startOfDay(terms.endDate, terms.timezone)
}

function isRunning(plan: LeasePlan): boolean {
  return plan.lifecycle === 'active' && plan.lease.ended === null
}

function running(plan: Plan): LeasePlan {
  if (isLease(plan) && isRunning(plan)) return plan
  const state = plan.lease?.ended ? 'over' : plan.lifecycle
  throw new RuleBroken('lease_step_wrong', `The device of a lease that is ${state} is not with its employee.`)
}
