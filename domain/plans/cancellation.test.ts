import fc from 'fast-check'
import { addDays, daysBetween } from '../calendar.ts'
import { RuleBroken } from '../errors.ts'
import { cancellationFigures, cancellationTermsProblem } from './cancellation.ts'
import type { CancellationTerms } from './terms.ts'

/** A term of 365 days from 2027-01-15, 120000 in all; `paid` of it on the day. */
function figures(cancellation: CancellationTerms, date: string, paid = 60000, currency = 'USD') {
  const terms = { currency, startDate: '2027-01-15', endDate: '2028-01-15', cancellation }
  return cancellationFigures({ terms, netTotal: 120000, paid, date })
}
const day = (n: number) => addDays('2027-01-15', n)
const tiered: CancellationTerms = {
  type: 'tiered',
  tiers: [
    { fromDay: 0, refundPercent: 100 },
    { fromDay: 30, refundPercent: 50 },
    { fromDay: 90, refundPercent: 33.33 },
    { fromDay: 180, refundPercent: 0 },
  ],
}
const shortRate: CancellationTerms = { type: 'short_rate', penaltyPercent: 10 }

type Row = [name: string, terms: CancellationTerms, date: string, paid: number, expected: Record<string, number>]
const kept = (earned: number, penalty = 0, fee = 0) => ({ earned, penalty, fee })

describe('the five types', () => {
  const rows: Row[] = [
    ['pro rata, 100 days', { type: 'pro_rata' }, day(100), 60000, { ...kept(32877), refund: 27123, balance: 0 }],
    ['pro rata, first day', { type: 'pro_rata' }, day(0), 10000, { ...kept(0), refund: 10000, balance: 0 }],
    ['pro rata, day 1', { type: 'pro_rata' }, day(1), 10000, { ...kept(329), refund: 9671, balance: 0 }],
    ['pro rata, last day', { type: 'pro_rata' }, day(365), 120000, { ...kept(120000), refund: 0, balance: 0 }],
    ['pro rata, owing', { type: 'pro_rata' }, day(100), 30000, { ...kept(32877), refund: 0, balance: 2877 }],
    ['short rate, 100 days', shortRate, day(100), 60000, { ...kept(32877, 8712), refund: 18411, balance: 0 }],
    [
      'short rate of 0 %',
      { type: 'short_rate', penaltyPercent: 0 },
      day(100),
      60000,
      { ...kept(32877), refund: 27123 },
    ],
    [
      'short rate of 100 %',
      { type: 'short_rate', penaltyPercent: 100 },
      day(100),
      60000,
      { ...kept(32877, 87123), refund: 0 },
    ],
    ['none', { type: 'none' }, day(100), 60000, { ...kept(60000), refund: 0, balance: 0 }],
    ['full', { type: 'full' }, day(100), 60000, { ...kept(0), refund: 60000, balance: 0 }],
    ['tiered, day 29', tiered, day(29), 60000, { ...kept(0), refund: 60000 }],
    ['tiered, day 30', tiered, day(30), 60000, { ...kept(30000), refund: 30000 }],
    ['tiered, day 89', tiered, day(89), 60000, { ...kept(30000), refund: 30000 }],
    ['tiered, day 90', tiered, day(90), 60000, { ...kept(40002), refund: 19998 }],
    ['tiered, rounding half up', tiered, day(30), 101, { ...kept(50), refund: 51 }],
    ['tiered, day 365', tiered, day(365), 60000, { ...kept(60000), refund: 0 }],
  ]
  it.each(rows)('%s', (_name, terms, date, paid, expected) => {
    expect(figures(terms, date, paid)).toMatchObject(expected)
  })

  it('finds the tier whatever the order of those after the first', () => {
    const shuffled: CancellationTerms = {
      type: 'tiered',
      tiers: [tiered.tiers[0], tiered.tiers[3], tiered.tiers[1]].flatMap((t) => t ?? []),
    }
    expect(figures(shuffled, day(60)).refund).toBe(30000)
  })

  it('refuses a type it does not know by its name', () => {
    const terms: CancellationTerms = JSON.parse('{ "type": "by_the_moon" }')
    expect(() => figures(terms, day(10))).toThrow(RuleBroken)
    expect(() => figures(terms, day(10))).toThrow('by_the_moon')
  })
})

describe('the three options', () => {
  const cooled = { coolingOffDays: 14, fee: 500 }
  const rows: Row[] = [
    ['last day of cooling off', { ...shortRate, ...cooled }, day(14), 10000, { ...kept(0), refund: 10000, balance: 0 }],
    ['a day too late', { ...shortRate, ...cooled }, day(15), 20000, { ...kept(4932, 11507, 500), refund: 3061 }],
    [
      'cooling off although none is refunded',
      { type: 'none', ...cooled },
      day(3),
      10000,
      { ...kept(0), refund: 10000 },
    ],
    ['cooling off of 0 days: the start day', { type: 'none', coolingOffDays: 0 }, day(0), 10000, { refund: 10000 }],
    ['cooling off of 0 days: the day after', { type: 'none', coolingOffDays: 0 }, day(1), 10000, { refund: 0 }],
    [
      'no balance while cooling off',
      { type: 'pro_rata', ...cooled, collectBalance: true },
      day(10),
      0,
      { refund: 0, balance: 0 },
    ],
    ['fee, pro rata', { type: 'pro_rata', fee: 500 }, day(100), 60000, { ...kept(32877, 0, 500), refund: 26623 }],
    ['fee, full', { type: 'full', fee: 500 }, day(100), 60000, { ...kept(0, 0, 500), refund: 59500 }],
    ['fee, tiered', { ...tiered, fee: 500 }, day(30), 60000, { ...kept(30000, 0, 500), refund: 29500 }],
    ['fee above what is left', { type: 'full', fee: 500 }, day(100), 300, { refund: 0, balance: 200 }],
    [
      'fee above what is left, collected',
      { type: 'full', fee: 500, collectBalance: true },
      day(100),
      300,
      { refund: 0, balance: 200 },
    ],
    [
      'balance collected, pro rata',
      { type: 'pro_rata', collectBalance: true },
      day(100),
      30000,
      { refund: 0, balance: 2877 },
    ],
    [
      'balance with penalty and fee',
      { ...shortRate, fee: 500, collectBalance: true },
      day(100),
      30000,
      { refund: 0, balance: 12089 },
    ],
    [
      'none, fee collected',
      { type: 'none', fee: 500, collectBalance: true },
      day(100),
      30000,
      { ...kept(30000, 0, 500), balance: 500 },
    ],
    [
      'nothing to collect when there is a refund',
      { type: 'pro_rata', collectBalance: true },
      day(100),
      60000,
      { refund: 27123, balance: 0 },
    ],
  ]
  it.each(rows)('%s', (_name, terms, date, paid, expected) => {
    expect(figures(terms, date, paid)).toMatchObject(expected)
  })

  it.each<[CancellationTerms]>([
    [{ type: 'none', fee: 500, collectBalance: true }],
    [{ type: 'full', fee: 500, collectBalance: true }],
    [{ type: 'pro_rata', fee: 500, collectBalance: true }],
    [{ ...shortRate, fee: 500, collectBalance: true }],
    [{ ...tiered, fee: 500, collectBalance: true }],
  ])('before the start date everything is given back and nothing is owed: %p', (terms) => {
    expect(figures(terms, day(-1), 10000)).toMatchObject({ usedDays: 0, ...kept(0), refund: 10000, balance: 0 })
    expect(figures(terms, day(-400), 0)).toMatchObject({ usedDays: 0, ...kept(0), refund: 0, balance: 0 })
  })
})

describe('days', () => {
  it.each([
    [-3, 0],
    [0, 0],
    [1, 1],
    [364, 364],
    [365, 365],
    [400, 365],
  ])('day %d of the term counts as %d used', (n, used) => {
    expect(figures({ type: 'pro_rata' }, day(n))).toMatchObject({ usedDays: used, termDays: 365 })
  })

  it('counts the leap day', () => {
    const terms = {
      currency: 'USD',
      startDate: '2028-01-31',
      endDate: '2029-01-31',
      cancellation: { type: 'pro_rata' as const },
    }
    expect(cancellationFigures({ terms, netTotal: 36600, paid: 36600, date: '2028-03-01' })).toMatchObject({
      usedDays: 30,
      termDays: 366,
      earned: 3000,
      refund: 33600,
    })
  })
})

describe('steps of a currency', () => {
  it('keeps every figure chargeable', () => {
    expect(figures(shortRate, day(100), 60000, 'KWD')).toMatchObject({ earned: 32880, penalty: 8710, refund: 18410 })
    expect(figures(tiered, day(90), 60010, 'KWD')).toMatchObject({ earned: 40010, refund: 20000 })
  })
})

describe('the explanation', () => {
  it.each<[CancellationTerms, string, number, string]>([
    [
      { type: 'pro_rata' },
      day(100),
      60000,
      '100 of 365 days were used, so $328.77 of $1,200.00 is earned; of $600.00 paid, $271.23 is refunded.',
    ],
    [
      shortRate,
      day(100),
      60000,
      '100 of 365 days were used, so $328.77 of $1,200.00 is earned, plus a penalty of $87.12 (10 % of the rest); of $600.00 paid, $184.11 is refunded.',
    ],
    [
      { type: 'pro_rata', fee: 500 },
      day(100),
      30000,
      '100 of 365 days were used, so $328.77 of $1,200.00 is earned, and a fee of $5.00 applies; $300.00 was paid, and the balance of $33.77 is not collected.',
    ],
    [
      { type: 'pro_rata', collectBalance: true },
      day(100),
      30000,
      '100 of 365 days were used, so $328.77 of $1,200.00 is earned; $300.00 was paid, and the balance of $28.77 is charged.',
    ],
    [
      { type: 'none' },
      day(100),
      60000,
      'These terms refund nothing; $600.00 was paid, and nothing is refunded or owed.',
    ],
    [
      { type: 'full' },
      day(100),
      60000,
      'These terms refund everything that was paid; of $600.00 paid, $600.00 is refunded.',
    ],
    [
      tiered,
      day(30),
      60000,
      'After 30 days 50 % of what was paid is refundable; of $600.00 paid, $300.00 is refunded.',
    ],
    [
      { ...shortRate, coolingOffDays: 14 },
      day(3),
      10000,
      'Cancelled on day 3, within the 14 days of cooling off; of $100.00 paid, $100.00 is refunded.',
    ],
    [
      shortRate,
      day(-1),
      10000,
      'Cancelled before the start date, so nothing is kept; of $100.00 paid, $100.00 is refunded.',
    ],
  ])('%#', (terms, date, paid, sentence) => {
    expect(figures(terms, date, paid).explanation).toBe(sentence)
  })
})

describe('whatever the terms', () => {
  const options = {
    coolingOffDays: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    fee: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
    collectBalance: fc.boolean(),
  }
  const percent = fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100)
  const tiers = fc.uniqueArray(fc.record({ fromDay: fc.integer({ min: 1, max: 400 }), refundPercent: percent }), {
    selector: (t) => t.fromDay,
    maxLength: 5,
  })
  const anyTerms: fc.Arbitrary<CancellationTerms> = fc.oneof(
    fc.record({ ...options, type: fc.constantFrom('none' as const, 'full' as const, 'pro_rata' as const) }),
    fc.record({ ...options, type: fc.constant('short_rate' as const), penaltyPercent: percent }),
    fc.record({
      ...options,
      type: fc.constant('tiered' as const),
      tiers: tiers.map((rest) => [{ fromDay: 0, refundPercent: 80 }, ...rest]),
    }),
  )
  const facts = fc.record({
    terms: anyTerms,
    at: fc.integer({ min: -30, max: 420 }),
    paid: fc.integer({ min: 0, max: 120_000 }),
  })

  it('terms that can be agreed give figures that add up', () => {
    fc.assert(
      fc.property(facts, ({ terms, at, paid }) => {
        expect(cancellationTermsProblem(terms)).toEqual([])
        const { earned, fee, penalty, refund, balance, usedDays } = figures(terms, day(at), paid)
        for (const amount of [earned, fee, penalty, refund, balance])
          expect(Number.isSafeInteger(amount) && amount >= 0).toBe(true)
        expect(refund).toBeLessThanOrEqual(paid)
        expect(refund === 0 || balance === 0).toBe(true)
        expect(earned).toBeLessThanOrEqual(120_000)
        if (refund > 0) expect(paid - refund).toBe(earned + fee + penalty)
        else if (terms.collectBalance) expect(paid + balance).toBe(earned + fee + penalty)
        expect(usedDays).toBe(Math.max(0, Math.min(365, daysBetween('2027-01-15', day(at)))))
      }),
    )
  })

  it('waiting a day never earns less by time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), (at) => {
        expect(figures({ type: 'pro_rata' }, day(at + 1)).earned).toBeGreaterThanOrEqual(
          figures({ type: 'pro_rata' }, day(at)).earned,
        )
      }),
    )
  })
})

describe('terms that cannot be agreed', () => {
  const tier = (fromDay: number, refundPercent: number) => ({ fromDay, refundPercent })
  it.each<[unknown, string]>([
    [{ type: 'by_the_moon' }, '/type'],
    [{ type: 'pro_rata', fee: -1 }, '/fee'],
    [{ type: 'pro_rata', fee: 1.5 }, '/fee'],
    [{ type: 'pro_rata', fee: Number.MAX_SAFE_INTEGER + 1 }, '/fee'],
    [{ type: 'full', coolingOffDays: -1 }, '/cooling_off_days'],
    [{ type: 'full', coolingOffDays: 0.5 }, '/cooling_off_days'],
    [{ type: 'full', coolingOffDays: 1e9 }, '/cooling_off_days'],
    [{ type: 'short_rate' }, '/penalty_percent'],
    [{ type: 'short_rate', penaltyPercent: 101 }, '/penalty_percent'],
    [{ type: 'short_rate', penaltyPercent: -1 }, '/penalty_percent'],
    [{ type: 'short_rate', penaltyPercent: 10.001 }, '/penalty_percent'],
    [{ type: 'short_rate', penaltyPercent: Number.NaN }, '/penalty_percent'],
    [{ type: 'tiered' }, '/tiers'],
    [{ type: 'tiered', tiers: [] }, '/tiers'],
    [{ type: 'tiered', tiers: [tier(1, 50)] }, '/tiers/0/from_day'],
    [{ type: 'tiered', tiers: [tier(0, 50), tier(0, 20)] }, '/tiers/1/from_day'],
    [{ type: 'tiered', tiers: [tier(0, 50), tier(-5, 20)] }, '/tiers/1/from_day'],
    [{ type: 'tiered', tiers: [tier(0, 50), tier(10, 120)] }, '/tiers/1/refund_percent'],
  ])('%j', (terms, pointer) => {
    const problems = cancellationTermsProblem(terms as CancellationTerms)
    expect(problems.map((problem) => problem.pointer)).toEqual([`/cancellation_terms${pointer}`])
  })

  it('tells all at once', () => {
    expect(
      cancellationTermsProblem({ type: 'short_rate', penaltyPercent: 200, fee: -1, coolingOffDays: -1 }),
    ).toHaveLength(3)
  })

  it('wants a fee that the currency can be charged in', () => {
    expect(cancellationTermsProblem({ type: 'full', fee: 1255 }, 'KWD')).toHaveLength(1)
    expect(cancellationTermsProblem({ type: 'full', fee: 1250 }, 'KWD')).toEqual([])
  })
})
