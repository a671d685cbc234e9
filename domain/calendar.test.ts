import fc from 'fast-check'
import {
  addDays,
  addMonthsClamped,
  daysBetween,
  describeDate,
  isCivil,
  monthlyDueDates,
  nextBillingDates,
  parseCivil,
  weekdayOf,
  weeklyCount,
  weeklyDueDates,
} from './calendar.ts'
import { RuleBroken } from './errors.ts'

const DAY = 86_400_000
const dayNumber = fc.integer({ min: -25_000, max: 80_000 })
const date = dayNumber.map((n) => new Date(n * DAY).toISOString().slice(0, 10))

describe('civil dates', () => {
  it.each([
    '2027-02-29',
    '2027-13-01',
    '2027-00-10',
    '2027-04-31',
    '2027-4-1',
    '20270401',
    '2027-01-01T00:00:00Z',
    '',
    ' 2027-01-01',
    '+02027-01-01',
    '2100-02-29',
  ])('%p is none', (text) => {
    expect(isCivil(text)).toBe(false)
    expect(() => parseCivil(text)).toThrow(RuleBroken)
  })

  it.each(['2028-02-29', '2000-02-29', '0001-01-01', '9999-12-31'])('%p is one', (text) => {
    expect(isCivil(text)).toBe(true)
  })

  it('agrees with Date about every day, its weekday, and the days between', () => {
    fc.assert(
      fc.property(dayNumber, dayNumber, (a, b) => {
        const [first, second] = [new Date(a * DAY), new Date(b * DAY)]
        const [from, to] = [first.toISOString().slice(0, 10), second.toISOString().slice(0, 10)]
        expect(daysBetween(from, to)).toBe(b - a)
        expect(addDays(from, b - a)).toBe(to)
        expect(weekdayOf(from)).toBe(first.getUTCDay() || 7)
      }),
    )
  })

  it('refuses to leave the years that a date can be written in', () => {
    expect(() => addDays('9999-12-31', 1)).toThrow(RuleBroken)
    expect(() => addDays('0000-01-01', -1)).toThrow(RuleBroken)
  })

  it.each([
    ['2027-01-15', 12, '2028-01-15'],
    ['2027-01-31', 1, '2027-02-28'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2028-02-29', 12, '2029-02-28'],
    ['2028-02-29', 48, '2032-02-29'],
    ['2027-12-31', 1, '2028-01-31'],
    ['2027-08-31', 18, '2029-02-28'],
    ['2027-03-31', -1, '2027-02-28'],
    ['2027-01-15', -1, '2026-12-15'],
  ])('%s and %d months is %s', (from, months, to) => {
    expect(addMonthsClamped(from, months)).toBe(to)
  })

  it('reads in words', () => {
    expect(describeDate('2027-02-05')).toBe('5 Feb 2027')
  })
})

describe('monthly due dates', () => {
  it.each([
    ['2027-01-31', 31, ['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31']],
    ['2028-01-31', 31, ['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30']],
    ['2027-02-28', 31, ['2027-02-28', '2027-03-31', '2027-04-30']],
    ['2028-02-28', 31, ['2028-02-29', '2028-03-31']],
    ['2027-02-28', 28, ['2027-02-28', '2027-03-28']],
    ['2027-01-30', 29, ['2027-02-28', '2027-03-29']],
    ['2027-01-15', 15, ['2027-01-15', '2027-02-15']],
    ['2027-01-15', 14, ['2027-02-14', '2027-03-14']],
    ['2027-01-15', 16, ['2027-01-16', '2027-02-16']],
    ['2027-12-31', 30, ['2028-01-30', '2028-02-29', '2028-03-30']],
  ])('from %s on day %d: %p', (start, billingDay, dates) => {
    expect(monthlyDueDates(start, billingDay, dates.length)).toEqual(dates)
  })

  it('do not drift in 120 months, whatever the billing day', () => {
    for (let billingDay = 1; billingDay <= 31; billingDay++) {
      const dates = monthlyDueDates('2027-01-31', billingDay, 120)
      dates.forEach((due, k) => {
        const { year, month, day } = parseCivil(due)
        const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
        expect(day).toBe(Math.min(billingDay, lastDay))
        const first = parseCivil(dates[0] ?? '')
        expect(year * 12 + month).toBe(first.year * 12 + first.month + k)
      })
    }
  })

  it('begin with the first billing day on or after the start', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: 1, max: 31 }), (start, billingDay) => {
        const [first = ''] = monthlyDueDates(start, billingDay, 1)
        expect(first >= start).toBe(true)
        expect(clampedDay(first, billingDay)).toBe(first)
        for (let day = start; day < first; day = addDays(day, 1)) expect(clampedDay(day, billingDay)).not.toBe(day)
      }),
    )
  })
})

/** The billing day of the month that `day` is in, by way of Date. */
function clampedDay(day: string, billingDay: number): string {
  const [year = 0, month = 0] = day.split('-').map(Number)
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return `${day.slice(0, 8)}${String(Math.min(billingDay, lastDay)).padStart(2, '0')}`
}

describe('weekly due dates', () => {
  it.each([
    // 2027-01-15 is a Friday.
    ['2027-01-15', 5, ['2027-01-15', '2027-01-22', '2027-01-29']],
    ['2027-01-15', 6, ['2027-01-16', '2027-01-23']],
    ['2027-01-15', 4, ['2027-01-21', '2027-01-28']],
    ['2027-01-15', 1, ['2027-01-18', '2027-01-25']],
    ['2027-01-15', 7, ['2027-01-17', '2027-01-24']],
    ['2027-12-27', 5, ['2027-12-31', '2028-01-07']],
  ])('from %s on weekday %d: %p', (start, weekday, dates) => {
    expect(weeklyDueDates(start, weekday, dates.length)).toEqual(dates)
  })

  it.each([
    [1, 4],
    [2, 9],
    [3, 13],
    [6, 26],
    [12, 52],
    [18, 78],
    [24, 104],
    [36, 156],
    [120, 520],
  ])('a term of %d months has %d', (months, weeks) => {
    expect(weeklyCount(months)).toBe(weeks)
  })
})

describe('next billing dates', () => {
  it.each([
    [{ every: 'month', day: 31 } as const, '2027-11-30', ['2027-12-31', '2028-01-31', '2028-02-29']],
    [{ every: 'month', day: 31 } as const, '2027-02-28', ['2027-03-31', '2027-04-30']],
    [{ every: 'month', day: 15 } as const, '2027-12-15', ['2028-01-15', '2028-02-15']],
    [{ every: 'week', weekday: 5 } as const, '2027-01-15', ['2027-01-22', '2027-01-29']],
  ])('of %p after %s are %p', (cadence, after, dates) => {
    expect(nextBillingDates(cadence, after, dates.length)).toEqual(dates)
  })
})
