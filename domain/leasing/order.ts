import { addDays, civilOf, compareInstants, moment } from '../calendar.ts'
import { RuleBroken } from '../errors.ts'
import type { Decision, Effect } from '../plans/effects.ts'
import { dueMoment, sum, unpaid } from '../plans/figures.ts'
import { planKey } from '../plans/keys.ts'
import * as ledger from '../plans/ledger.ts'
import type { Plan } from '../plans/plan.ts'
import { pastRemindersDropped } from '../plans/reminders.ts'
import { agreedDueDates, endDate } from '../plans/schedule.ts'
import type { CivilDate, Instant } from '../plans/terms.ts'
import { asksMissed } from './asks.ts'
import { isLease, type LeasePlan, leaseOf, type UnitMoved, withLease } from './lease.ts'
import { leaseBegan } from './lease-changes.ts'
import { tell } from './told.ts'

/** From the order of a device to its delivery. Keeps Leasing. */

/** The device has not reached the employee yet, and may not: nothing is owed until it has. */
export function isUndelivered(plan: Plan): boolean {
  return plan.lifecycle === 'init' || plan.lifecycle === 'dispatched'
}

/** The employee has got the device, whatever became of it since. */
export function wasDelivered(plan: Plan): boolean {
  return leaseOf(plan).order.deliveredAt !== null
}

/** Cancelled or terminated before the device was delivered. */
export function wasGivenUp(plan: Plan): boolean {
  return !isUndelivered(plan) && !wasDelivered(plan)
}

/** Sent to the employee. Throws RuleBroken `lease_step_wrong` unless it waits for that. */
export function dispatched(plan: Plan, { tracking }: { tracking: string | null }, now: Instant): Decision {
  mustBe(plan, ['init'], 'dispatched')
  const { order } = leaseOf(plan)
  const sent = withLease(plan, { order: { ...order, dispatchedAt: now, tracking, escalation: null } })
  return {
    plan: { ...sent, lifecycle: 'dispatched' },
    effects: [
      ...escalationClosed(plan, 'dispatched'),
      happened(plan, 'dispatched', 'lease.dispatched', { tracking }),
      ...tell('dispatched', 'lease.dispatched', ['customer'], { device: leaseOf(plan).device.name, tracking }),
    ],
  }
}

/**
 * It has arrived: the lease is `active` and its term begins today, from which day every due date is computed. Throws
 * RuleBroken `lease_step_wrong` unless it was ordered or dispatched.
 */
export function delivered(plan: Plan, now: Instant): Decision {
  mustBe(plan, ['init', 'dispatched'], 'delivered')
  const { order, unit, device } = leaseOf(plan)
  const startDate = civilOf(now, plan.terms.timezone)
  const terms = { ...plan.terms, startDate, endDate: endDate(startDate, plan.terms.termMonths) }
  const dueDates = agreedDueDates(terms)
  const dated = plan.installments.map((i, k) => ({ ...i, dueDate: dueDates[k] ?? i.dueDate }))
  const installments = pastRemindersDropped(dated, terms, now)
  const begun = withLease(
    { ...plan, lifecycle: 'active', terms, installments },
    {
      order: { ...order, dispatchedAt: order.dispatchedAt ?? now, deliveredAt: now, escalation: null },
      asked: asksMissed(terms, now),
    },
  )
  const data = {
    device: device.name,
    start_date: startDate,
    end_date: terms.endDate,
    installments: installments.map((i) => ({
      number: i.number,
      due_date: i.dueDate,
      due_at: dueMoment(i, terms),
      amount: i.amount,
    })),
  }
  return {
    plan: begun,
    effects: [
      ...escalationClosed(plan, 'dispatched'),
      unitMoved(plan, unit, 'leased'),
      happened(plan, 'delivered', 'lease.delivered', { start_date: startDate, end_date: terms.endDate }),
      ...tell('delivered', 'lease.delivered', ['customer', 'client'], data),
      ...leaseBegan(begun, now),
    ],
  }
}

/**
 * The reserved unit cannot be sent after all: another one takes its place (`substitute`, put aside for this lease), or
 * the lease is `terminated` and nothing is charged. Throws RuleBroken `lease_step_wrong` once it was dispatched.
 */
export function outOfStock(plan: Plan, { substitute }: { substitute: string | null }, now: Instant): Decision {
  mustBe(plan, ['init'], 'marked as out of stock')
  const { unit } = leaseOf(plan)
  refuseSameUnit(plan, substitute)
  const missing = unitMoved(plan, unit, 'maintenance')
  if (substitute === null) return terminated(plan, [missing], now)
  const key = `substituted:${plan.sequence.change + 1}`
  return {
    plan: withLease(plan, { unit: substitute }),
    effects: [
      missing,
      unitMoved(plan, substitute, 'reserved'),
      happened(plan, key, 'lease.unit_substituted', { unit: substitute, instead_of: unit }),
      ...tell(key, 'dispatch.wanted', ['back_office'], { device: leaseOf(plan).device.name, unit: substitute }),
    ],
  }
}

/**
 * A new order as it goes on record with the unit that it gets: another one when the one put aside for it has gone to
 * somebody else meanwhile, and `null` when there is none left, with which it is `terminated`. Nobody hears of the first.
 */
export function opened({ plan, effects }: Decision, unit: string | null): Decision {
  const { unit: wanted, order } = leaseOf(plan)
  if (unit === wanted) return { plan, effects }
  if (unit !== null) return { plan: withLease(plan, { unit }), effects: effects.map((effect) => ofUnit(effect, unit)) }
  const agreed = effects.filter(({ write }) => write !== 'unit' && write !== 'notice')
  return terminated(plan, agreed, order.orderedAt)
}

function ofUnit(effect: Effect, unit: string): Effect {
  if (effect.write === 'unit') return { ...effect, unit }
  if (effect.write === 'notice' && 'unit' in effect.data) return { ...effect, data: { ...effect.data, unit } }
  return effect
}

/** It was out of stock from the first: whoever ordered it is refused. */
export function neverHadUnit(plan: Plan): boolean {
  const { order, ended } = leaseOf(plan)
  return ended?.how === 'terminated' && ended.at === order.orderedAt
}

function terminated(plan: Plan, before: Effect[], now: Instant): Decision {
  const amount = sum(plan.installments, unpaid)
  const ended = withLease(plan, {
    ended: { how: 'terminated', at: now },
    order: { ...leaseOf(plan).order, escalation: null },
  })
  const data = { device: leaseOf(plan).device.name }
  return {
    plan: {
      ...ended,
      lifecycle: 'terminated',
      installments: plan.installments.map((i) => ({ ...i, status: 'canceled' as const })),
    },
    effects: [
      ...before,
      ...escalationClosed(plan, 'withdrawn'),
      ...(amount > 0
        ? [ledger.noLongerOwed({ key: 'terminated', amount, description: 'No longer owed: out of stock' })]
        : []),
      happened(plan, 'terminated', 'lease.terminated', { reason: 'out_of_stock' }),
      ...tell('terminated', 'lease.terminated', ['customer', 'client', 'back_office'], data),
    ],
  }
}

/**
 * The order was cancelled before the device arrived. For `cancel`, which tells the employee. The unit is free again; one
 * that is on its way is so when it has come back and was checked in.
 */
export function orderCanceled(plan: LeasePlan, now: Instant): Decision {
  const { order, unit, device } = plan.lease
  const data = { device: device.name, unit, how: 'canceled' }
  return {
    plan: withLease(plan, { ended: { how: 'canceled', at: now }, order: { ...order, escalation: null } }),
    effects: [
      ...escalationClosed(plan, 'plan_canceled'),
      unitMoved(plan, unit, order.dispatchedAt === null ? 'available' : 'maintenance'),
      happened(plan, 'ended:canceled', 'lease.ended', { how: 'canceled' }),
      ...tell('ended:canceled', 'lease.ended', ['client', 'back_office'], data),
    ],
  }
}

// --- What time brings about ----------------------------------------------------------------------------------------

/** A device that is not dispatched in time: the back office is reminded, on the next day a broker is told. */
export function orderTimePassed(plan: Plan, now: Instant): Decision {
  if (!isLease(plan) || plan.lifecycle !== 'init') return { plan, effects: [] }
  const { order, device, unit } = plan.lease
  const is = (at: Instant) => compareInstants(at, now) <= 0
  const data = { device: device.name, unit, dispatch_by: order.dispatchBy }
  let next: LeasePlan = plan
  const effects: Effect[] = []
  if (order.overdue === 'no' && is(remindAt(plan))) {
    next = withLease(next, { order: { ...order, overdue: 'reminded' } })
    effects.push(...tell('dispatch-overdue', 'dispatch.overdue', ['back_office'], data))
  }
  if (order.overdue !== 'escalated' && is(escalateAt(plan))) {
    const escalation = orderEscalation(plan)
    next = withLease(next, { order: { ...order, overdue: 'escalated', escalation } })
    effects.push(
      { write: 'escalation', id: escalation, about: { order: true }, reason: 'not_dispatched', code: null, amount: 0 },
      happened(plan, `opened:${escalation}`, 'escalation.opened', {
        escalation_id: escalation,
        reason: 'not_dispatched',
        amount: 0,
      }),
    )
  }
  return { plan: next, effects }
}

export function orderMoments(plan: Plan): Instant[] {
  if (!isLease(plan) || plan.lifecycle !== 'init') return []
  const { overdue } = plan.lease.order
  return [...(overdue === 'no' ? [remindAt(plan)] : []), ...(overdue === 'escalated' ? [] : [escalateAt(plan)])]
}

function remindAt({ lease, terms }: LeasePlan): Instant {
  return moment(lease.order.dispatchBy, terms.billingTime, terms.timezone)
}

function escalateAt({ lease, terms }: LeasePlan): Instant {
  return moment(addDays(lease.order.dispatchBy, 1), terms.billingTime, terms.timezone)
}

/** A broker has the back office reminded again; the escalation stays open until the device is dispatched. */
export function remindedAgain(plan: Plan): Effect[] {
  const { device, unit, order } = leaseOf(plan)
  const data = { device: device.name, unit, dispatch_by: order.dispatchBy }
  return tell(`dispatch-overdue:${plan.sequence.change + 1}`, 'dispatch.overdue', ['back_office'], data)
}

function orderEscalation(plan: Plan): string {
  return `esc_${planKey(plan)}_order`
}

// --- Shared ---------------------------------------------------------------------------------------------------------

export function unitMoved(plan: Pick<Plan, 'id'>, unit: string, to: UnitMoved['to']): UnitMoved {
  return { write: 'unit', unit, to, lease: plan.id }
}

export function happened(plan: Pick<Plan, 'id'>, key: string, type: string, data: Record<string, unknown>): Effect {
  return { write: 'event', key, type, data: { plan_id: plan.id, ...data } }
}

function escalationClosed(plan: Plan, action: 'dispatched' | 'withdrawn' | 'plan_canceled'): Effect[] {
  const id = leaseOf(plan).order.escalation
  if (id === null) return []
  return [
    { write: 'escalation_resolved', id, resolution: { action } },
    happened(plan, `resolved:${id}`, 'escalation.resolved', { escalation_id: id, action }),
  ]
}

/** A unit that takes the place of another is another one. Throws RuleBroken `invalid_request`. */
export function refuseSameUnit(plan: Plan, unit: string | null): void {
  if (unit !== leaseOf(plan).unit) return
  const message = 'unit is the one that the lease has already'
  throw new RuleBroken('invalid_request', `${message}.`, [{ pointer: '/unit', message }])
}

function mustBe(plan: Plan, lifecycles: Plan['lifecycle'][], what: string): void {
  if (isLease(plan) && lifecycles.includes(plan.lifecycle)) return
  throw new RuleBroken('lease_step_wrong', `A lease that is ${plan.lifecycle} cannot be ${what}.`)
}

/** The day counted for a cancellation that comes before the device: nothing is kept of it (keeps Cancelling). */
export function dayBeforeTerm(plan: Plan): CivilDate {
  return addDays(plan.terms.startDate, -1)
}
