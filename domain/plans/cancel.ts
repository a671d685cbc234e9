import { RuleBroken } from '../errors.ts'
import { leaseCanceled } from '../leasing/end.ts'
import { isLease, type LeasePlan } from '../leasing/lease.ts'
import { dayBeforeTerm, isUndelivered, orderCanceled } from '../leasing/order.ts'
import { lumpSum } from '../leasing/told.ts'
import { cancellationFigures } from './cancellation.ts'
import { type ChargeOfTheDay, chargeOfTheDay } from './coming.ts'
import type { Decision, Effect } from './effects.ts'
import { resolved } from './escalate.ts'
import { hasOpenCharge, netTotal, sum, today, unpaid } from './figures.ts'
import * as ledger from './ledger.ts'
import { unaskedGivenUp } from './pay.ts'
import type { Cancellation, Installment, Plan } from './plan.ts'
import { refundWanted } from './refunding.ts'
import { newInstallment } from './schedule.ts'
import type { Instant } from './terms.ts'

export type CancellationAnswer = { cancellation: Cancellation; provisional: boolean; chargeOfTheDay: ChargeOfTheDay }

/**
 * Cancels a plan at `now`, effective the same day (keeps Cancelling). A charge under way is left to end; the refund is
 * then computed again. Cancelling twice is one cancellation. Throws RuleBroken `plan_not_active` for a completed plan, and
 * `lease_step_wrong` for a lease whose device is gone.
 */
export function cancel(plan: Plan, now: Instant): Decision & { answer: CancellationAnswer } {
  if (!plan.cancellation) refuseWhenGone(plan)
  return givenUp(plan, now)
}

/** What is owed for a device that is gone is a broker's to write off. */
function refuseWhenGone({ lease, lifecycle }: Plan): void {
  const how = lifecycle === 'active' ? lease?.ended?.how : undefined
  if (how !== 'lost' && how !== 'stolen') return
  throw new RuleBroken('lease_step_wrong', `The device is ${how}: what is owed for it stays owed.`)
}

/** The same for a broker, who may also write off what is owed for a device that is gone. */
export function givenUp(plan: Plan, now: Instant): Decision & { answer: CancellationAnswer } {
  const facts = { provisional: hasOpenCharge(plan), chargeOfTheDay: chargeOfTheDay(plan, now) }
  if (plan.cancellation) return { plan, effects: [], answer: { cancellation: plan.cancellation, ...facts } }
  if (plan.lifecycle === 'completed' || plan.lifecycle === 'terminated')
    throw new RuleBroken('plan_not_active', `The plan is ${plan.lifecycle}: nothing is left to cancel.`)
  const unasked = unaskedGivenUp(plan)
  const dropped = installmentsDropped(unasked.plan)
  const cancellation = {
    ...figures(dropped.plan, today(plan, now)),
    at: now,
    effectiveDate: today(plan, now),
    feesBooked: 0,
  }
  const ending: Plan = {
    ...dropped.plan,
    lifecycle: 'pending_cancellation',
    pause: null,
    overcharge: 0,
    cancellation: { ...cancellation, refund: 0 },
  }
  const device = isLease(ending) ? deviceGivenUp(plan, ending, now) : { plan: ending, effects: [] }
  const applied = figuresApplied(device.plan, cancellation, now)
  return {
    plan: applied.plan,
    effects: [
      ...unasked.effects,
      ...dropped.effects,
      ...device.effects,
      ...told(ending, cancellation),
      ...applied.effects,
    ],
    answer: {
      cancellation: applied.plan.cancellation ?? cancellation,
      ...facts,
      provisional: hasOpenCharge(ending),
    },
  }
}

function deviceGivenUp(before: Plan, ending: LeasePlan, now: Instant): Decision {
  return isUndelivered(before) ? orderCanceled(ending, now) : leaseCanceled(ending, now)
}

/** What cancelling now would come to; changes nothing. One function with the real thing. */
export function cancellationQuote(plan: Plan, now: Instant): CancellationAnswer {
  return cancel(plan, now).answer
}

/** A charge that was under way at the cancellation has ended: the refund is computed again with what is paid now. */
export function cancellationFiguredAgain(plan: Plan, now: Instant): Decision {
  if (!plan.cancellation) return { plan, effects: [] }
  const again = { ...plan.cancellation, ...figures(plan, plan.cancellation.effectiveDate) }
  return figuresApplied(plan, again, now)
}

/** `pending_cancellation` until every refund has succeeded and nothing is under way, then `canceled`. */
export function cancellationClosed(plan: Plan): Decision {
  const open = plan.payments.length > 0 || plan.installments.some((i) => i.open !== null || i.openLink !== null)
  if (plan.lifecycle !== 'pending_cancellation' || plan.refunds.length > 0 || open) return { plan, effects: [] }
  const event: Effect = {
    write: 'event',
    key: 'canceled',
    type: 'plan.canceled',
    data: { plan_id: plan.id, refund_amount: plan.cancellation?.refund ?? 0 },
  }
  return { plan: { ...plan, lifecycle: 'canceled' }, effects: [event] }
}

/** An order that was cancelled before its device came counts as cancelled before the start, however long it took. */
function figures(plan: Plan, day: string) {
  const { terms, lease } = plan
  const date = lease && lease.order.deliveredAt === null ? dayBeforeTerm(plan) : day
  return cancellationFigures({ terms, netTotal: netTotal(plan), paid: keptOrToKeep(plan), date })
}

/** Paid for instalments and not given back for another reason than this cancellation. */
function keptOrToKeep(plan: Plan): number {
  return sum(plan.installments, (i) => i.paid) - plan.refundsDecided + (plan.cancellation?.refund ?? 0)
}

function installmentsDropped(plan: Plan): Decision {
  const drops = (i: Installment) =>
    i.open === null && (i.status === 'scheduled' || i.status === 'retrying' || i.status === 'escalated')
  const dropped = plan.installments.filter(drops)
  const amount = sum(dropped, unpaid) - plan.overcharge
  const entry = amount > 0 ? ledger.noLongerOwed : ledger.owed
  return {
    plan: {
      ...plan,
      installments: plan.installments.map((i) =>
        drops(i) ? { ...i, status: 'canceled' as const, retryOn: null, extra: null, escalation: null } : i,
      ),
    },
    effects: [
      ...(amount === 0
        ? []
        : [entry({ key: 'canceled', amount: Math.abs(amount), description: 'No longer owed: cancelled' })]),
      ...dropped.flatMap((i) => resolved(i, 'plan_canceled')),
    ],
  }
}

/** Brings refund, fees and balance from what was decided so far to what `to` says. */
function figuresApplied(plan: Plan, to: Cancellation, now: Instant): Decision {
  const before = plan.cancellation?.refund ?? 0
  const more = to.refund - before
  const waiting = hasOpenCharge(plan)
  // What was returned since is a broker's to collect, and not to be charged besides.
  const isCollected = plan.terms.cancellation.collectBalance && !waiting && !plan.balance
  const balance = isCollected ? Math.max(to.balance - sum(plan.installments, unpaid), 0) : 0
  const feesBooked = Math.max(feesKept(plan, to, balance), to.feesBooked)
  let next: Plan = { ...plan, cancellation: { ...to, refund: Math.max(to.refund, before), feesBooked } }
  const effects: Effect[] = []
  if (feesBooked > to.feesBooked) effects.push(...feesEntry(feesBooked, feesBooked - to.feesBooked))
  if (more > 0) {
    effects.push(
      ledger.noLongerOwed({
        key: `cancellation-refund:${plan.sequence.refund + 1}`,
        amount: more,
        description: 'To be given back: cancelled',
      }),
    )
    const refund = refundWanted(next, more, 'cancellation')
    next = refund.plan
    effects.push(...refund.effects)
  }
  if (balance > 0) {
    effects.push(
      ledger.owed({ key: 'cancellation-balance', amount: balance, description: 'Balance of the cancellation' }),
      ...lumpSum(plan, { why: 'early_end', amount: balance, date: today(plan, now) }),
    )
    next = { ...next, balance: { ...newInstallment(0, to.effectiveDate, balance), reminded: true, atOnce: now } }
  }
  const closed = cancellationClosed(next)
  return { plan: closed.plan, effects: [...effects, ...closed.effects] }
}

/** Of fee and penalty, what is covered by the money that stays: an uncollected fee is no income. */
function feesKept(plan: Plan, { earned, fee, penalty, refund }: Cancellation, balance: number): number {
  const stays = keptOrToKeep(plan) - refund + balance
  return Math.min(Math.max(stays - earned, 0), fee + penalty)
}

/** `booked` is what they come to with this entry: it only grows, and so makes the key. */
function feesEntry(booked: number, amount: number): Effect[] {
  const description = 'Fee and penalty of the cancellation'
  return [ledger.feeKept({ key: `cancellation-fee:${booked}`, amount, description })]
}

function told(plan: Plan, { at, feesBooked: _, ...cancellation }: Cancellation): Effect[] {
  return [
    {
      write: 'event',
      key: 'cancellation',
      type: 'plan.cancellation_requested',
      data: { plan_id: plan.id, ...cancellation },
    },
    {
      write: 'notice',
      key: 'canceled',
      type: 'terms.canceled',
      data: {
        ...cancellation,
        balance: plan.terms.cancellation.collectBalance ? cancellation.balance : 0,
        at,
        provisional: hasOpenCharge(plan),
      },
    },
  ]
}
