import type { Minor } from '../money.ts'
import type { Plan } from '../plans/plan.ts'
import { type CivilDate, type Instant, REMINDER_DAYS } from '../plans/terms.ts'

/**
 * What a lease is beside being a plan: a device that an employee has for a term. Its instalments, charges and end are the
 * plan's; what happens to the device is told by effects, so that stock and plan are written together (docs/rules.md,
 * Leasing).
 */
export type Lease = {
  /** The employer; the plan's customer is the employee. */
  client: string
  payer: Payer
  device: LeasedDevice
  /** The unit that is reserved for it or with the employee. */
  unit: string
  /** Charged for damage cover, within the total; 0 for none. Minor units. */
  waiver: Minor
  /** What of each month to come is for cover, in minor units; missing while it is what it was with the order. */
  waiverMonthly?: Minor
  /** The months, by number, with which cover was added in mid-term; missing for cover taken with the order. */
  coveredMonths?: number[]
  /** What a month costs since an exchange or a waiver; `null` while the Schedule rule says it. Minor units. */
  monthly: Minor | null
  extensionPercent: number
  order: Order
  endChoice: EndChoice
  /** Days before the end of the term on which the employee was asked what is to come. */
  asked: number[]
  /** The agreed monthly amount of an extension, once there is one. */
  extensionMonthly: Minor | null
  /** By how many months the term has been extended; missing while it has not. */
  extendedMonths?: number
  /** What became of the device when the lease was over for it. */
  ended: { how: LeaseEnd; at: Instant } | null
  /** The lease was over before its term: what becomes of months that are scheduled again after that. */
  toCome: 'charged' | 'forgiven' | null
  /** Bought out and paid: the device is the employee's for good. */
  sold: boolean
}

export const PAYERS = ['payroll', 'employee'] as const
export type Payer = (typeof PAYERS)[number]

/** Unless it is agreed otherwise: nobody needs to be reminded of what comes off their pay (keeps Telling). */
export function reminderDaysOf(payer: Payer): number {
  return payer === 'payroll' ? 0 : REMINDER_DAYS
}

/** The model as it was when it was ordered; amounts in minor units. */
export type LeasedDevice = { code: string; name: string; price: Minor; subsidy: Minor; residual: Minor }

export type Order = {
  orderedAt: Instant
  /** The back office is reminded on this day, and a broker told on the next one, when it is not dispatched by then. */
  dispatchBy: CivilDate
  /** Who was told that it is late. */
  overdue: 'no' | 'reminded' | 'escalated'
  escalation: string | null
  dispatchedAt: Instant | null
  tracking: string | null
  deliveredAt: Instant | null
}

export type EndChoice = { choice: 'return' } | { choice: 'buy_out' } | { choice: 'extend'; months: number }
export type LeaseEnd = 'return' | 'buy_out' | 'lost' | 'stolen' | 'canceled' | 'terminated'
export const OFFBOARDING_RULES = ['return', 'buy_out', 'transfer'] as const
export type OffboardingRule = (typeof OFFBOARDING_RULES)[number]

export const UNIT_STATUSES = ['available', 'reserved', 'leased', 'maintenance', 'lost', 'sold', 'retired'] as const
export type UnitStatus = (typeof UNIT_STATUSES)[number]

/** A unit of the stock changes hands; `lease` is the one that it belongs to from now on, or that gives it up. */
export type UnitMoved = { write: 'unit'; unit: string; to: UnitStatus; lease: string }

/** A plan that is a lease. */
export type LeasePlan = Plan & { lease: Lease }

export function isLease(plan: Plan): plan is LeasePlan {
  return plan.lease !== undefined
}

export function leaseOf(plan: Plan): Lease {
  if (!plan.lease) throw new Error(`Plan ${plan.id} is no lease`)
  return plan.lease
}

/** The employer of a lease, or whose statement it is; `null` for another plan. */
export function clientOf(plan: Plan): string | null {
  return plan.kind === 'statement' ? plan.customer : (plan.lease?.client ?? null)
}

export function withLease<P extends Plan>(plan: P, change: Partial<Lease>): P & LeasePlan {
  return { ...plan, lease: { ...leaseOf(plan), ...change } }
}
