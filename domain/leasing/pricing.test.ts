import { PHONE, PlayedLease } from './example-lease.ts'
import { leasePrice } from './pricing.ts'

const asked = {
  price: 150_000,
  subsidy: 15_000,
  residualPercent: 10,
  waiverMonthly: 0,
  termMonths: 12,
  currency: 'USD',
}

describe('the price of a lease', () => {
  it.each([
    [{}, { subsidy: 15_000, residual: 15_000, waiver: 0, total: 120_000 }],
    [{ waiverMonthly: 500 }, { waiver: 6_000, total: 126_000 }],
    [
      { residualPercent: 0, subsidy: 0 },
      { residual: 0, total: 150_000 },
    ],
    [{ subsidy: 200_000 }, { subsidy: 135_000, total: 0 }],
    [
      { price: 99_999, residualPercent: 12.5, subsidy: 0 },
      { residual: 12_500, total: 87_499 },
    ],
    [
      { price: 100_010, subsidy: 0, currency: 'KWD' },
      { residual: 10_000, total: 90_010 },
    ],
  ])('%j', (change, expected) => {
    expect(leasePrice({ ...asked, ...change })).toMatchObject(expected)
  })

  it('is spread by the Schedule rule, the last month taking what is left', () => {
    expect(new PlayedLease({ total: 100_000 }).amounts()).toEqual([...Array(11).fill(8_333), 8_337])
    expect(PHONE.price - PHONE.subsidy - PHONE.residual).toBe(120_000)
  })
})
