import fc from 'fast-check'
import {
  civilOf,
  compareInstants,
  describeMoment,
  earlier,
  epochMs,
  instantOf,
  isTimezone,
  later,
  moment,
  msBetween,
  parseInstant,
  plusMs,
  startOfDay,
} from './calendar.ts'
import { RuleBroken } from './errors.ts'

const DAY = 86_400_000

describe('moments', () => {
  it.each([
    ['an ordinary day', '2027-04-15', '09:00', 'America/New_York', '2027-04-15T13:00:00Z'],
    ['UTC', '2027-04-15', '09:00', 'UTC', '2027-04-15T09:00:00Z'],
    ['a quarter-hour zone', '2027-01-01', '09:00', 'Asia/Kathmandu', '2027-01-01T03:15:00Z'],
    ['far east', '2027-01-01', '09:00', 'Pacific/Kiritimati', '2026-12-31T19:00:00Z'],
    ['New York, hour that is missing', '2027-03-14', '02:30', 'America/New_York', '2027-03-14T07:30:00Z'],
    ['New York, just before the gap', '2027-03-14', '01:30', 'America/New_York', '2027-03-14T06:30:00Z'],
    ['New York, just after the gap', '2027-03-14', '03:00', 'America/New_York', '2027-03-14T07:00:00Z'],
    ['New York, hour that comes twice', '2027-11-07', '01:30', 'America/New_York', '2027-11-07T05:30:00Z'],
    ['New York, after the overlap', '2027-11-07', '02:00', 'America/New_York', '2027-11-07T07:00:00Z'],
    ['London, missing', '2027-03-28', '01:30', 'Europe/London', '2027-03-28T01:30:00Z'],
    ['London, twice', '2027-10-31', '01:30', 'Europe/London', '2027-10-31T00:30:00Z'],
    ['Sydney, missing', '2027-10-03', '02:30', 'Australia/Sydney', '2027-10-02T16:30:00Z'],
    ['Sydney, twice', '2027-04-04', '02:30', 'Australia/Sydney', '2027-04-03T15:30:00Z'],
    ['Lord Howe, half an hour missing', '2027-10-03', '02:15', 'Australia/Lord_Howe', '2027-10-02T15:45:00Z'],
    ['Lord Howe, half an hour twice', '2027-04-04', '01:45', 'Australia/Lord_Howe', '2027-04-03T14:45:00Z'],
    ['Cairo, midnight missing', '2027-04-30', '00:30', 'Africa/Cairo', '2027-04-29T22:30:00Z'],
    ['Cairo, last hour twice', '2027-10-28', '23:30', 'Africa/Cairo', '2027-10-28T20:30:00Z'],
    ['São Paulo in 2018, midnight missing', '2018-11-04', '00:30', 'America/Sao_Paulo', '2018-11-04T03:30:00Z'],
    ['São Paulo in 2018, last hour twice', '2018-02-17', '23:30', 'America/Sao_Paulo', '2018-02-18T01:30:00Z'],
    ['Beirut, midnight missing', '2027-03-28', '00:00', 'Asia/Beirut', '2027-03-27T22:00:00Z'],
    ['Beirut, last hour twice', '2027-10-30', '23:30', 'Asia/Beirut', '2027-10-30T20:30:00Z'],
    ['Havana, midnight missing', '2027-03-14', '00:15', 'America/Havana', '2027-03-14T05:15:00Z'],
    ['Havana, midnight twice', '2027-11-07', '00:30', 'America/Havana', '2027-11-07T04:30:00Z'],
    [
      'Nuuk, last hour missing: moved back, not into tomorrow',
      '2027-03-27',
      '23:30',
      'America/Nuuk',
      '2027-03-28T00:30:00Z',
    ],
    ['Nuuk, last hour twice', '2027-10-30', '23:30', 'America/Nuuk', '2027-10-31T00:30:00Z'],
  ])('%s', (_name, day, time, zone, expected) => {
    expect(moment(day, time, zone)).toBe(expected)
    expect(civilOf(expected, zone)).toBe(day)
  })

  const zones = [
    'America/New_York',
    'Europe/London',
    'Australia/Sydney',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    'America/Sao_Paulo',
    'Asia/Beirut',
    'America/Havana',
    'America/Nuuk',
    'Africa/Casablanca',
    'Africa/Kampala',
    'America/St_Johns',
    'Pacific/Chatham',
  ]
  const shown = new Map(zones.map((zone) => [zone, localTimes(zone)]))
  const changes = zones.flatMap((zone) => changesOf(zone, shown.get(zone)))

  it('never leave the date, are the first that shows the time, and move only when the time is missing', () => {
    // Days of a change are where it is difficult, and most of the days here are those.
    const anyDay = fc.record({
      zone: fc.constantFrom(...zones),
      at: fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2037, 0) }),
    })
    const day = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...changes) }, { weight: 1, arbitrary: anyDay })
    const minutes = fc.oneof(
      fc.integer({ min: 0, max: 1439 }),
      fc.integer({ min: 0, max: 210 }),
      fc.integer({ min: 1320, max: 1439 }),
    )
    fc.assert(
      fc.property(day, minutes, ({ zone, at }, minute) => {
        const local = shown.get(zone) ?? String
        const time = new Date(minute * 60_000).toISOString().slice(11, 16)
        const [onDate = ''] = local(at).split(' ')
        const made = epochMs(moment(onDate, time, zone))
        const asUtc = Date.parse(`${onDate}T${time}:00Z`)
        const quarterHours = Array.from({ length: 113 }, (_, k) => asUtc + (k - 56) * 900_000)
        const first = quarterHours.find((candidate) => local(candidate) === `${onDate} ${time}`)
        expect(local(made).split(' ')[0]).toBe(onDate)
        if (first !== undefined) expect(made).toBe(first)
      }),
      { numRuns: 600 },
    )
  })

  it('of the start of a day: the first that shows its date', () => {
    fc.assert(
      fc.property(fc.constantFrom(...changes), ({ zone, at }) => {
        const local = shown.get(zone) ?? String
        const [onDate = ''] = local(at).split(' ')
        const start = epochMs(startOfDay(onDate, zone))
        expect(local(start).split(' ')[0]).toBe(onDate)
        expect(local(start - 1000).split(' ')[0]).not.toBe(onDate)
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['2027-04-15', 'America/New_York', '2027-04-15T04:00:00Z'],
    ['2027-04-15', 'UTC', '2027-04-15T00:00:00Z'],
    ['2027-04-30', 'Africa/Cairo', '2027-04-29T22:00:00Z'],
    ['2027-03-28', 'Asia/Beirut', '2027-03-27T22:00:00Z'],
    ['2027-11-07', 'America/Havana', '2027-11-07T04:00:00Z'],
  ])('%s begins in %s at %s', (day, zone, expected) => {
    expect(startOfDay(day, zone)).toBe(expected)
  })

  it.each([
    ['2027-01-15T04:59:59Z', 'America/New_York', '2027-01-14'],
    ['2027-01-15T05:00:00Z', 'America/New_York', '2027-01-15'],
    ['2027-01-15T13:59:59.999Z', 'Asia/Tokyo', '2027-01-15'],
    ['2027-01-15T15:00:00Z', 'Asia/Tokyo', '2027-01-16'],
    ['2027-01-15T23:59:59Z', 'UTC', '2027-01-15'],
  ])('at %s it is in %s the %s', (instant, zone, expected) => {
    expect(civilOf(instant, zone)).toBe(expected)
  })

  it.each([
    ['2027-04-15T13:00:00Z', 'America/New_York', '15 Apr 2027 09:00 New York'],
    ['2027-01-05T09:05:00Z', 'UTC', '5 Jan 2027 09:05 UTC'],
    ['2027-01-05T12:00:00Z', 'America/Argentina/Buenos_Aires', '5 Jan 2027 09:00 Buenos Aires'],
  ])('%s in %s reads %s', (instant, zone, text) => {
    expect(describeMoment(instant, zone)).toBe(text)
  })
})

/** What clocks in a zone show, by way of Intl: `2027-03-14 03:30`. */
function localTimes(timeZone: string): (ms: number) => string {
  const format = new Intl.DateTimeFormat('sv', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  return (ms) => format.format(ms)
}

/** Moments around every change of clocks in a zone over 2015 to 2030, to the hour. */
function changesOf(zone: string, local: ((ms: number) => string) | undefined): { zone: string; at: number }[] {
  const offset = (ms: number) => Date.parse(`${local?.(ms).replace(' ', 'T')}:00Z`) - ms
  const found: { zone: string; at: number }[] = []
  for (let at = Date.UTC(2015, 0); at < Date.UTC(2030, 0); at += DAY) {
    if (offset(at) === offset(at + DAY)) continue
    for (const hours of [0, 6, 12, 18, 24]) found.push({ zone, at: at + hours * 3_600_000 })
  }
  return found
}

describe('time zones', () => {
  it.each([
    'UTC',
    'Europe/London',
    'America/New_York',
    'America/Argentina/Buenos_Aires',
    'Etc/GMT+5',
    'Africa/Kampala',
  ])('%p is one', (name) => {
    expect(isTimezone(name)).toBe(true)
  })

  it.each([
    '',
    'Z',
    '+03:00',
    '-05',
    'Mars/Olympus',
    'New York',
    '2027-01-01',
    '2027-01-01T00:00Z[UTC]',
    'Europe/London\n',
    '../etc/passwd',
  ])('%p is none', (name) => {
    expect(isTimezone(name)).toBe(false)
  })
})

describe('instants', () => {
  it.each([
    ['2027-01-15T09:00:00-05:00', '2027-01-15T14:00:00Z'],
    ['2027-01-15T14:00:00Z', '2027-01-15T14:00:00Z'],
    ['2027-01-15T14:00:00.000Z', '2027-01-15T14:00:00Z'],
    ['2027-01-15T14:00:00.25Z', '2027-01-15T14:00:00.250Z'],
    ['2027-01-15T14:00:00.123456Z', '2027-01-15T14:00:00.123Z'],
    ['2027-12-31T23:30:00-01:00', '2028-01-01T00:30:00Z'],
  ])('%s is %s', (text, expected) => {
    expect(parseInstant(text)).toBe(expected)
  })

  it.each([
    '2027-01-15',
    '2027-01-15T14:00Z',
    '2027-01-15T14:00:00',
    '2027-02-30T14:00:00Z',
    '2027-01-15T25:00:00Z',
    '2027-01-15T14:00:00+99:00',
    '2027-01-15T14:00:00Z[UTC]',
    'tomorrow',
    '',
  ])('%p is none', (text) => {
    expect(() => parseInstant(text)).toThrow(RuleBroken)
  })

  it('agree with Date to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2200, 0) }), (ms) => {
        const written = new Date(ms).toISOString().replace('.000Z', 'Z')
        expect(instantOf(ms)).toBe(written)
        expect(epochMs(written)).toBe(ms)
      }),
    )
  })

  it.each(['2027-01-15T14:00:00+00:00', '2027-01-15', '2027-01-15T24:00:00Z', 'now'])(
    '%p is not one of ours',
    (text) => {
      expect(() => epochMs(text)).toThrow(RuleBroken)
    },
  )

  it('compare by time, also with and without a fraction', () => {
    const [whole, half] = ['2027-01-15T14:00:00Z', '2027-01-15T14:00:00.500Z']
    expect(compareInstants(whole, half)).toBeLessThan(0)
    expect(compareInstants(half, whole)).toBeGreaterThan(0)
    expect(compareInstants(half, half)).toBe(0)
    expect(compareInstants(whole, '2027-01-15T14:00:01Z')).toBeLessThan(0)
    expect(later(whole, half)).toBe(half)
    expect(earlier(whole, half)).toBe(whole)
  })

  it('move by milliseconds, and are that far apart', () => {
    expect(plusMs('2027-12-31T23:59:59.500Z', 500)).toBe('2028-01-01T00:00:00Z')
    expect(plusMs('2027-01-01T00:00:00Z', -1)).toBe('2026-12-31T23:59:59.999Z')
    expect(msBetween('2027-01-01T00:00:00Z', '2027-01-02T00:00:00Z')).toBe(DAY)
    expect(msBetween('2027-01-02T00:00:00Z', '2027-01-01T00:00:00Z')).toBe(-DAY)
  })
})
