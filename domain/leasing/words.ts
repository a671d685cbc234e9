import { compareInstants, describeDate, describeMoment, startOfDay } from '../calendar.ts'
import { formatMoney } from '../money.ts'
import type { Instant } from '../plans/terms.ts'
import { asksLeft } from './asks.ts'
import { extensionMonthly } from './end.ts'
import type { LeaseEnd, LeasePlan } from './lease.ts'
import { orderMoments } from './order.ts'

/** A lease in words, for people who look at its workflow. No personal data: ids, amounts and dates only. */

/** What a lease that sleeps until `at` will do then, for its timer; `null` for nothing that is only a lease's. */
export function leaseWakeInWords(plan: LeasePlan, at: Instant): string | null {
  const is = (moment: Instant) => compareInstants(moment, at) === 0
  if (orderMoments(plan).some(is))
    return plan.lease.order.overdue === 'no'
      ? 'Reminder to dispatch the device; sent'
      : 'A broker is told that the device is not dispatched'
  if (plan.lifecycle !== 'active' || plan.lease.ended) return null
  const { terms, lease } = plan
  if (is(startOfDay(terms.endDate, terms.timezone))) return `The term ends, then ${endInWords(plan)};`
  return asksLeft(terms, lease.asked).some((ask) => is(ask.at)) ? 'Asks what is to come at the end;' : null
}

/** Where a lease stands besides being a plan, a fact each. */
export function leaseInWords(plan: LeasePlan): string[] {
  const { lease, lifecycle, terms } = plan
  const { device, unit, client, payer, order, ended } = lease
  const facts = [`Device ${device.name.replaceAll('`', "'")}, unit \`${unit}\``]
  facts.push(`Of \`${client}\`, paid by ${payer === 'payroll' ? 'payroll' : 'the employee'}`)
  if (lifecycle === 'init') facts.push(`To be dispatched by ${describeDate(order.dispatchBy)}`)
  if (order.escalation) facts.push(`Not dispatched in time: \`${order.escalation}\``)
  if (lifecycle === 'dispatched' && order.dispatchedAt)
    facts.push(`Dispatched ${describeMoment(order.dispatchedAt, terms.timezone)}`)
  if (ended) facts.push(`${ENDS[ended.how]} ${describeMoment(ended.at, terms.timezone)}`)
  else if (lifecycle === 'active') facts.push(`Ends on ${describeDate(terms.endDate)}, then ${endInWords(plan)}`)
  return facts
}

/** What of the device was the end, as the beginning of a sentence. */
export const ENDS: Record<LeaseEnd, string> = {
  return: 'To be returned',
  buy_out: 'Bought by its employee',
  lost: 'Lost',
  stolen: 'Stolen',
  canceled: 'Cancelled',
  terminated: 'Given up for want of a device',
}

/** What is to come at the end of the term, as far as it is chosen. */
export function endInWords(plan: LeasePlan): string {
  const { endChoice, device } = plan.lease
  const money = (amount: number) => formatMoney(amount, plan.terms.currency)
  switch (endChoice.choice) {
    case 'return':
      return 'the device is returned'
    case 'buy_out':
      return `it is bought for ${money(device.residual)}`
    case 'extend':
      return `it goes on for ${endChoice.months} months at ${money(extensionMonthly(plan))}`
    default:
      return endChoice satisfies never
  }
}
