import fc from 'fast-check'
import { addDays, civilOf, compareInstants, daysBetween, epochMs, instantOf, isCivil, weekdayOf } from '../calendar.ts'
import {
  areSettings,
  nextClosingDay,
  openPeriod,
  type Period,
  type Since,
  sinceEndOf,
  sinceNow,
  statementSum,
} from './statements.ts'
import type { StatementSettings } from './store.ts'

const monthly = (day: number, timezone = 'UTC'): StatementSettings => ({ period: 'monthly', day, timezone })

/** The next `count` periods by the same settings. */
function periods(since: Since, settings: StatementSettings, count: number): Period[] {
  const found: Period[] = []
  for (let from = since; found.length < count; from = sinceEndOf(found.at(-1) as Period)) {
    found.push(openPeriod(from, settings))
  }
  return found
}

const days = (since: Since, settings: StatementSettings, count: number) =>
  periods(since, settings, count).map(({ end }) => addDays(end, 1))

describe('closing days', () => {
  it('of a month that has no such day are its last one, and the next month is not shifted', () => {
    const since = sinceNow('2027-12-31T12:00:00Z', monthly(31))
    expect(days(since, monthly(31), 5)).toEqual(['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30', '2028-05-31'])
    expect(nextClosingDay('2027-02-01', monthly(30))).toBe('2027-02-28')
    expect(nextClosingDay('2027-02-28', monthly(30))).toBe('2027-03-30')
  })

  it('of weeks fall on the weekday', () => {
    const weekly = { period: 'weekly', day: 1, timezone: 'UTC' } as const
    expect(days({ date: '2027-01-04', at: '2027-01-04T00:00:00Z' }, weekly, 3)).toEqual([
      '2027-01-11',
      '2027-01-18',
      '2027-01-25',
    ])
  })

  it('of quarters fall into the first month of each', () => {
    const quarterly = { period: 'quarterly', day: 31, timezone: 'UTC' } as const
    const since = { date: '2027-02-15', at: '2027-02-15T10:00:00Z' }
    expect(days(since, quarterly, 4)).toEqual(['2027-04-30', '2027-07-31', '2027-10-31', '2028-01-31'])
    expect(nextClosingDay('2027-01-30', quarterly)).toBe('2027-01-31')
  })

  it('come after the day on which a client begins, though it be one', () => {
    expect(openPeriod(sinceNow('2027-03-01T00:00:00Z', monthly(1)), monthly(1))).toEqual({
      start: '2027-03-01',
      end: '2027-03-31',
      cutOff: '2027-04-01T00:00:00Z',
    })
  })
})

describe('the moment of a closing', () => {
  it.each([
    // Through both changes of the clocks, on both sides of UTC.
    ['America/New_York', 1, '2027-03-01', ['2027-04-01T04:00:00Z', '2027-05-01T04:00:00Z']],
    ['America/New_York', 15, '2027-10-01', ['2027-10-15T04:00:00Z', '2027-11-15T05:00:00Z']],
    ['Asia/Tokyo', 31, '2028-02-01', ['2028-02-28T15:00:00Z', '2028-03-30T15:00:00Z']],
    ['Pacific/Auckland', 5, '2027-03-10', ['2027-04-04T12:00:00Z', '2027-05-04T12:00:00Z']],
    ['Pacific/Kiritimati', 1, '2027-01-10', ['2027-01-31T10:00:00Z', '2027-02-28T10:00:00Z']],
    ['Asia/Kathmandu', 1, '2027-01-10', ['2027-01-31T18:15:00Z', '2027-02-28T18:15:00Z']],
    // On the very day of a change: Europe puts its clocks on at 01:00 UTC, Canada at 02:00 of its own.
    ['Europe/Berlin', 28, '2027-03-01', ['2027-03-27T23:00:00Z', '2027-04-27T22:00:00Z']],
    ['America/Toronto', 7, '2027-11-01', ['2027-11-07T04:00:00Z', '2027-12-07T05:00:00Z']],
    // Where the clocks go from 23:59 to 01:00 the day has no midnight.
    ['Africa/Cairo', 30, '2027-04-01', ['2027-04-29T22:00:00Z', '2027-05-29T21:00:00Z']],
    ['America/Santiago', 5, '2027-08-10', ['2027-09-05T04:00:00Z', '2027-10-05T03:00:00Z']],
  ])('in %s on day %i', (timezone, day, date, expected) => {
    const since = { date, at: `${date}T12:00:00Z` }
    expect(periods(since, monthly(day, timezone), 2).map(({ cutOff }) => cutOff)).toEqual(expected)
  })
})

describe('a change of settings', () => {
  const since = { date: '2027-02-01', at: '2027-02-01T05:00:00Z' }

  it('closes first by the new ones after the last period, which goes on where that ended', () => {
    const changed = openPeriod(since, { period: 'weekly', day: 5, timezone: 'America/New_York' })
    expect(changed).toEqual({ start: '2027-02-01', end: '2027-02-04', cutOff: '2027-02-05T05:00:00Z' })
  })

  it('of the zone neither repeats the closing of a day nor leaves one out', () => {
    // It is February 1 already in Tokyo, and not yet in Honolulu.
    expect(openPeriod(since, monthly(1, 'Asia/Tokyo'))).toMatchObject({ start: '2027-02-01', end: '2027-02-28' })
    expect(openPeriod(since, monthly(1, 'Pacific/Honolulu'))).toMatchObject({ start: '2027-02-01', end: '2027-02-28' })
    // Between the ends of the world a day begins in the east before the one before it does in the west.
    const west = { date: '2027-02-01', at: '2027-02-01T12:00:00Z' }
    const daily = { period: 'weekly', day: weekdayOf('2027-02-02'), timezone: 'Pacific/Kiritimati' } as const
    expect(openPeriod(west, daily)).toEqual({ start: '2027-02-01', end: '2027-02-08', cutOff: '2027-02-08T10:00:00Z' })
  })
})

const zones = [
  'UTC',
  'America/New_York',
  'America/Santiago',
  'Africa/Cairo',
  'Asia/Kolkata',
  'Pacific/Apia',
  'Etc/GMT+12',
]
const settings = fc
  .record({
    period: fc.constantFrom('weekly' as const, 'monthly' as const, 'quarterly' as const),
    day: fc.integer({ min: 1, max: 31 }),
    timezone: fc.constantFrom(...zones),
  })
  .map((any) => (any.period === 'weekly' ? { ...any, day: 1 + (any.day % 7) } : any))
const moments = fc.integer({ min: 1_750_000_000, max: 2_300_000_000 }).map((seconds) => instantOf(seconds * 1000))

describe('periods', () => {
  it('tile the calendar, whatever the settings become', () => {
    fc.assert(
      fc.property(moments, fc.array(settings, { minLength: 2, maxLength: 12 }), (begin, changes) => {
        let since = sinceNow(begin, changes[0] as StatementSettings)
        for (const now of changes) {
          const period = openPeriod(since, now)
          expect(period.start).toBe(since.date)
          expect(isCivil(period.end) && daysBetween(period.start, period.end)).toBeGreaterThanOrEqual(0)
          expect(compareInstants(period.cutOff, since.at)).toBeGreaterThan(0)
          // The closing is the first moment of its day there.
          const closing = addDays(period.end, 1)
          expect(civilOf(period.cutOff, now.timezone)).toBe(closing)
          expect(civilOf(instantOf(epochMs(period.cutOff) - 1), now.timezone) < closing).toBe(true)
          since = sinceEndOf(period)
        }
      }),
    )
  })

  it('are as long as they are called', () => {
    const lengths = { weekly: [7, 7], monthly: [28, 31], quarterly: [89, 92] }
    fc.assert(
      fc.property(moments, settings, (begin, one) => {
        const [, ...whole] = periods(sinceNow(begin, one), one, 6)
        const [least = 0, most = 0] = lengths[one.period]
        for (const { start, end } of whole) {
          const length = daysBetween(start, end) + 1
          expect(length >= least && length <= most).toBe(true)
        }
      }),
    )
  })
})

describe('what a statement comes to', () => {
  it.each([
    [5000, 0, { total: 5000, carriedOut: 0 }],
    [5000, -2000, { total: 3000, carriedOut: 0 }],
    [-5000, 0, { total: 0, carriedOut: -5000 }],
    [1000, -2500, { total: 0, carriedOut: -1500 }],
    [2500, -2500, { total: 0, carriedOut: 0 }],
  ])('with lines of %i and %i carried over', (lines, carried, expected) => {
    expect(statementSum(lines, carried)).toEqual(expected)
  })
})

describe('settings', () => {
  it.each([
    [monthly(31), true],
    [monthly(32), false],
    [monthly(0), false],
    [monthly(1.5), false],
    [monthly(1, 'Mars/Olympus'), false],
    [{ period: 'weekly', day: 7, timezone: 'UTC' } as const, true],
    [{ period: 'weekly', day: 8, timezone: 'UTC' } as const, false],
    [{ period: 'daily', day: 1, timezone: 'UTC' } as unknown as StatementSettings, false],
  ])('%j', (given, expected) => {
    expect(areSettings(given)).toBe(expected)
  })
})
