import { describeDate, describeMoment } from '../calendar.ts'
import { formatMoney } from '../money.ts'
import type { Period } from './statements.ts'
import type { StatementSettings } from './store.ts'

/** Where a client's statements stand, for Temporal's UI. */

/** `Statement of 1 Feb 2027 to 28 Feb 2027, closes 1 Mar 2027 00:00 New York`. */
export function periodInWords({ start, end, cutOff }: Period, { timezone }: StatementSettings): string {
  const days = start === end ? describeDate(start) : `${describeDate(start)} to ${describeDate(end)}`
  return `Statement of ${days}, closes ${describeMoment(cutOff, timezone)}`
}

const EVERY = { weekly: 'week', monthly: 'month', quarterly: 'quarter' }
const WEEKDAYS: readonly string[] = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

export function settingsInWords({ period, day, timezone }: StatementSettings): string {
  const on = period === 'weekly' ? WEEKDAYS[day - 1] : `day ${day}`
  return `Closed every ${EVERY[period]} on ${on} at midnight in ${timezone}`
}

/** `8,000 of 20,000 lines`. */
export function progressInWords({ placed, of }: { placed: number; of: number }): string {
  const count = (lines: number) => String(lines).replace(/\B(?=(\d{3})+$)/g, ',')
  return `${count(placed)} of ${count(of)} lines`
}

export function chargeInWords(number: number | string, total: number, currency: string): string {
  return `Statement ${number}: ${formatMoney(total, currency)}, charged at once`
}
