import { adjust } from '../plans/adjust.ts'
import { nsf } from '../plans/example-plan.ts'
import { changePaymentMethod } from '../plans/method.ts'
import { pause } from '../plans/pause.ts'
import { pay } from '../plans/pay.ts'
import type { PaymentMethod, Plan } from '../plans/plan.ts'
import { returned } from '../plans/returns.ts'
import type { Instant } from '../plans/terms.ts'
import { exchanged, waiverAdded } from './change.ts'
import { endChosen, gone } from './end.ts'
import { PHONE, PlayedLease } from './example-lease.ts'
import { agreedMonths } from './pricing.ts'

const TABLET = { ...PHONE, code: 'tablet', name: 'Tablet', residual: 20_000 }
const CARD: PaymentMethod = { id: 'pm_own', type: 'card' }
const WRONG = expect.objectContaining({ code: 'lease_step_wrong' })
const exchange =
  (monthly: number, unit = 'dev_2') =>
  (plan: Plan, now: Instant) =>
    exchanged(plan, { unit, device: TABLET, monthly }, now)
const waiver = (monthly: number) => (plan: Plan, now: Instant) => waiverAdded(plan, { monthly }, now)

describe('exchanged for another device', () => {
  it.each([
    ['spread', 14_000],
    ['spread', 6_000],
    ['catch_up', 14_000],
    ['catch_up', 6_000],
  ] as const)('by %s, each month to come costs %d, and those before stay as they were', (adjustmentPolicy, monthly) => {
    const p = new PlayedLease({ adjustmentPolicy }).delivered().to('2027-03-20')
    const { answer } = p.says(exchange(monthly))
    expect(p.amounts()).toEqual([...Array(3).fill(10_000), ...Array(9).fill(monthly)])
    expect([p.plan.refundsDecided, answer.total, p.adds()]).toEqual([0, 30_000 + 9 * monthly, true])
    expect([p.moves(), p.moves('dev_2'), p.lease.unit, p.lease.device.code]).toEqual([
      ['reserved', 'leased', 'maintenance'],
      ['leased'],
      'dev_2',
      'tablet',
    ])
    expect(p.toldTo('lease.exchanged')).toEqual(['customer', 'client', 'back_office'])
  })

  it('for which there is no cover, the lease is covered no more', () => {
    const p = new PlayedLease({ waiver: 12_000 }).delivered().to('2027-03-20')
    p.says((plan, now) => exchanged(plan, { unit: 'dev_2', device: TABLET, monthly: 9_000, waiver: 0 }, now))
    expect(p.lease.waiver).toBe(0)
    p.says((plan, now) => gone(plan, 'lost', now))
    expect(p.amounts().at(-1)).toBe(9 * 9_000 + TABLET.residual)
  })

  it.each([
    [14_000, 4_000, [14_000, 10_000]],
    [6_000, 4_000, [6_000, 2_000]],
    [6_000, 8_000, [8_000, 0]],
  ])('to %d a month, %d of a month paid ahead are part of it', (monthly, ahead, [amount, left]) => {
    const p = new PlayedLease().delivered().to('2027-01-20')
    p.says((plan, now) => pay(plan, { amount: ahead, paymentMethod: CARD }, now))
    p.says(exchange(monthly))
    const second = p.installment(2)
    expect([second.amount, second.amount - second.paid, p.adds()]).toEqual([amount, left, true])
    expect(p.amounts().slice(2)).toEqual(Array(10).fill(monthly))
    p.to('2028-01-15')
    expect([p.plan.lifecycle, p.deducted()]).toEqual(['completed', p.plan.total - ahead])
  })

  it('also where the months to come cost the same altogether', () => {
    const p = new PlayedLease({ total: 100_000 }).delivered().to('2027-10-20')
    expect(p.amounts().slice(10)).toEqual([8_333, 8_337])
    const { answer } = p.says(exchange(8_335))
    expect([p.amounts().slice(10), answer.changed, p.adds()]).toEqual([[8_335, 8_335], true, true])
    expect(p.says(exchange(8_335, 'dev_3')).answer.changed).toBe(false)
  })

  it.each([
    ['over the term', 6_000, 8_400, 3 * 500 + 9 * 700],
    ['that costs the same', 6_000, 6_000, 6_000],
    ['of which there is none', 6_000, 0, 0],
  ])('what of the total is for cover %s', (_, waiver, asked, expected) => {
    const p = new PlayedLease({ waiver, total: 120_000 + waiver }).delivered().to('2027-03-20')
    p.says((plan, now) => exchanged(plan, { unit: 'dev_2', device: TABLET, monthly: 14_000, waiver: asked }, now))
    expect(p.lease.waiver).toBe(expected)
  })

  it('what of the total is for cover, in an extension', () => {
    const p = new PlayedLease({ waiver: 6_000, total: 126_000 }).delivered()
    p.says((plan) => endChosen(plan, { choice: 'extend', months: 3 }))
    p.to('2028-01-20')
    expect(p.lease.waiver).toBe(6_000 + 3 * 250)
    p.says((plan, now) => exchanged(plan, { unit: 'dev_2', device: TABLET, monthly: 14_000, waiver: 8_400 }, now))
    expect([p.lease.waiver, p.amounts().slice(12)]).toEqual([6_000 + 250 + 2 * 350, [5_250, 7_000, 7_000]])
  })

  it('an extension and a buy-out are of what it is then', () => {
    const p = new PlayedLease().delivered().to('2027-11-20')
    p.says(exchange(14_000))
    p.says((plan) => endChosen(plan, { choice: 'extend', months: 1 }))
    p.to('2028-01-20')
    p.says((plan) => endChosen(plan, { choice: 'buy_out' }))
    p.to('2028-02-15')
    expect(p.amounts().slice(10)).toEqual([10_000, 14_000, 7_000, 20_000])
    expect([p.moves('dev_2'), p.plan.lifecycle]).toEqual([['leased', 'sold'], 'completed'])
  })

  /** Twelve months of 10000, then three at a share of it; exchanged on the 20th of a month for a device of so much. */
  it.each([
    ['2027-03-20', 50, 14_000, [...Array(9).fill(14_000), ...Array(3).fill(7_000)]],
    ['2027-12-20', 50, 14_000, Array(3).fill(7_000)],
    ['2028-01-10', 50, 14_000, Array(3).fill(7_000)],
    ['2028-01-20', 50, 14_000, [5_000, 7_000, 7_000]],
    ['2028-02-20', 50, 6_001, [5_000, 5_000, 3_001]],
    ['2028-02-20', 33.33, 14_000, [3_333, 3_333, 4_666]],
    ['2028-02-20', 0, 14_000, [0, 0, 0]],
    ['2028-02-20', 100, 14_000, [10_000, 10_000, 14_000]],
  ])('on %s, an extension costing %d %% of a month: %d a month', (day, extensionPercent, monthly, expected) => {
    const p = new PlayedLease().delivered()
    p.plan = { ...p.plan, lease: { ...p.lease, extensionPercent } }
    p.says((plan) => endChosen(plan, { choice: 'extend', months: 3 }))
    p.to(day)
    p.says(exchange(monthly))
    p.to('2028-05-01')
    expect(p.amounts().slice(-expected.length)).toEqual(expected)
    expect([p.adds(), p.plan.lifecycle]).toEqual([true, 'completed'])
  })

  it('in an extension, a further one costs what a month of it costs since', () => {
    const p = new PlayedLease().delivered()
    p.says((plan) => endChosen(plan, { choice: 'extend', months: 2 }))
    p.to('2028-01-20')
    p.says(exchange(14_000))
    expect([agreedMonths(p.plan), p.plan.terms.termMonths]).toEqual([12, 14])
    p.says((plan) => endChosen(plan, { choice: 'extend', months: 1 }))
    p.to('2028-04-20')
    expect([p.amounts().slice(12), agreedMonths(p.plan)]).toEqual([[5_000, 7_000, 7_000], 12])
  })

  it('when no month is left, nothing is charged for it', () => {
    const p = new PlayedLease().delivered().to('2027-12-20')
    p.says(exchange(14_000))
    expect([p.plan.total, p.moves('dev_2')]).toEqual([120_000, ['leased']])
  })

  it('escalated months stay as they were', () => {
    const p = new PlayedLease({ payer: 'employee' }, { '3_1': nsf, '3_2': nsf }).delivered().to('2027-03-20')
    p.says(exchange(6_000))
    expect([p.installment(3).status, p.installment(3).amount, p.installment(4).amount]).toEqual([
      'escalated',
      10_000,
      6_000,
    ])
  })

  it.each([0, -1, 1.5, Number.NaN])('%d is no amount a month', (monthly) => {
    const p = new PlayedLease().delivered()
    expect(() => exchange(monthly)(p.plan, p.now)).toThrow(expect.objectContaining({ code: 'amount_invalid' }))
  })

  it('only of a device that is with its employee, and not for itself', () => {
    const ordered = new PlayedLease()
    const over = new PlayedLease().delivered().to('2028-02-01')
    for (const p of [ordered, over]) expect(() => exchange(9_000)(p.plan, p.now)).toThrow(WRONG)
    const p = new PlayedLease().delivered()
    expect(() => exchange(9_000, 'dev_1')(p.plan, p.now)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })
})

describe('a damage waiver added in mid-term', () => {
  it.each(['spread', 'catch_up'] as const)('is charged for the months to come (%s)', (adjustmentPolicy) => {
    const p = new PlayedLease({ adjustmentPolicy }).delivered().to('2027-03-20')
    p.says(waiver(500))
    expect(p.amounts()).toEqual([...Array(3).fill(10_000), ...Array(9).fill(10_500)])
    expect([p.lease.waiver, p.lease.monthly, p.plan.total, p.adds()]).toEqual([4_500, 10_500, 124_500, true])
    expect([p.toldTo('terms.adjusted'), p.toldTo('lease.deduction_changed')]).toEqual([['customer'], ['client']])
    expect(() => waiver(500)(p.plan, p.now)).toThrow(WRONG)
  })

  it('in an extension, a further one costs what a month of it costs since', () => {
    const p = new PlayedLease().delivered()
    p.says((plan) => endChosen(plan, { choice: 'extend', months: 2 }))
    p.to('2028-01-20')
    p.says(waiver(500))
    p.says((plan) => endChosen(plan, { choice: 'extend', months: 1 }))
    p.to('2028-04-20')
    expect([p.amounts().slice(12), p.lease.waiver]).toEqual([[5_000, 5_500, 5_500], 1_000])
  })

  it('covers no month that is not charged, no order, and nothing that is over', () => {
    const late = new PlayedLease().delivered().to('2027-12-20')
    const over = new PlayedLease().delivered().to('2028-02-01')
    for (const p of [late, over, new PlayedLease()]) expect(() => waiver(500)(p.plan, p.now)).toThrow(WRONG)
  })
})

describe('what fell due before and was not charged yet stays as it was', () => {
  const behind = (mode: 'extend' | 'catch_up') => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    p.says((plan, now) => pause(plan, { mode, until: '2027-06-20T12:00:00Z' }, now))
    return p.to('2027-06-20T11:00:00Z')
  }
  const told = (p: PlayedLease) =>
    p.effects.flatMap((e) =>
      e.write === 'notice' && e.type === 'lease.deduction_changed' && e.data.why === 'adjusted' ? [e.data.monthly] : [],
    )

  it.each([
    ['exchanged', exchange(14_000), 14_000],
    ['covered', waiver(500), 10_500],
  ] as const)('%s while it is to be caught up with', (_, command, monthly) => {
    const p = behind('catch_up')
    const { answer } = p.says<ReturnType<typeof waiverAdded>>(command)
    expect(p.amounts()).toEqual([...Array(6).fill(10_000), ...Array(6).fill(monthly)])
    expect([answer.total, p.adds(), told(p)]).toEqual([60_000 + 6 * monthly, true, [monthly]])
    expect(p.effects.filter((e) => e.write === 'lease_change' && e.change === 'changed')).toEqual(
      expect.arrayContaining([expect.objectContaining({ previousMonthly: 10_000, monthly })]),
    )
    p.to('2027-06-23')
    expect(p.deducted()).toBe(60_000)
  })

  it('what a pause will move is still to come', () => {
    const p = behind('extend')
    p.says(exchange(14_000))
    expect([p.amounts(), p.adds()]).toEqual([[...Array(3).fill(10_000), ...Array(9).fill(14_000)], true])
  })
})

describe('deducted from pay', () => {
  it('its payment method is replaced by a transfer only', () => {
    const p = new PlayedLease().delivered()
    const own = new PlayedLease({ payer: 'employee' }).delivered()
    expect(() => changePaymentMethod(p.plan, CARD)).toThrow(WRONG)
    expect(() => changePaymentMethod(own.plan, { id: 'payroll', type: 'payroll' })).toThrow(WRONG)
  })

  it('nobody pays ahead by pay; an employee may by card', () => {
    const p = new PlayedLease().delivered().to('2027-01-20')
    expect(() => pay(p.plan, { amount: 1_000, paymentMethod: null }, p.now)).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
    p.says((plan, now) => pay(plan, { amount: 10_000, paymentMethod: CARD }, now))
    p.to('2028-02-01')
    expect([p.deducted(), p.accounts().cash, p.accounts().payroll, p.plan.lifecycle]).toEqual([
      110_000,
      10_000,
      110_000,
      'completed',
    ])
  })

  it('a card payment that is taken back comes off the pay', () => {
    const p = new PlayedLease().delivered().to('2027-01-20')
    p.says((plan, now) => pay(plan, { amount: 10_000, paymentMethod: CARD }, now))
    p.to('2027-02-20')
    const parts = [{ installment: 2, amount: 10_000 }]
    const payment = { transaction: 'txn_x_p1', amount: 10_000, parts, returns: 0 }
    p.says((plan, now) =>
      returned(plan, payment, { result: 'returned', severity: 'soft', code: 'insufficient_funds' }, now),
    )
    p.to('2027-02-21')
    expect(p.charges.at(-1)).toBe('2027-02-21T09:00:00Z 2_1 10000')
    expect([p.deducted(), p.accounts().cash, p.adds()]).toEqual([20_000, 0, true])
  })

  it('its employer is told of every change of the amount; of a lease that is paid otherwise, nothing', () => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    const own = new PlayedLease({ payer: 'employee' }).delivered().to('2027-03-20')
    for (const one of [p, own]) {
      one.says((plan, now) => adjust(plan, { totalAmount: 129_000 }, now))
      one.says((plan, now) => pause(plan, { mode: 'extend', until: '2027-05-01T00:00:00Z' }, now))
      one.to('2027-05-02')
    }
    const told = p.told('lease.deduction_changed').map((e) => e.write === 'notice' && [e.data.why, e.data.monthly])
    expect(told).toEqual([
      ['adjusted', 11_000],
      ['paused', 0],
      ['resumed', null],
    ])
    expect(own.told('lease.deduction_changed')).toEqual([])
  })
})
