import { addDays, civilOf, compareInstants, moment, nextBillingDates, startOfDay } from '../calendar.ts'
import { RuleBroken } from '../errors.ts'
import { type Minor, percentOf } from '../money.ts'
import type { Decision, Effect } from '../plans/effects.ts'
import { sum, unpaid } from '../plans/figures.ts'
import * as ledger from '../plans/ledger.ts'
import type { Plan } from '../plans/plan.ts'
import { nothingLeft } from '../plans/refunding.ts'
import { endDate, newInstallment } from '../plans/schedule.ts'
import type { CivilDate, Instant } from '../plans/terms.ts'
import { type EndChoice, isLease, type LeaseEnd, type LeasePlan, leaseOf, withLease } from './lease.ts'
import { happened, unitMoved } from './order.ts'
import { monthlyOf } from './pricing.ts'
import { tell } from './told.ts'

/** How a lease ends: at its term by return, extension or buy-out, or before it. Keeps Leasing. */

/** Days before the end on which the employee is asked. */
const ASKED_BEFORE = [30, 7] as const

/** What is to come at the end of the term; may be chosen anew until then. Throws RuleBroken `lease_step_wrong`. */
export function endChosen(plan: Plan, choice: EndChoice): Decision {
  const lease = running(plan).lease
  if (JSON.stringify(lease.endChoice) === JSON.stringify(choice)) return { plan, effects: [] }
  const key = `end-chosen:${plan.sequence.change + 1}`
  return {
    plan: withLease(plan, { endChoice: choice }),
    effects: [happened(plan, key, 'lease.end_chosen', { ...choice })],
  }
}

/** The employee is asked 30 and 7 days before; at 00:00 of the end date what was chosen is done. */
export function endTimePassed(plan: Plan, now: Instant): Decision {
  if (!isLease(plan) || !isRunning(plan)) return { plan, effects: [] }
  const asked = endAsked(plan, now)
  if (compareInstants(endAt(plan), now) > 0) return asked
  const ended = termEnded(asked.plan as LeasePlan, now)
  return { plan: ended.plan, effects: [...asked.effects, ...ended.effects] }
}

export function endMoments(plan: Plan): Instant[] {
  if (!isLease(plan) || !isRunning(plan)) return []
  return [
    ...ASKED_BEFORE.filter((days) => !plan.lease.asked.includes(days)).map((days) => askAt(plan, days)),
    endAt(plan),
  ]
}

function endAsked(plan: LeasePlan, now: Instant): Decision {
  const due = ASKED_BEFORE.filter(
    (days) => !plan.lease.asked.includes(days) && compareInstants(askAt(plan, days), now) <= 0,
  )
  if (due.length === 0) return { plan, effects: [] }
  // Of two that are due at once, after an outage or in a short term, only the nearer is of use.
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
      return boughtOut(plan, plan.lease.device.residual, now)
    case 'extend':
      return extended(plan, endChoice.months)
    default:
      return endChoice satisfies never
  }
}

/** The device is to come back, is the employee's, or is gone: the lease is over for it. */
function over(plan: LeasePlan, how: LeaseEnd, now: Instant): Decision {
  const data = { device: plan.lease.device.name, how }
  const to = { return: 'maintenance', canceled: 'maintenance', lost: 'lost', stolen: 'lost' }[how as string] as
    | 'maintenance'
    | 'lost'
    | undefined
  return {
    plan: withLease(plan, { ended: { how, at: now } }),
    effects: [
      ...(to ? [unitMoved(plan, plan.lease.unit, to)] : []),
      happened(plan, 'ended', 'lease.ended', { how }),
      ...tell('ended', 'lease.ended', ['customer', 'client', 'back_office'], data),
    ],
  }
}

/** The residual value is charged at once; the unit is `sold` when everything is paid (`boughtOutPaid`). */
function boughtOut(plan: LeasePlan, residual: Minor, now: Instant): Decision {
  const charged = extraCharged(plan, residual, { key: 'buy-out', description: 'Residual value of the device' }, now)
  const ended = over(charged.plan as LeasePlan, 'buy_out', now)
  return { plan: ended.plan, effects: [...charged.effects, ...ended.effects] }
}

/** What else happens when the plan is completed. */
export function boughtOutPaid(plan: Plan): Effect[] {
  if (plan.lease?.ended?.how !== 'buy_out') return []
  return [
    unitMoved(plan, plan.lease.unit, 'sold'),
    happened(plan, 'sold', 'lease.device_sold', { unit: plan.lease.unit }),
  ]
}

/** Goes on for so many months at the lower rate, on the billing days that follow. */
function extended(plan: LeasePlan, months: number): Decision {
  const { terms, installments } = plan
  const monthly = extensionMonthly(plan)
  const last = installments.reduce<CivilDate>((latest, i) => (i.dueDate > latest ? i.dueDate : latest), terms.startDate)
  const numbered = installments.length
  const days = nextBillingDates(terms.cadence, last, months)
  const added = days.map((dueDate, k) => newInstallment(numbered + k + 1, dueDate, monthly))
  const amount = monthly * months
  const newTerms = {
    ...terms,
    endDate: endDate(terms.endDate, months),
    termMonths: terms.termMonths + months,
    count: terms.count + months,
  }
  const key = `extended:${terms.endDate}`
  const data = { device: plan.lease.device.name, months, monthly, end_date: newTerms.endDate }
  const next = withLease(
    { ...plan, terms: newTerms, total: plan.total + amount, installments: [...installments, ...added] },
    { endChoice: { choice: 'return' }, asked: [], extensionMonthly: monthly },
  )
  return {
    plan: next,
    effects: [
      ...(amount > 0 ? [ledger.owed({ key, amount, description: `Extended by ${months} months` })] : []),
      happened(plan, key, 'lease.extended', { months, monthly, end_date: newTerms.endDate }),
      ...tell(key, 'lease.extended', ['customer', 'client'], data),
    ],
  }
}

/** The monthly amount of an extension: a share of that of the term; a second extension costs what the first did. */
export function extensionMonthly(plan: LeasePlan): Minor {
  const { extensionMonthly: agreed, extensionPercent } = plan.lease
  return agreed ?? percentOf(monthlyOf(plan), extensionPercent, plan.terms.currency)
}

// --- Before the term is over ----------------------------------------------------------------------------------------

/**
 * The employee keeps the device, or lost it without cover: what is scheduled and the residual value are charged at once.
 * Throws RuleBroken `lease_step_wrong`.
 */
export function keptEarly(plan: Plan, how: 'buy_out' | 'lost' | 'stolen', now: Instant): Decision {
  const lease = running(plan)
  const dropped = scheduledDropped(lease)
  const { residual } = lease.lease.device
  const owed = extraCharged(
    { ...dropped.plan, total: dropped.plan.total - dropped.amount },
    dropped.amount + residual,
    { key: 'kept-early', description: 'What was still to come, and the residual value', alreadyOwed: dropped.amount },
    now,
  )
  return endingToday(owed, how, now)
}

/** Lost, and covered by the damage waiver: nothing of what was to come is owed any more. Throws `lease_step_wrong`. */
export function lostWithCover(plan: Plan, how: 'lost' | 'stolen', now: Instant): Decision {
  const dropped = scheduledDropped(running(plan))
  const { amount } = dropped
  const effects: Effect[] =
    amount > 0
      ? [ledger.noLongerOwed({ key: 'covered', amount, description: 'No longer owed: lost, and covered' })]
      : []
  return endingToday({ plan: { ...dropped.plan, total: dropped.plan.total - amount }, effects }, how, now)
}

/** Lost or stolen: by the damage waiver if there is one. */
export function gone(plan: Plan, how: 'lost' | 'stolen', now: Instant): Decision {
  return leaseOf(plan).waiver > 0 ? lostWithCover(plan, how, now) : keptEarly(plan, how, now)
}

/** Cancelled after delivery: the device is to come back. For `cancel`. */
export function leaseCanceled(plan: LeasePlan, now: Instant): Decision {
  return plan.lease.ended ? { plan, effects: [] } : over(plan, 'canceled', now)
}

function scheduledDropped(plan: LeasePlan): { plan: LeasePlan; amount: Minor } {
  const amount = sum(
    plan.installments.filter((i) => i.status === 'scheduled'),
    unpaid,
  )
  const installments = plan.installments.map((i) =>
    i.status === 'scheduled' ? nothingLeft({ ...i, amount: i.paid }) : i,
  )
  return { plan: { ...plan, installments, pause: null }, amount }
}

/** The term is over with this day; the plan is completed when everything is settled. */
function endingToday({ plan, effects }: Decision, how: LeaseEnd, now: Instant): Decision {
  const today = civilOf(now, plan.terms.timezone)
  const first = addDays(plan.terms.startDate, 1)
  const terms = { ...plan.terms, endDate: today > first ? today : first }
  const ended = over({ ...plan, terms } as LeasePlan, how, now)
  return { plan: ended.plan, effects: [...effects, ...ended.effects] }
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
  const extra = { ...newInstallment(number, civilOf(now, plan.terms.timezone), amount), reminded: true, atOnce: now }
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

function askAt({ terms }: Plan, days: number): Instant {
  return moment(addDays(terms.endDate, -days), terms.billingTime, terms.timezone)
}

function isRunning(plan: LeasePlan): boolean {
  return plan.lifecycle === 'active' && plan.lease.ended === null
}

function running(plan: Plan): LeasePlan {
  if (isLease(plan) && isRunning(plan)) return plan
  const state = plan.lease?.ended ? 'over' : plan.lifecycle
  throw new RuleBroken('lease_step_wrong', `The device of a lease that is ${state} is not with its employee.`)
}
