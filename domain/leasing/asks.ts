import { addDays, compareInstants, moment } from '../calendar.ts'
import type { Instant, Terms } from '../plans/terms.ts'

/** When the employee is asked what is to come at the end of the term. Keeps Leasing. */

/** Days before the end. */
const ASKED_BEFORE = [30, 7] as const

type Dates = Pick<Terms, 'endDate' | 'billingTime' | 'timezone'>

/** What is still to be asked: days before the end, and the moment. */
export function asksLeft(terms: Dates, asked: readonly number[]): { days: number; at: Instant }[] {
  return ASKED_BEFORE.filter((days) => !asked.includes(days)).map((days) => ({ days, at: askAt(terms, days) }))
}

/** As reminders, an ask whose moment is already past when the term is agreed is not sent. */
export function asksMissed(terms: Dates, now: Instant): number[] {
  return ASKED_BEFORE.filter((days) => compareInstants(askAt(terms, days), now) < 0)
}

function askAt({ endDate, billingTime, timezone }: Dates, days: number): Instant {
  return moment(addDays(endDate, -days), billingTime, timezone)
}
