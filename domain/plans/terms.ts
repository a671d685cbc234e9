/**
 * What is agreed when a plan is made and never changes afterwards. Plain JSON: it crosses continue-as-new and is
 * stored as it is. Amounts are minor units of `currency`; dates are civil dates in `timezone`.
 */
export type Terms = {
  currency: Currency
  timezone: string
  /** Time of day at which charges are made, `HH:MM` in `timezone`. */
  billingTime: string
  cadence: Cadence
  startDate: CivilDate
  endDate: CivilDate
  termMonths: number
  /** Number of instalments of the schedule as agreed, before any extra one. */
  count: number
  /** Taken off the total, fixed at creation. */
  discount: number
  cancellation: CancellationTerms
  adjustmentPolicy: AdjustmentPolicy
  retryPolicy: RetryPolicy
  /** Days before a due date at which the customer is reminded; 0 for never. */
  reminderDays: number
}

/** Unless it is agreed otherwise. */
export const REMINDER_DAYS = 3

/** ISO 4217 code in upper case. */
export type Currency = string
/** `YYYY-MM-DD`, in the zone of the plan. */
export type CivilDate = string
/** RFC 3339 in UTC, whole seconds or milliseconds: `2027-01-15T14:00:00Z`. */
export type Instant = string

export type Cadence = { every: 'month'; day: number } | { every: 'week'; weekday: number }
export type AdjustmentPolicy = 'spread' | 'catch_up'
/** `everyDays` has one entry per retry: days from the date on which the decline became known. */
export type RetryPolicy = { retries: number; everyDays: number[] }

type AnyCancellation = { coolingOffDays?: number; fee?: number; collectBalance?: boolean }
export type CancellationTerms = AnyCancellation &
  (
    | { type: 'none' }
    | { type: 'full' }
    | { type: 'pro_rata' }
    | { type: 'short_rate'; penaltyPercent: number }
    | { type: 'tiered'; tiers: { fromDay: number; refundPercent: number }[] }
  )
