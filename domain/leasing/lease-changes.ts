import type { Minor } from '../money.ts'
import { today } from '../plans/figures.ts'
import type { Plan } from '../plans/plan.ts'
import type { CivilDate, Instant } from '../plans/terms.ts'
import type { LeaseEnd } from './lease.ts'

/** What a company reads of its leases on the statement of a period: those that began, changed and ended (keeps Statements). */

/** In the order in which a statement lists them. */
export const LEASE_CHANGES = ['began', 'changed', 'ended'] as const
export type LeaseChange = (typeof LEASE_CHANGES)[number]

/** How a lease ended for the company: a transferred one goes on at the expense of its employee. */
export const LEASE_ENDINGS = ['return', 'buy_out', 'lost', 'stolen', 'canceled', 'transfer'] as const
export type LeaseEnding = (typeof LEASE_ENDINGS)[number]

/** To be listed once by the next statement of the employer. Amounts are what a whole month takes from pay, in minor units. */
export type LeaseChanged = {
  write: 'lease_change'
  key: string
  change: LeaseChange
  date: CivilDate
  device: { code: string; name: string }
  /** Exchanged for `device`. */
  previousDevice: string | null
  monthly: Minor | null
  previousMonthly: Minor | null
  how: LeaseEnding | null
}

/** It was delivered. An order that never was did not begin, and so does not end either. */
export function leaseBegan(plan: Plan, now: Instant): LeaseChanged[] {
  return listed(plan, { key: 'began', change: 'began', monthly: monthTaken(plan, now) }, now)
}

/** Another amount, device or term, while the device is with its employee. */
export function leaseChanged(before: Plan, after: Plan, key: string, now: Instant): LeaseChanged[] {
  if (before.lease?.ended) return []
  const given = before.lease
  const isExchanged = given !== undefined && given.unit !== after.lease?.unit
  const previousDevice = isExchanged ? given.device.name : null
  const months = { monthly: monthTaken(after, now), previousMonthly: monthTaken(before, now) }
  return listed(after, { key, change: 'changed', previousDevice, ...months }, now)
}

/** Once for each lease, however it goes on after that; `before` is the plan while its months were still to come. */
export function leaseEnded(
  before: Plan,
  how: Exclude<LeaseEnd, 'terminated'> | 'transfer',
  now: Instant,
): LeaseChanged[] {
  if (before.lease?.ended) return []
  return listed(before, { key: 'ended', change: 'ended', previousMonthly: monthTaken(before, now), how }, now)
}

/** Nothing for a lease that its employee pays: it is on no statement. */
function listed(
  plan: Plan,
  about: Pick<LeaseChanged, 'key' | 'change'> & Partial<LeaseChanged>,
  now: Instant,
): LeaseChanged[] {
  const { lease } = plan
  if (lease?.payer !== 'payroll') return []
  const { code, name } = lease.device
  const nothing = { previousDevice: null, monthly: null, previousMonthly: null, how: null }
  return [{ write: 'lease_change', device: { code, name }, date: today(plan, now), ...nothing, ...about }]
}

/**
 * What the next month takes of which nothing is paid ahead, or else what one takes that is overdue, or the last one took
 * when none is to come.
 */
function monthTaken(plan: Plan, now: Instant): Minor | null {
  const day = today(plan, now)
  const months = plan.installments.filter(({ atOnce }) => atOnce === null)
  const open = months.filter(({ status, paid }) => (status === 'scheduled' || status === 'canceled') && paid === 0)
  return (open.find(({ dueDate }) => dueDate >= day) ?? open[0] ?? months.at(-1))?.amount ?? null
}
