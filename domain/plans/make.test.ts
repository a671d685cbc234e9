import { chargeOfTheDay, nextBillingAt } from './coming.ts'
import { examplePlan, Played } from './example-plan.ts'
import { netTotal, outstanding, statusOf } from './figures.ts'
import { installmentInWords, planInWords } from './words.ts'

describe('making a plan', () => {
  it('writes what is owed and the discount, and tells the terms once', () => {
    const p = new Played({ total: 100000, discount: 500 })
    expect(p.amounts()).toEqual([...new Array(11).fill(8291), 8299])
    expect(netTotal(p.plan)).toBe(99500)
    expect(p.accounts()).toMatchObject({ receivable: 99500, income: -100000, discounts: 500 })
    expect(p.told('terms.created')).toHaveLength(1)
  })

  it.each([
    ['today', '2027-01-15', 'active'],
    ['yesterday', '2027-01-14', 'active'],
    ['tomorrow', '2027-01-16', 'pending'],
  ])('starting %s it is %s', (_name, startDate, lifecycle) => {
    expect(examplePlan({ startDate, madeAt: '2027-01-15T12:00:00Z' }).plan.lifecycle).toBe(lifecycle)
  })

  it('today is what it is in the plan’s own zone', () => {
    const asked = { startDate: '2027-01-15', madeAt: '2027-01-17T02:00:00Z' }
    expect(() => examplePlan(asked)).toThrow(expect.objectContaining({ code: 'start_date_past' }))
    expect(examplePlan({ ...asked, timezone: 'America/New_York' }).plan.lifecycle).toBe('active')
  })

  it.each([
    ['total 0', { total: 0 }, '/total_amount'],
    ['less than nothing', { total: -5 }, '/total_amount'],
    ['half a cent', { total: 0.5 }, '/total_amount'],
    ['too large', { total: Number.MAX_SAFE_INTEGER + 1 }, '/total_amount'],
    ['a discount above the total', { total: 100, discount: 101 }, '/total_amount'],
    [
      'three retries of a bank debit',
      { method: 'us_bank_account', retryPolicy: { retries: 3, everyDays: [1, 2, 4] } },
      '/retry_policy/retries',
    ],
    [
      'a first tier that is not day 0',
      { cancellation: { type: 'tiered' as const, tiers: [{ fromDay: 1, refundPercent: 50 }] } },
      '/cancellation_terms/tiers/0/from_day',
    ],
  ])('%s is refused, with a pointer to it', (_name, asked, pointer) => {
    expect(() => examplePlan(asked)).toThrow(
      expect.objectContaining({ code: 'invalid_request', errors: [expect.objectContaining({ pointer })] }),
    )
  })
})

describe('figures and words', () => {
  it('before, on and after a day of charging', () => {
    const p = new Played({ timezone: 'America/New_York', madeAt: '2027-01-15T06:00:00Z' })
    expect([statusOf(p.plan), outstanding(p.plan), nextBillingAt(p.plan)]).toEqual([
      'active',
      120000,
      '2027-01-15T14:00:00Z',
    ])
    expect(chargeOfTheDay(p.plan, p.now)).toBe('after')
    p.to('2027-01-15T15:00:00Z')
    expect([outstanding(p.plan), nextBillingAt(p.plan)]).toEqual([110000, '2027-02-15T14:00:00Z'])
    expect(chargeOfTheDay(p.plan, p.now)).toBe('before')
    expect(chargeOfTheDay(p.plan, '2027-01-17T15:00:00Z')).toBe('none')
  })

  it('say what an op reads', () => {
    const p = new Played({ timezone: 'America/New_York', madeAt: '2027-01-15T06:00:00Z' })
    expect(installmentInWords(p.plan, p.installment(4))).toBe(
      'Instalment 4 of 12, $100.00, due 15 Apr 2027 09:00 New York',
    )
    const words = planInWords(p.plan)
    for (const said of ['**active**', 'Next charge 15 Jan 2027 09:00 New York', 'Outstanding $1,200.00'])
      expect(words).toContain(said)
  })
})
