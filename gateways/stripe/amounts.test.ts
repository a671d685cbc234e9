import { chargeStep } from '../../domain/money.ts'
import { toStripe } from './amounts.ts'

const CASES: [currency: string, step: number, amount: number, stripe: number | null][] = [
  ['USD', 1, 8333, 8333],
  ['EUR', 1, 1, 1],
  ['JPY', 1, 500, 500],
  ['HUF', 1, 1045, 1045],
  ['TWD', 1, 80045, 80045],
  ['UGX', 1, 5, 500],
  ['ISK', 1, 5, 500],
  ['MGA', 100, 500, 5],
  ['MGA', 100, 550, null],
  ['KWD', 10, 5120, 5120],
  ['KWD', 10, 5124, null],
  ['BHD', 10, 10, 10],
  ['JOD', 10, 15, null],
  ['OMR', 10, 20, 20],
  ['TND', 10, 1, null],
]

// The steps are the domain's: schedules are made of them. That Stripe's own conversion agrees is asserted here.
describe('amounts at Stripe', () => {
  it.each(CASES)('%s is charged in steps of %i: %i is %p', (currency, step, amount, stripe) => {
    expect(chargeStep(currency)).toBe(step)
    expect(toStripe(amount, currency)).toBe(stripe)
  })

  it('refuses what is no whole number of minor units', () => {
    expect(toStripe(10.5, 'USD')).toBeNull()
    expect(toStripe(Number.MAX_SAFE_INTEGER + 1, 'USD')).toBeNull()
    expect(toStripe(Number.MAX_SAFE_INTEGER, 'UGX')).toBeNull()
  })
})
