import fc from 'fast-check'
import { RuleBroken } from './errors.ts'
import {
  chargeStep,
  formatMoney,
  isChargeable,
  isCurrency,
  MAX_AMOUNT,
  minorDigits,
  mulDivRound,
  splitEvenly,
  sum,
} from './money.ts'

const amount = fc.maxSafeNat()

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof RuleBroken) return error.code
    throw error
  }
  return 'nothing was refused'
}

describe('currencies', () => {
  it.each([
    ['USD', 2],
    ['EUR', 2],
    ['UGX', 0],
    ['JPY', 0],
    ['ISK', 0],
    ['KWD', 3],
    ['TND', 3],
    ['IQD', 3],
    ['HUF', 2],
    ['TWD', 2],
    ['MGA', 2],
  ])('%s has %i decimals', (currency, digits) => {
    expect(minorDigits(currency)).toBe(digits)
  })

  it.each([
    ['USD', 1],
    ['UGX', 1],
    ['ISK', 1],
    ['HUF', 1],
    ['TWD', 1],
    ['KWD', 10],
    ['BHD', 10],
    ['JOD', 10],
    ['OMR', 10],
    ['TND', 10],
    ['MGA', 100],
  ])('%s is charged in steps of %i', (currency, step) => {
    expect(chargeStep(currency)).toBe(step)
  })

  it.each(['usd', 'US', 'XXX', 'XAU', 'ZZZ', '', 'HRK', 'constructor', '__proto__'])('%p is none', (code) => {
    expect(isCurrency(code)).toBe(false)
    expect(codeOf(() => minorDigits(code))).toBe('currency_unknown')
  })

  it('has the decimals that ICU has, wherever ISO 4217 does not differ from it', () => {
    const differing = 'AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR RSD SOS SYP YER'.split(' ')
    const known = Intl.supportedValuesOf('currency').filter((code) => isCurrency(code) && !differing.includes(code))
    const decimals = (currency: string) =>
      new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits
    expect(known.length).toBeGreaterThan(130)
    for (const code of known) expect([code, minorDigits(code)]).toEqual([code, decimals(code)])
  })

  it.each([
    [0, 'USD', true],
    [1, 'USD', true],
    [-1, 'USD', false],
    [0.5, 'USD', false],
    [Number.NaN, 'USD', false],
    [MAX_AMOUNT, 'USD', true],
    [MAX_AMOUNT + 1, 'USD', false],
    [1250, 'KWD', true],
    [1255, 'KWD', false],
  ])('%d %s can be charged: %p', (value, currency, expected) => {
    expect(isChargeable(value, currency)).toBe(expected)
  })
})

describe('mulDivRound', () => {
  it.each([
    [120000, 100, 365, 32877],
    [87123, 10, 100, 8712],
    [1, 1, 2, 1],
    [-1, 1, 2, -1],
    [1, -1, 2, -1],
    [1, 1, -2, -1],
    [3, 1, 2, 2],
    [1, 1, 3, 0],
    [-1, 1, 3, 0],
    [2, 1, 3, 1],
    [0, 5, 7, 0],
    [MAX_AMOUNT, MAX_AMOUNT, MAX_AMOUNT, MAX_AMOUNT],
    // As doubles this product is rounded before it is divided, and the answer is one too low.
    [9007199254740991, 3, 6, 4503599627370496],
  ])('%d × %d / %d is %d', (a, b, c, expected) => {
    expect(mulDivRound(a, b, c)).toBe(expected)
  })

  it('is never further from the true quotient than a half, and on a half goes away from zero', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: -4000, max: 4000 }), fc.integer({ min: 4000 }), (a, b, c) => {
        const twiceError = 2n * (BigInt(mulDivRound(a, b, c)) * BigInt(c) - BigInt(a) * BigInt(b))
        const size = twiceError < 0n ? -twiceError : twiceError
        expect(size <= BigInt(c)).toBe(true)
        if (size === BigInt(c)) expect(twiceError > 0n).toBe(BigInt(a) * BigInt(b) > 0n)
      }),
    )
  })

  it('refuses a result that is no safe integer', () => {
    expect(codeOf(() => mulDivRound(MAX_AMOUNT, 2, 1))).toBe('amount_too_large')
    expect(codeOf(() => mulDivRound(MAX_AMOUNT, -2, 1))).toBe('amount_too_large')
  })

  it.each([
    [0.5, 1, 1],
    [1, 1, 0.1],
    [1, Number.NaN, 1],
    [1, 1, 0],
  ])('throws for %d × %d / %d', (a, b, c) => {
    expect(() => mulDivRound(a, b, c)).toThrow(RangeError)
  })
})

describe('sum', () => {
  it('adds, and refuses to go beyond what is exact', () => {
    expect(sum([1, 2, 3])).toBe(6)
    expect(sum([])).toBe(0)
    expect(codeOf(() => sum([MAX_AMOUNT, 1]))).toBe('amount_too_large')
  })
})

describe('splitEvenly', () => {
  it.each([
    [100000, 12, 1, 8333, 8337],
    [100, 12, 1, 8, 12],
    [5, 12, 1, 0, 5],
    [120000, 12, 1, 10000, 10000],
    [0, 3, 1, 0, 0],
    [7, 1, 1, 7, 7],
    [100000, 12, 10, 8330, 8370],
    [1000, 3, 100, 300, 400],
  ])('%d in %d by %d: each %d, the last %d', (total, n, step, each, last) => {
    const parts = splitEvenly(total, n, step)
    expect(parts).toEqual([...new Array(n - 1).fill(each), last])
  })

  it('keeps the total, in whole steps, with only the last part differing', () => {
    const step = fc.constantFrom(1, 10, 100)
    fc.assert(
      fc.property(amount, fc.integer({ min: 1, max: 520 }), step, (raw, n, by) => {
        const total = raw - (raw % by)
        const parts = splitEvenly(total, n, by)
        expect(parts).toHaveLength(n)
        expect(parts.reduce((all, part) => all + BigInt(part), 0n)).toBe(BigInt(total))
        expect(new Set(parts.slice(0, -1)).size).toBeLessThanOrEqual(1)
        expect(parts.every((part) => part >= 0 && part % by === 0)).toBe(true)
        const [first = 0, last = 0] = [parts[0], parts.at(-1)]
        expect(last - first).toBeLessThan(n * by)
      }),
    )
  })

  it('floors exactly where dividing doubles would round up', () => {
    expect(splitEvenly(MAX_AMOUNT, 2)).toEqual([4503599627370495, 4503599627370496])
  })

  it('has no parts for nothing, and refuses what cannot be split', () => {
    expect(splitEvenly(0, 0)).toEqual([])
    expect(() => splitEvenly(1, 0)).toThrow(RangeError)
    expect(() => splitEvenly(-1, 2)).toThrow(RangeError)
    expect(() => splitEvenly(0.5, 2)).toThrow(RangeError)
    expect(() => splitEvenly(1, 1.5)).toThrow(RangeError)
  })
})

describe('formatMoney', () => {
  it.each([
    [10000, 'USD', '$100.00'],
    [5, 'USD', '$0.05'],
    [0, 'USD', '$0.00'],
    [-4125, 'USD', '-$41.25'],
    [123456789, 'USD', '$1,234,567.89'],
    [99999, 'EUR', '€999.99'],
    [100000, 'GBP', '£1,000.00'],
    [5000, 'UGX', 'UGX 5,000'],
    [0, 'UGX', 'UGX 0'],
    [1250, 'KWD', 'KWD 1.250'],
    [-1250, 'KWD', '-KWD 1.250'],
    [5000, 'CAD', 'CAD 50.00'],
    [MAX_AMOUNT, 'USD', '$90,071,992,547,409.91'],
  ])('%d %s reads %s', (value, currency, text) => {
    expect(formatMoney(value, currency)).toBe(text)
  })

  it('loses no digit', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom('USD', 'UGX', 'KWD', 'CAD'), (value, currency) => {
        const digits = formatMoney(value, currency).replace(/[^\d-]/g, '')
        expect(BigInt(digits)).toBe(BigInt(value))
      }),
    )
  })
})
