import { RuleBroken } from '../errors.ts'
import { chargeStep, isChargeable, type Minor } from '../money.ts'
import { type Adjustment, adjust } from '../plans/adjust.ts'
import { cancel } from '../plans/cancel.ts'
import type { Decision } from '../plans/effects.ts'
import { sum, today, unpaid } from '../plans/figures.ts'
import { changePaymentMethod } from '../plans/method.ts'
import type { Installment, PaymentMethod, Plan } from '../plans/plan.ts'
import { pastRemindersDropped } from '../plans/reminders.ts'
import type { Instant } from '../plans/terms.ts'
import { coverAdded, coverExchanged } from './cover.ts'
import { buyOutTold, buyOutWithdrawn, keptEarly } from './end.ts'
import { type Lease, type LeasedDevice, leaseOf, type OffboardingRule, reminderDaysOf, withLease } from './lease.ts'
import { leaseChanged, leaseEnded } from './lease-changes.ts'
import { happened, isUndelivered, refuseSameUnit, unitMoved } from './order.ts'
import { monthlyAfterExchange, monthlyOf, monthsAt, monthsToCome } from './pricing.ts'
import { deductionChanged, lumpSum, tell } from './told.ts'

/** What may change while a lease runs. Keeps Leasing and Adjusting. */

/**
 * Another device instead, at another amount a month from now on: the old one is to come back. The new unit was put aside
 * for this lease. `monthly` is the device's by the term as it was agreed, of which an extension costs a share, and
 * `waiver` what is for cover over that term, where that changes. Throws RuleBroken: `lease_step_wrong`, `invalid_request`,
 * and as `adjust` does.
 */
export function exchanged(
  plan: Plan,
  {
    unit,
    device,
    monthly: asked,
    waiver,
    reason = null,
  }: { unit: string; device: LeasedDevice; monthly: Minor; waiver?: Minor; reason?: string | null },
  now: Instant,
): Decision & { answer: Adjustment } {
  const lease = withEmployee(plan)
  refuseSameUnit(plan, unit)
  refuseMonthly(plan, asked)
  const monthly = monthlyAfterExchange(plan, asked)
  const extensionMonthly = lease.extensionMonthly === null ? null : monthly
  // Whoever is told of the amounts is told of the device that they are for.
  const cover = waiver === undefined ? {} : coverExchanged(plan, waiver, now)
  const given = withLease(spreading(plan), { unit, device, monthly, extensionMonthly, ...cover })
  const adjusted = adjust(
    given,
    monthsAt(plan, () => monthly, now),
    now,
  )
  const key = `exchanged:${plan.sequence.change + 1}`
  const data = { device: device.name, instead_of: lease.device.name, unit, monthly }
  return {
    plan: adjusted.plan,
    effects: [
      unitMoved(plan, lease.unit, 'maintenance'),
      unitMoved(plan, unit, 'leased'),
      ...adjusted.effects,
      ...(device.residual === lease.device.residual ? [] : [...buyOutWithdrawn(plan), ...buyOutTold(given)]),
      happened(plan, key, 'lease.exchanged', { unit, device_code: device.code, instead_of: lease.unit, reason }),
      ...tell(key, 'lease.exchanged', ['customer', 'client', 'back_office'], data),
      ...leaseChanged(plan, adjusted.plan, key, now),
    ],
    answer: adjusted.answer,
  }
}

/**
 * Damage cover for the months that are still to come. Throws RuleBroken: `lease_step_wrong` when it is covered already, or
 * no month is left to cover; `amount_invalid`.
 */
export function waiverAdded(
  plan: Plan,
  { monthly }: { monthly: Minor },
  now: Instant,
): Decision & { answer: Adjustment } {
  const lease = withEmployee(plan)
  if (lease.waiver > 0) throw new RuleBroken('lease_step_wrong', 'The device is covered already.')
  const months = monthsToCome(plan, now)
  if (months.length === 0) throw new RuleBroken('lease_step_wrong', 'No month is left to be covered.')
  refuseMonthly(plan, monthly)
  const adjusted = adjust(
    spreading(plan),
    monthsAt(plan, (i) => i.amount + monthly, now),
    now,
  )
  const extensionMonthly = lease.extensionMonthly === null ? null : lease.extensionMonthly + monthly
  const costs = { monthly: monthlyOf(plan) + monthly, extensionMonthly }
  return { ...adjusted, plan: withLease(adjusted.plan, { ...coverAdded(months, monthly), ...costs }) }
}

/** With months that cost different amounts there is nothing to catch up with: a new total is spread from now on. */
function spreading(plan: Plan): Plan {
  return { ...plan, terms: { ...plan.terms, adjustmentPolicy: 'spread' } }
}

function withEmployee(plan: Plan): Lease {
  const lease = leaseOf(plan)
  if (plan.lifecycle === 'active' && lease.ended === null) return lease
  throw new RuleBroken('lease_step_wrong', 'The device is not with its employee: nothing can be changed about it.')
}

function refuseMonthly({ terms: { currency } }: Plan, monthly: Minor): void {
  if (isChargeable(monthly, currency) && monthly > 0) return
  const message = `monthly must be a multiple of ${chargeStep(currency)} above 0`
  throw new RuleBroken('amount_invalid', `${message}.`, [{ pointer: '/monthly', message }])
}

/**
 * The employee leaves (keeps Leasing, by the rule of the client): the device comes back, is bought from the last pay, or
 * the lease goes on with the employee's own payment method. What is not delivered yet is cancelled at no cost. Of a lease
 * that is over, and that pay still owes for, there is no later pay to take it from.
 */
export function offboarded(
  plan: Plan,
  { rule, paymentMethod }: { rule: OffboardingRule; paymentMethod: PaymentMethod | null },
  now: Instant,
): Decision & { answer: { outcome: OffboardingRule | 'canceled' | 'unchanged' } } {
  const lease = leaseOf(plan)
  if (isUndelivered(plan)) return { ...withoutAnswer(cancel(plan, now)), answer: { outcome: 'canceled' } }
  const isOpen = plan.lifecycle === 'active' && (lease.ended === null || lease.payer === 'payroll')
  if (!isOpen) return { plan, effects: [], answer: { outcome: 'unchanged' } }
  if (lease.ended && rule !== 'transfer') {
    const last = fromLastPay(plan, now)
    return { ...last, answer: { outcome: last.plan === plan ? 'unchanged' : rule } }
  }
  switch (rule) {
    case 'return':
      return { ...withoutAnswer(cancel(plan, now)), answer: { outcome: rule } }
    case 'buy_out': {
      const kept = keptEarly(plan, 'buy_out', now, 'offboarding')
      const last = fromLastPay(kept.plan, now)
      return { plan: last.plan, effects: [...kept.effects, ...last.effects], answer: { outcome: rule } }
    }
    case 'transfer':
      return { ...transferred(plan, paymentMethod, now), answer: { outcome: rule } }
    default:
      return rule satisfies never
  }
}

/** What is scheduled yet of a lease that is over is deducted at once: nobody is there to catch up, or to wait for a pause. */
function fromLastPay(plan: Plan, now: Instant): Decision {
  const isOpen = (i: Installment) =>
    i.status === 'scheduled' && unpaid(i) > 0 && (i.atOnce === null || plan.pause !== null)
  const open = plan.installments.filter(isOpen)
  if (leaseOf(plan).payer !== 'payroll' || open.length === 0) return { plan, effects: [] }
  const installments = plan.installments.map((i) => (isOpen(i) ? { ...i, reminded: true, atOnce: now } : i))
  const date = today(plan, now)
  const amount = (isMonth: boolean) =>
    sum(
      open.filter(({ atOnce }) => (atOnce === null) === isMonth),
      unpaid,
    )
  return {
    plan: { ...plan, installments, pause: null },
    effects: [
      ...lumpSum(plan, { why: 'open_months', amount: amount(true), date }),
      // It was told of as coming with the end of the pause.
      ...lumpSum(plan, { why: 'term_end', amount: amount(false), date }),
    ],
  }
}

function transferred(plan: Plan, paymentMethod: PaymentMethod | null, now: Instant): Decision {
  if (leaseOf(plan).payer === 'employee') return { plan, effects: [] }
  if (!paymentMethod) {
    const message = 'The employee has no payment method of their own to go on with'
    throw new RuleBroken('invalid_request', `${message}.`, [{ pointer: '/payment_method', message }])
  }
  // Reminders begin with it.
  const terms = { ...plan.terms, reminderDays: plan.terms.reminderDays || reminderDaysOf('employee') }
  const installments = pastRemindersDropped(plan.installments, terms, now)
  const { plan: changed, effects } = changePaymentMethod(
    withLease({ ...plan, terms, installments }, { payer: 'employee' }),
    paymentMethod,
  )
  const told = [...deductionChanged(plan, { monthly: 0, why: 'transferred' }), ...leaseEnded(plan, 'transfer', now)]
  return { plan: changed, effects: [...effects, ...told] }
}

function withoutAnswer({ plan, effects }: Decision): Decision {
  return { plan, effects }
}
