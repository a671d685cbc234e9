import { adjust } from '../plans/adjust.ts'
import { nsf, paid, processing } from '../plans/example-plan.ts'
import { pause, resume } from '../plans/pause.ts'
import type { Plan } from '../plans/plan.ts'
import type { Instant } from '../plans/terms.ts'
import { endChosen } from './end.ts'
import { PlayedLease } from './example-lease.ts'
import type { EndChoice } from './lease.ts'

const chooses = (p: PlayedLease, choice: EndChoice) => p.says((plan) => endChosen(plan, choice))
const extend = (months: number): EndChoice => ({ choice: 'extend', months })
const adjustTo = (totalAmount: number) => (plan: Plan, now: Instant) => adjust(plan, { totalAmount }, now)
const asked = (p: PlayedLease) =>
  p.told('lease.end_asked').map((e) => ('key' in e ? e.key.replace('end-asked:', '') : ''))
const WRONG = expect.objectContaining({ code: 'lease_step_wrong' })

describe('the end of the term', () => {
  it('the employee is asked 30 and 7 days before; without an answer the device is returned', () => {
    const p = new PlayedLease().delivered().to('2028-01-14')
    expect(asked(p)).toEqual(['2028-01-15:30', '2028-01-15:7'])
    expect([p.lease.ended, p.plan.lifecycle]).toEqual([null, 'active'])
    p.to('2028-01-15T00:00:00Z')
    expect([p.lease.ended?.how, p.plan.lifecycle, p.moves()]).toEqual([
      'return',
      'completed',
      ['reserved', 'leased', 'maintenance'],
    ])
    expect([p.toldTo('lease.ended'), p.deducted(), p.accounts().payroll]).toEqual([
      ['customer', 'client', 'back_office'],
      120_000,
      120_000,
    ])
    expect(() => chooses(p, { choice: 'buy_out' })).toThrow(WRONG)
  })

  it.each([
    ['2027-01-15T08:00:00Z', ['2027-02-15:30', '2027-02-15:7']],
    ['2027-01-15T10:00:00Z', ['2027-02-15:30', '2027-02-15:7']],
    ['2027-02-15T08:00:00Z', ['2027-03-15:7']],
  ])('of one month, delivered at %s: an ask that would be past already is not sent', (at, expected) => {
    const p = new PlayedLease({ termMonths: 1 }).delivered(at).to('2027-04-20')
    expect(asked(p)).toEqual(expected)
  })

  it('after an outage only the nearer ask is of use, and none after the end', () => {
    const near = new PlayedLease().delivered().to('2027-12-01').awayUntil('2028-01-10T00:00:00Z')
    expect(asked(near)).toEqual(['2028-01-15:7'])
    const late = new PlayedLease().delivered().to('2027-12-01').awayUntil('2028-02-10T00:00:00Z')
    expect(asked(late)).toEqual([])
  })

  it('an extension makes no more instalments than a plan may have', () => {
    const p = new PlayedLease({ termMonths: 590, count: 590, total: 590_000 }).delivered()
    expect(() => chooses(p, extend(11))).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    chooses(p, extend(10))
    expect(p.lease.endChoice).toEqual(extend(10))
  })

  it('is not chosen before delivery', () => {
    expect(() => chooses(new PlayedLease(), extend(3))).toThrow(WRONG)
  })

  it.each([[extend(0)], [extend(1.5)], [extend(121)], [{ choice: 'keep' }], [{ choice: 'extend' }]])(
    '%j is no choice',
    (choice) => {
      const p = new PlayedLease().delivered()
      expect(() => chooses(p, choice as EndChoice)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    },
  )

  it('a choice may be changed until then; the same again is nothing', () => {
    const p = new PlayedLease().delivered()
    chooses(p, extend(3))
    const { effects } = chooses(p, extend(3))
    chooses(p, { choice: 'return' })
    p.to('2028-03-01')
    expect([effects, p.lease.ended?.how, p.told('lease.end_chosen').length]).toEqual([[], 'return', 2])
  })

  it('what is escalated stays owed: the device is back, the plan past its end', () => {
    const p = new PlayedLease({ payer: 'employee' }, { '12_1': nsf, '12_2': nsf }).delivered().to('2028-03-01')
    expect([p.lease.ended?.how, p.plan.lifecycle, p.installment(12).status]).toEqual(['return', 'active', 'escalated'])
  })
})

describe('extended', () => {
  it('goes on for so many months at half the amount, on the billing days that follow', () => {
    const p = new PlayedLease().delivered()
    chooses(p, extend(3))
    p.to('2028-01-15')
    expect([p.plan.total, p.plan.terms.endDate, p.plan.terms.termMonths]).toEqual([135_000, '2028-04-15', 15])
    expect(p.plan.installments.slice(12).map((i) => [i.number, i.dueDate, i.amount])).toEqual([
      [13, '2028-01-15', 5_000],
      [14, '2028-02-15', 5_000],
      [15, '2028-03-15', 5_000],
    ])
    expect([p.toldTo('lease.extended'), p.adds(), p.moves()]).toEqual([
      ['customer', 'client'],
      true,
      ['reserved', 'leased'],
    ])
    p.to('2028-04-15')
    expect([p.deducted(), p.plan.lifecycle, p.lease.ended?.how]).toEqual([135_000, 'completed', 'return'])
  })

  it('the employee is asked again; a second extension costs the same a month, and may end in a buy-out', () => {
    const p = new PlayedLease().delivered()
    chooses(p, extend(3))
    p.to('2028-02-01')
    chooses(p, extend(2))
    p.to('2028-05-01')
    chooses(p, { choice: 'buy_out' })
    p.to('2028-06-15')
    expect(asked(p)).toEqual([
      '2028-01-15:30',
      '2028-01-15:7',
      '2028-04-15:30',
      '2028-04-15:7',
      '2028-06-15:30',
      '2028-06-15:7',
    ])
    expect(p.amounts().slice(12)).toEqual([...Array(5).fill(5_000), 15_000])
    expect([p.plan.lifecycle, p.moves().at(-1), p.deducted()]).toEqual(['completed', 'sold', 160_000])
  })

  it('its end is counted from the start: Jan 31 by one month and one more is Mar 31', () => {
    const cadence = { every: 'month' as const, day: 31 }
    const p = new PlayedLease({ termMonths: 1, cadence }).delivered('2027-01-31T08:00:00Z')
    chooses(p, extend(1))
    p.to('2027-03-01')
    expect([p.plan.terms.endDate, p.plan.installments.map((i) => i.dueDate)]).toEqual([
      '2027-03-31',
      ['2027-01-31', '2027-02-28'],
    ])
  })

  it('after an outage of two terms it is extended once, and then ends', () => {
    const p = new PlayedLease({ termMonths: 2 }).delivered()
    chooses(p, extend(1))
    p.awayUntil('2027-06-01T00:00:00Z').to('2027-06-30')
    expect([p.plan.terms.endDate, p.lease.ended?.how, p.plan.lifecycle]).toEqual(['2027-04-15', 'return', 'completed'])
  })

  it('what a pause has moved comes first; no two on one day', () => {
    const p = new PlayedLease().delivered().to('2027-10-20')
    p.says((plan, now) => pause(plan, { mode: 'extend', until: null }, now))
    p.to('2027-12-20')
    p.says(resume)
    chooses(p, extend(2))
    p.to('2028-01-16')
    const days = p.plan.installments.map((i) => i.dueDate)
    expect(days.toSorted().slice(-4)).toEqual(['2028-01-15', '2028-02-15', '2028-03-15', '2028-04-15'])
    expect(new Set(days).size).toBe(days.length)
  })

  it('a new total is spread from then on, also where it would have been caught up with', () => {
    const p = new PlayedLease({ adjustmentPolicy: 'catch_up' }).delivered()
    chooses(p, extend(3))
    p.to('2028-01-20')
    p.says(adjustTo(137_000))
    expect([p.amounts().slice(11), p.plan.refundsDecided]).toEqual([[10_000, 5_000, 6_000, 6_000], 0])
  })
})

describe('bought out at the end', () => {
  const boughtOut = (of: ConstructorParameters<typeof PlayedLease>[0] = {}, answers = {}) => {
    const p = new PlayedLease(of, answers).delivered()
    chooses(p, { choice: 'buy_out' })
    return p.to('2028-01-15')
  }

  it('the residual value is charged at once, and the device sold', () => {
    const p = boughtOut()
    expect(p.charges.at(-1)).toBe('2028-01-15T00:00:00Z 13_1 15000')
    expect([p.plan.lifecycle, p.moves(), p.adds(), p.deducted()]).toEqual([
      'completed',
      ['reserved', 'leased', 'sold'],
      true,
      135_000,
    ])
    expect(p.told('lease.device_sold').length).toBe(1)
  })

  it('a residual value of 0 is not charged', () => {
    const p = boughtOut({ residual: 0 })
    expect([p.plan.installments.length, p.moves().at(-1), p.plan.total]).toEqual([12, 'sold', 120_000])
  })

  it('is not sold while something is unpaid', () => {
    const p = boughtOut({ payer: 'employee' }, { '13_1': nsf })
    expect([p.plan.lifecycle, p.moves().at(-1)]).toEqual(['active', 'leased'])
    p.to('2028-01-16')
    expect([p.plan.lifecycle, p.moves().at(-1)]).toEqual(['completed', 'sold'])
  })

  it('is sold once, though a payment that comes back reopens the plan', () => {
    const p = boughtOut({ payer: 'employee' })
    p.isReturned('12_1', 'soft')
    expect(p.plan.lifecycle).toBe('active')
    p.to('2028-01-20')
    expect([
      p.plan.lifecycle,
      p.moves().filter((to) => to === 'sold').length,
      p.told('lease.device_sold').length,
    ]).toEqual(['completed', 1, 1])
  })

  it('waits for the end of a pause, as all that is new does', () => {
    const p = new PlayedLease().delivered().to('2028-01-01')
    p.says((plan, now) => pause(plan, { mode: 'catch_up', until: null }, now))
    chooses(p, { choice: 'buy_out' })
    p.to('2028-02-01')
    expect([p.lease.ended?.how, p.charges.length]).toEqual(['buy_out', 12])
    p.says(resume)
    expect([p.charges.at(-1), p.moves().at(-1)]).toEqual(['2028-02-01T23:59:59Z 13_1 15000', 'sold'])
  })

  it('a debit under way is awaited', () => {
    const p = boughtOut({ payer: 'employee' }, { '13_1': processing })
    expect(p.moves().at(-1)).toBe('leased')
    p.settles(13, paid)
    expect([p.moves().at(-1), p.plan.lifecycle]).toEqual(['sold', 'completed'])
  })
})
