import fc from 'fast-check'
import { parseCivil, weekdayOf } from '../calendar.ts'
import { agreedDueDates, endDate, installmentAmounts, newInstallments, spreadOver } from './schedule.ts'

const monthly = (startDate: string, day: number, count: number) => ({
  cadence: { every: 'month' as const, day },
  startDate,
  count,
  currency: 'USD',
})

describe('amounts of a schedule', () => {
  it.each([
    [100000, 12, 'USD', 8333, 8337],
    [100, 12, 'USD', 8, 12],
    [5, 12, 'USD', 0, 5],
    [120000, 12, 'USD', 10000, 10000],
    [11, 12, 'USD', 0, 11],
    [12, 12, 'USD', 1, 1],
    [13, 12, 'USD', 1, 2],
    [100000, 12, 'KWD', 8330, 8370],
    [100000, 12, 'UGX', 8333, 8337],
    [1, 1, 'USD', 1, 1],
  ])('%d in %d of %s: each %d, the last %d', (total, count, currency, each, last) => {
    expect(installmentAmounts(total, count, currency)).toEqual([...new Array(count - 1).fill(each), last])
  })
})

describe('a new schedule', () => {
  it('has its instalments numbered from 1, nothing tried or paid of any', () => {
    const installments = newInstallments(monthly('2027-01-31', 31, 3), 1000)
    expect(installments.map(({ number, dueDate, amount }) => [number, dueDate, amount])).toEqual([
      [1, '2027-01-31', 333],
      [2, '2027-02-28', 333],
      [3, '2027-03-31', 334],
    ])
    for (const { paid, status, open, attempts, reminded } of installments) {
      expect({ paid, status, open, attempts, reminded }).toEqual({
        paid: 0,
        status: 'scheduled',
        open: null,
        attempts: 0,
        reminded: false,
      })
    }
  })

  it('is 52 weeks on one weekday for a weekly plan of a year', () => {
    const dates = agreedDueDates({ cadence: { every: 'week', weekday: 3 }, startDate: '2027-01-15', count: 52 })
    expect(dates).toHaveLength(52)
    expect(dates[0]).toBe('2027-01-20')
    expect(dates.at(-1)).toBe('2028-01-12')
    expect(new Set(dates.map(weekdayOf))).toEqual(new Set([3]))
  })

  it('keeps the total and has one due date in each month, in order', () => {
    const start = fc
      .integer({ min: 18_000, max: 30_000 })
      .map((n) => new Date(n * 86_400_000).toISOString().slice(0, 10))
    const terms = fc.record({
      start,
      day: fc.integer({ min: 1, max: 31 }),
      count: fc.integer({ min: 1, max: 120 }),
      total: fc.maxSafeNat(),
    })
    fc.assert(
      fc.property(terms, ({ start, day, count, total }) => {
        const installments = newInstallments(monthly(start, day, count), total)
        expect(installments.reduce((all, { amount }) => all + BigInt(amount), 0n)).toBe(BigInt(total))
        const months = installments
          .map(({ dueDate }) => parseCivil(dueDate))
          .map(({ year, month }) => year * 12 + month)
        const [first = 0] = months
        expect(months).toEqual(months.map((_, k) => first + k))
      }),
    )
  })
})

describe('the end of a term', () => {
  it.each([
    ['2027-01-15', 12, '2028-01-15'],
    ['2027-08-31', 6, '2028-02-29'],
    ['2028-02-29', 12, '2029-02-28'],
    ['2027-01-01', 120, '2037-01-01'],
  ])('of %s and %d months is %s', (start, months, end) => {
    expect(endDate(start, months)).toBe(end)
  })
})

describe('spreading anew', () => {
  const unpaid = (n: number) => new Array<{ paid: number }>(n).fill({ paid: 0 })

  it.each([
    // 120000 in 12, three paid; the new total is 150000.
    ['120000 over nine', 120000, unpaid(9), 1, [...new Array(8).fill(13333), 13336]],
    ['on top of what is part-paid', 900, [{ paid: 50 }, { paid: 0 }, { paid: 0 }], 1, [350, 300, 300]],
    ['nothing left', 0, [{ paid: 50 }, { paid: 0 }], 1, [50, 0]],
    ['in steps', 1000, unpaid(3), 10, [330, 330, 340]],
    ['over nothing', 0, [], 1, []],
  ])('%s', (_name, remaining, parts, step, amounts) => {
    expect(spreadOver(remaining, parts, step)).toEqual(amounts)
  })

  it('leaves exactly the remaining amount unpaid', () => {
    const parts = fc.array(fc.record({ paid: fc.integer({ min: 0, max: 1_000_000 }) }), {
      minLength: 1,
      maxLength: 120,
    })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), parts, (remaining, those) => {
        const amounts = spreadOver(remaining, those)
        const left = amounts.map((amount, k) => amount - (those[k]?.paid ?? 0))
        expect(left.reduce((all, each) => all + each, 0)).toBe(remaining)
        expect(Math.min(...left)).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('cannot spread a deficit', () => {
    expect(() => spreadOver(-1, unpaid(2))).toThrow(RangeError)
  })
})
