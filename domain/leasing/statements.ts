import {
  addDays,
  civilOf,
  compareInstants,
  isTimezone,
  monthlyDueDates,
  startOfDay,
  weeklyDueDates,
} from '../calendar.ts'
import type { Minor } from '../money.ts'
import type { CivilDate, Instant } from '../plans/terms.ts'
import type { StatementSettings } from './store.ts'

/** When the statements of a client are closed, and what they come to. Keeps Statements. */

/** From when on nothing is on a statement yet: the day, in the client's zone, and the moment. */
export type Since = { date: CivilDate; at: Instant }

/** First and last day of a statement; lines from before `cutOff` are on it. */
export type Period = { start: CivilDate; end: CivilDate; cutOff: Instant }

/** Where the first statement begins that is ever made for a client. */
export function sinceNow(now: Instant, { timezone }: StatementSettings): Since {
  return { date: civilOf(now, timezone), at: now }
}

/** Where the next statement begins. */
export function sinceEndOf({ end, cutOff }: Pick<Period, 'end' | 'cutOff'>): Since {
  return { date: addDays(end, 1), at: cutOff }
}

/**
 * The period that is open: from where the last one ended to the first closing after that, which is the first moment of a
 * closing day in the client's zone. However settings change, periods leave no day out and share none.
 */
export function openPeriod(since: Since, settings: StatementSettings): Period {
  for (let date = nextClosingDay(since.date, settings); ; date = nextClosingDay(date, settings)) {
    const cutOff = startOfDay(date, settings.timezone)
    // In a zone further east the day may have begun before the last period had ended.
    if (compareInstants(cutOff, since.at) > 0) return { start: since.date, end: addDays(date, -1), cutOff }
  }
}

/** The first closing day after a date. Each is computed from the anchor, so that a short month shifts no other. */
export function nextClosingDay(after: CivilDate, { period, day }: StatementSettings): CivilDate {
  const from = addDays(after, 1)
  if (period === 'weekly') return weeklyDueDates(from, day, 1)[0] as CivilDate
  // Of three months in a row, one begins a quarter.
  const days = monthlyDueDates(from, day, 3)
  return (period === 'monthly' ? days[0] : days.find(isInFirstMonthOfQuarter)) as CivilDate
}

function isInFirstMonthOfQuarter(date: CivilDate): boolean {
  return Number(date.slice(5, 7)) % 3 === 1
}

/** Whether they can be kept: people type signals by hand. */
export function areSettings({ period, day, timezone }: StatementSettings): boolean {
  const most = { weekly: 7, monthly: 31, quarterly: 31 }[period]
  return Number.isInteger(day) && day >= 1 && day <= most && typeof timezone === 'string' && isTimezone(timezone)
}

/**
 * What is owed by a statement: its lines, less what the one before could not set off (`carriedIn`, never above 0). Nothing
 * is paid out: what is left is carried to the next (`carriedOut`).
 */
export function statementSum(lines: Minor, carriedIn: Minor): { total: Minor; carriedOut: Minor } {
  const sum = lines + carriedIn
  return { total: Math.max(sum, 0), carriedOut: Math.min(sum, 0) }
}
