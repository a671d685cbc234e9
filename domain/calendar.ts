// The main export of the polyfill prefers a native Temporal, which is not deterministic inside workflows.
import { Temporal } from 'temporal-polyfill/implementation'
import { RuleBroken } from './errors.ts'
import type { Cadence, CivilDate, Instant } from './plans/terms.ts'

const DAY_MS = 86_400_000
const MONTH_NAMES: readonly string[] = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
]
const INSTANT = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,3}))?Z$/
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/
const ANSWERS_KEPT = 1000
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9._+-]*(\/[A-Za-z0-9._+-]+)*$/

export type YearMonthDay = { year: number; month: number; day: number }

// --- Civil dates: whole-number arithmetic, no zone and no library -------------------------------------------------

/** The parts of a `YYYY-MM-DD` date. Throws `date_invalid` for any other text and for days that no month has. */
export function parseCivil(date: string): YearMonthDay {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw dateInvalid(date)
  const parts = { year: Number(date.slice(0, 4)), month: Number(date.slice(5, 7)), day: Number(date.slice(8)) }
  const { year, month, day } = parts
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) throw dateInvalid(date)
  return parts
}

export function isCivil(date: string): boolean {
  try {
    parseCivil(date)
    return true
  } catch {
    return false
  }
}

/** The date `n` calendar days later, or earlier for a negative `n`. */
export function addDays(date: CivilDate, n: number): CivilDate {
  return civilOfEpochDay(epochDay(date) + n)
}

/** Calendar days from `a` to `b`: negative when `b` is earlier. */
export function daysBetween(a: CivilDate, b: CivilDate): number {
  return epochDay(b) - epochDay(a)
}

/** The date `n` months later, on the month's last day when it has no such day. Keeps Calendar. */
export function addMonthsClamped(date: CivilDate, n: number): CivilDate {
  const { year, month, day } = parseCivil(date)
  return dayOfMonth(year * 12 + (month - 1) + n, day)
}

/** 1 for Monday to 7 for Sunday. */
export function weekdayOf(date: CivilDate): number {
  return modulo(epochDay(date) + 3, 7) + 1
}

/**
 * `count` billing days, the first on or after `start`. Each is computed from `billingDay` (1 to 31), so that a short
 * month never shifts the ones that follow. Keeps Calendar.
 */
export function monthlyDueDates(start: CivilDate, billingDay: number, count: number): CivilDate[] {
  const { year, month } = parseCivil(start)
  const startMonth = year * 12 + (month - 1)
  const first = dayOfMonth(startMonth, billingDay) >= start ? startMonth : startMonth + 1
  return Array.from({ length: count }, (_, k) => dayOfMonth(first + k, billingDay))
}

/** `count` dates a week apart, the first the `weekday` (1 Monday to 7) on or after `start`. Keeps Calendar. */
export function weeklyDueDates(start: CivilDate, weekday: number, count: number): CivilDate[] {
  const first = epochDay(start) + modulo(weekday - weekdayOf(start), 7)
  return Array.from({ length: count }, (_, k) => civilOfEpochDay(first + 7 * k))
}

/** Weekly instalments of a term: months × 52 / 12, to the nearest whole (a third or two thirds: never a half). */
export function weeklyCount(months: number): number {
  return Math.floor((months * 13 + 1) / 3)
}

/** `count` billing days of a cadence strictly after a date: where a pause puts the missed ones. Keeps Pausing. */
export function nextBillingDates(cadence: Cadence, after: CivilDate, count: number): CivilDate[] {
  return billingDates(cadence, addDays(after, 1), count)
}

/** `count` billing days of a cadence, the first on or after `start`. Keeps Calendar. */
export function billingDates(cadence: Cadence, start: CivilDate, count: number): CivilDate[] {
  return cadence.every === 'month'
    ? monthlyDueDates(start, cadence.day, count)
    : weeklyDueDates(start, cadence.weekday, count)
}

// --- Moments: the zone's history is the polyfill's ----------------------------------------------------------------

/** The date it is in `timezone` at an instant. */
export function civilOf(instant: Instant, timezone: string): CivilDate {
  return timezone === 'UTC' && instant.endsWith('Z') ? instant.slice(0, 10) : dateAt(instant, timezone)
}

const dateAt = remembered((instant: Instant, timezone: string) =>
  Temporal.Instant.from(instant).toZonedDateTimeISO(timezone).toPlainDate().toString(),
)

/**
 * The instant of a time of day (`HH:MM`) on a date in `timezone`. A time that the day has twice is the first. One that
 * it does not have moves by the length of the gap: forwards, or backwards if forwards would leave the date. Keeps
 * Calendar.
 */
export function moment(date: CivilDate, time: string, timezone: string): Instant {
  return timezone === 'UTC' ? `${date}T${time}:00Z` : instantAt(date, time, timezone)
}

const instantAt = remembered((date: CivilDate, time: string, timezone: string) => {
  const local = Temporal.PlainDateTime.from(`${date}T${time}:00`)
  const moved = local.toZonedDateTime(timezone, { disambiguation: 'compatible' })
  const staysOnDate = moved.day === local.day
  return instantOf(
    (staysOnDate ? moved : local.toZonedDateTime(timezone, { disambiguation: 'earlier' })).epochMilliseconds,
  )
})

/**
 * A function that remembers what it has answered: a plan asks for the moments of its due dates and for the day that it is
 * many times each time it wakes, and the zone's history is slow to consult. The answer to a question never changes, so
 * that it does not matter who asked before.
 */
function remembered<Question extends string[]>(answer: (...question: Question) => string) {
  const known = new Map<string, string>()
  return (...question: Question): string => {
    const key = question.join(' ')
    const before = known.get(key)
    if (before !== undefined) return before
    if (known.size >= ANSWERS_KEPT) known.clear()
    const now = answer(...question)
    known.set(key, now)
    return now
  }
}

/** The first instant of a date in `timezone`: 00:00, or whatever the clocks show first where there is no 00:00. */
export function startOfDay(date: CivilDate, timezone: string): Instant {
  if (timezone === 'UTC') return `${date}T00:00:00Z`
  return instantOf(Temporal.PlainDate.from(date).toZonedDateTime(timezone).epochMilliseconds)
}

/** Whether `timezone` is a name of the IANA database; offsets such as `+03:00` are not. */
export function isTimezone(timezone: string): boolean {
  if (!ZONE_NAME.test(timezone)) return false
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timezone)
    return true
  } catch {
    return false
  }
}

// --- Instants: RFC 3339 in UTC -------------------------------------------------------------------------------------

/** An RFC 3339 timestamp with any offset, in UTC and in milliseconds at most. Throws `instant_invalid`. */
export function parseInstant(timestamp: string): Instant {
  if (!TIMESTAMP.test(timestamp)) throw instantInvalid(timestamp)
  try {
    return instantOf(Temporal.Instant.from(timestamp).epochMilliseconds)
  } catch {
    throw instantInvalid(timestamp)
  }
}

/** Milliseconds since 1970. Throws `instant_invalid`. */
export function epochMs(instant: Instant): number {
  const [, date, hours, minutes, seconds, fraction = ''] = INSTANT.exec(instant) ?? []
  if (date === undefined) throw instantInvalid(instant)
  const ofDay = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  return epochDay(date) * DAY_MS + ofDay * 1000 + Number(fraction.padEnd(3, '0'))
}

/** The instant `ms` milliseconds after 1970, written without a fraction when it is a whole second. */
export function instantOf(ms: number): Instant {
  const day = Math.floor(ms / DAY_MS)
  const rest = ms - day * DAY_MS
  const seconds = Math.floor(rest / 1000)
  const fraction = rest % 1000 === 0 ? '' : `.${pad(rest % 1000, 3)}`
  const time = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => pad(Math.floor(part), 2)).join(':')
  return `${civilOfEpochDay(day)}T${time}${fraction}Z`
}

/** Negative, 0 or positive as `a` is before, at or after `b`. */
export function compareInstants(a: Instant, b: Instant): number {
  // Whole seconds of equal length sort as text; a fraction does not, since '.' sorts before 'Z'.
  if (a.length === 20 && b.length === 20) return a < b ? -1 : a > b ? 1 : 0
  return Math.sign(epochMs(a) - epochMs(b))
}

export function later(a: Instant, b: Instant): Instant {
  return compareInstants(a, b) >= 0 ? a : b
}

export function earlier(a: Instant, b: Instant): Instant {
  return compareInstants(a, b) <= 0 ? a : b
}

export function plusMs(instant: Instant, ms: number): Instant {
  return instantOf(epochMs(instant) + ms)
}

/** Milliseconds from `a` to `b`: negative when `b` is earlier. */
export function msBetween(a: Instant, b: Instant): number {
  return epochMs(b) - epochMs(a)
}

/** `15 Apr 2027 09:00 New York`: the same on every machine, for timers and logs. */
export function describeMoment(instant: Instant, timezone: string): string {
  return momentInWords(instant, timezone)
}

const momentInWords = remembered((instant: Instant, timezone: string) => {
  const local = Temporal.Instant.from(instant).toZonedDateTimeISO(timezone)
  const place = timezone.slice(timezone.lastIndexOf('/') + 1).replaceAll('_', ' ')
  return `${describeDate(local.toPlainDate().toString())} ${pad(local.hour, 2)}:${pad(local.minute, 2)} ${place}`
})

/** `15 Apr 2027`. */
export function describeDate(date: CivilDate): string {
  const { year, month, day } = parseCivil(date)
  return `${day} ${MONTH_NAMES[month - 1]} ${year}`
}

// --- Arithmetic of the Gregorian calendar --------------------------------------------------------------------------

/** Months are counted from year 0: `year × 12 + month − 1`. */
function dayOfMonth(months: number, day: number): CivilDate {
  const year = Math.floor(months / 12)
  const month = modulo(months, 12) + 1
  return civil(year, month, Math.min(day, daysInMonth(year, month)))
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

// Days since 1970 by counting years from March, so that the leap day is the last of its year.
function epochDay(date: CivilDate): number {
  const { year, month, day } = parseCivil(date)
  const y = month <= 2 ? year - 1 : year
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}

function civilOfEpochDay(days: number): CivilDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  return civil(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}

function civil(year: number, month: number, day: number): CivilDate {
  if (!(year >= 0 && year <= 9999))
    throw new RuleBroken('date_invalid', 'Dates outside of years 0 to 9999 are not known')
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`
}

function pad(value: number, length: number): string {
  return String(value).padStart(length, '0')
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n
}

function dateInvalid(date: string): RuleBroken {
  return new RuleBroken('date_invalid', `${date} is not a date (YYYY-MM-DD)`)
}

function instantInvalid(instant: string): RuleBroken {
  return new RuleBroken('instant_invalid', `${instant} is not an RFC 3339 timestamp`)
}
