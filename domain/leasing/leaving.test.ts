import type { Decision } from '../plans/effects.ts'
import { pause } from '../plans/pause.ts'
import type { PaymentMethod, Plan } from '../plans/plan.ts'
import type { Instant } from '../plans/terms.ts'
import { offboarded } from './change.ts'
import { endChosen } from './end.ts'
import { PlayedLease } from './example-lease.ts'
import type { OffboardingRule } from './lease.ts'
import { outOfStock } from './order.ts'

const CARD: PaymentMethod = { id: 'pm_own', type: 'card' }
const leaves =
  (rule: OffboardingRule, paymentMethod: PaymentMethod | null = null) =>
  (plan: Plan, now: Instant) =>
    offboarded(plan, { rule, paymentMethod }, now)

describe('an employee who leaves', () => {
  it.each(['return', 'buy_out', 'transfer'] as const)('%s: what is not delivered is cancelled', (rule) => {
    const p = new PlayedLease()
    expect(p.says(leaves(rule, CARD)).answer).toEqual({ outcome: 'canceled' })
    expect([p.plan.lifecycle, p.moves()]).toEqual(['canceled', ['reserved', 'available']])
  })

  it('return: ended by the terms of cancellation', () => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    expect(p.says(leaves('return')).answer).toEqual({ outcome: 'return' })
    expect([p.plan.lifecycle, p.moves().at(-1), p.deducted()]).toEqual(['canceled', 'maintenance', 30_000])
  })

  it('buy_out: from the last pay, also while on unpaid leave', () => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    p.says((plan, now) => pause(plan, { mode: 'extend', until: null }, now))
    expect(p.says(leaves('buy_out')).answer).toEqual({ outcome: 'buy_out' })
    expect([p.deducted(), p.plan.lifecycle, p.moves().at(-1)]).toEqual([135_000, 'completed', 'sold'])
  })

  it('transfer: goes on with their own payment method, of which they are reminded', () => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    expect(p.says(leaves('transfer', CARD)).answer).toEqual({ outcome: 'transfer' })
    p.to('2027-04-20')
    expect([p.lease.payer, p.plan.paymentMethod, p.deducted(), p.accounts().cash]).toEqual([
      'employee',
      CARD,
      30_000,
      10_000,
    ])
    expect([p.told('payment.reminder').length, p.toldTo('lease.deduction_changed')]).toEqual([1, ['client']])
  })

  it('transfer without a payment method is refused, and nothing is to transfer of a lease that they pay already', () => {
    const p = new PlayedLease().delivered()
    expect(() => leaves('transfer')(p.plan, p.now)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    const own = new PlayedLease({ payer: 'employee' }).delivered()
    expect(own.says(leaves('transfer')).effects).toEqual([])
  })

  /** Months 4 to 6 were moved behind the end of the term by a pause; the device is back, or bought, or lost. */
  const over = (
    step: (plan: Plan, now: Instant) => Decision = (plan) => ({ plan, effects: [] }),
    of: ConstructorParameters<typeof PlayedLease>[0] = {},
  ) => {
    const p = new PlayedLease(of).delivered().to('2027-03-20')
    p.says((plan, now) => pause(plan, { mode: 'extend', until: '2027-06-20T12:00:00Z' }, now))
    p.to('2027-12-20')
    p.says(step)
    return p.to('2028-01-20')
  }
  const lumps = (p: PlayedLease) =>
    p.effects.flatMap((e) =>
      e.write === 'notice' && e.type === 'lease.lump_sum' ? [[e.data.lump_sum, e.data.amount]] : [],
    )

  it.each(['return', 'buy_out'] as const)('%s: what is open of a lease that is over comes off the last pay', (rule) => {
    const p = over()
    expect([p.lease.ended?.how, p.plan.lifecycle, p.deducted()]).toEqual(['return', 'active', 100_000])
    expect(p.says(leaves(rule)).answer).toEqual({ outcome: rule })
    expect(p.charges.slice(-2).map((line) => line.slice(0, 10))).toEqual(['2028-01-20', '2028-01-20'])
    expect([p.deducted(), p.plan.lifecycle, p.plan.total, p.adds()]).toEqual([120_000, 'completed', 120_000, true])
    expect(lumps(p)).toEqual([['open_months', 20_000]])
    expect(p.says(leaves(rule)).answer).toEqual({ outcome: 'unchanged' })
  })

  it('transfer: what is open of a lease that is over goes on with their own payment method', () => {
    const p = over()
    expect(p.says(leaves('transfer', CARD)).answer).toEqual({ outcome: 'transfer' })
    p.to('2028-03-20')
    expect([p.deducted(), p.accounts().cash, p.plan.lifecycle, lumps(p)]).toEqual([100_000, 20_000, 'completed', []])
  })

  it('a residual value that waits for the end of a pause comes off the last pay, too', () => {
    const p = over((plan) => endChosen(plan, { choice: 'buy_out' }))
    const paused = new PlayedLease().delivered().to('2027-12-01')
    paused.says((plan, now) => pause(plan, { mode: 'catch_up', until: null }, now))
    paused.says((plan) => endChosen(plan, { choice: 'buy_out' }))
    paused.to('2028-01-20')
    for (const one of [p, paused]) one.says(leaves('return'))
    expect([p.deducted(), p.plan.lifecycle, paused.deducted(), paused.plan.lifecycle]).toEqual([
      135_000,
      'completed',
      135_000,
      'completed',
    ])
    expect([paused.plan.pause, lumps(paused).slice(-2)]).toEqual([
      null,
      [
        ['open_months', 10_000],
        ['term_end', 15_000],
      ],
    ])
  })

  it('of a lease that they pay themselves nothing is hurried when it is over', () => {
    const p = over(undefined, { payer: 'employee' })
    expect(p.says(leaves('return')).answer).toEqual({ outcome: 'unchanged' })
    p.to('2028-03-20')
    expect([p.accounts().cash, p.plan.lifecycle]).toEqual([120_000, 'completed'])
  })

  it('buy_out: arrears come off the last pay with it', () => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    p.says((plan, now) => pause(plan, { mode: 'catch_up', until: null }, now))
    p.to('2027-05-20')
    p.says(leaves('buy_out'))
    expect([p.deducted(), p.plan.lifecycle, p.adds()]).toEqual([135_000, 'completed', true])
    expect(lumps(p)).toEqual([
      ['offboarding', 85_000],
      ['open_months', 20_000],
    ])
  })

  it.each([
    ['is over', (p: PlayedLease) => p.delivered().to('2028-02-01')],
    ['was terminated', (p: PlayedLease) => p.says((plan, now) => outOfStock(plan, { substitute: null }, now))],
  ])('a lease that %s stays as it is', (_, step) => {
    const p = new PlayedLease()
    step(p)
    const { plan } = p
    expect(p.says(leaves('return')).answer).toEqual({ outcome: 'unchanged' })
    expect(p.plan).toBe(plan)
  })
})
