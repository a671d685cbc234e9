import { RuleBroken } from '../errors.ts'
import type { Minor } from '../money.ts'
import { type Adjustment, adjust } from '../plans/adjust.ts'
import { cancel } from '../plans/cancel.ts'
import type { Decision } from '../plans/effects.ts'
import { changePaymentMethod } from '../plans/method.ts'
import type { PaymentMethod, Plan } from '../plans/plan.ts'
import type { Instant } from '../plans/terms.ts'
import { keptEarly } from './end.ts'
import { type LeasedDevice, leaseOf, type OffboardingRule, withLease } from './lease.ts'
import { happened, isUndelivered, unitMoved } from './order.ts'
import { totalWithMonthly } from './pricing.ts'
import { tell } from './told.ts'

/** What may change while a lease runs. Keeps Leasing and Adjusting. */

/**
 * Another device instead, at another amount a month from now on: the old one is to come back. The new unit was put aside
 * for this lease. Throws RuleBroken `lease_step_wrong`, and as `adjust` does.
 */
export function exchanged(
  plan: Plan,
  {
    unit,
    device,
    monthly,
    reason = null,
  }: { unit: string; device: LeasedDevice; monthly: Minor; reason?: string | null },
  now: Instant,
): Decision & { answer: Adjustment } {
  const lease = leaseOf(plan)
  if (plan.lifecycle !== 'active' || lease.ended)
    throw new RuleBroken('lease_step_wrong', 'Only a device that is with its employee can be exchanged.')
  const adjusted = adjust(plan, { totalAmount: totalWithMonthly(plan, monthly) }, now)
  const key = `exchanged:${plan.sequence.change + 1}`
  const data = { device: device.name, instead_of: lease.device.name, unit, monthly }
  return {
    plan: withLease(adjusted.plan, { unit, device }),
    effects: [
      unitMoved(plan, lease.unit, 'maintenance'),
      unitMoved(plan, unit, 'leased'),
      ...adjusted.effects,
      happened(plan, key, 'lease.exchanged', { unit, device_code: device.code, instead_of: lease.unit, reason }),
      ...tell(key, 'lease.exchanged', ['customer', 'client', 'back_office'], data),
    ],
    answer: adjusted.answer,
  }
}

/** Damage cover for the months that are still to come. Throws RuleBroken `lease_step_wrong` when it is covered already. */
export function waiverAdded(
  plan: Plan,
  { monthly }: { monthly: Minor },
  now: Instant,
): Decision & { answer: Adjustment } {
  const lease = leaseOf(plan)
  if (lease.waiver > 0) throw new RuleBroken('lease_step_wrong', 'The device is covered already.')
  const months = plan.installments.filter((i) => i.status === 'scheduled').length
  const adjusted = adjust(plan, { totalAmount: plan.total + monthly * months }, now)
  return { ...adjusted, plan: withLease(adjusted.plan, { waiver: monthly * months }) }
}

/**
 * The employee leaves (keeps Leasing, by the rule of the client): the device comes back, is bought from the last pay, or
 * the lease goes on with the employee's own payment method. What is not delivered yet is cancelled at no cost.
 */
export function offboarded(
  plan: Plan,
  { rule, paymentMethod }: { rule: OffboardingRule; paymentMethod: PaymentMethod | null },
  now: Instant,
): Decision & { answer: { outcome: OffboardingRule | 'canceled' | 'unchanged' } } {
  const lease = leaseOf(plan)
  if (isUndelivered(plan)) return { ...withoutAnswer(cancel(plan, now)), answer: { outcome: 'canceled' } }
  if (lease.ended || plan.lifecycle !== 'active') return { plan, effects: [], answer: { outcome: 'unchanged' } }
  switch (rule) {
    case 'return':
      return { ...withoutAnswer(cancel(plan, now)), answer: { outcome: rule } }
    case 'buy_out':
      return { ...keptEarly(plan, 'buy_out', now), answer: { outcome: rule } }
    case 'transfer':
      return { ...transferred(plan, paymentMethod), answer: { outcome: rule } }
    default:
      return rule satisfies never
  }
}

function transferred(plan: Plan, paymentMethod: PaymentMethod | null): Decision {
  if (leaseOf(plan).payer === 'employee') return { plan, effects: [] }
  if (!paymentMethod) {
    const message = 'The employee has no payment method of their own to go on with'
    throw new RuleBroken('invalid_request', `${message}.`, [{ pointer: '/payment_method', message }])
  }
  const { plan: changed, effects } = changePaymentMethod(plan, paymentMethod)
  return { plan: withLease(changed, { payer: 'employee' }), effects }
}

function withoutAnswer({ plan, effects }: Decision): Decision {
  return { plan, effects }
}
