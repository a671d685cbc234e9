import { cancel, cancellationQuote } from '../plans/cancel.ts'
import { nsf, paid, processing } from '../plans/example-plan.ts'
import { pause } from '../plans/pause.ts'
import { pay } from '../plans/pay.ts'
import type { Plan } from '../plans/plan.ts'
import { resolve } from '../plans/resolve.ts'
import type { Instant } from '../plans/terms.ts'
import { waiverAdded } from './change.ts'
import { endChosen, gone, keptEarly } from './end.ts'
import { PlayedLease } from './example-lease.ts'

const lost = (plan: Plan, now: Instant) => gone(plan, 'lost', now)
const boughtOut = (plan: Plan, now: Instant) => keptEarly(plan, 'buy_out', now)
const WRONG = expect.objectContaining({ code: 'lease_step_wrong' })
const payAhead = (amount: number) => (plan: Plan, now: Instant) =>
  pay(plan, { amount, paymentMethod: { id: 'pm_2', type: 'card' } }, now)

/** Amounts, without the first so many. */
const chargedSince = (p: PlayedLease, first: number) => p.charges.slice(first).map((line) => Number(line.split(' ')[2]))

describe('bought out before its end', () => {
  it('what was to come and the residual value are charged at once, and the device sold', () => {
    const p = new PlayedLease().delivered().to('2027-03-20T12:00:00Z')
    p.says(boughtOut)
    expect(p.charges.at(-1)).toBe('2027-03-20T12:00:00Z 13_1 105000')
    expect([p.plan.lifecycle, p.plan.total, p.deducted(), p.adds()]).toEqual(['completed', 135_000, 135_000, true])
    expect([p.moves(), p.plan.terms.endDate, p.amounts().slice(3, 12)]).toEqual([
      ['reserved', 'leased', 'sold'],
      '2027-03-20',
      Array(9).fill(0),
    ])
    expect(() => lost(p.plan, p.now)).toThrow(WRONG)
    expect(() => endChosen(p.plan, { choice: 'return' })).toThrow(WRONG)
  })

  it('on the day of delivery it ends with the next day', () => {
    const p = new PlayedLease().delivered()
    p.says(boughtOut)
    expect([p.plan.lifecycle, p.plan.terms.endDate, p.deducted()]).toEqual(['active', '2027-01-16', 135_000])
    p.to('2027-01-16')
    expect([p.plan.lifecycle, p.moves().at(-1)]).toEqual(['completed', 'sold'])
  })

  it('on the day of delivery, and cancelled on it for not being paid: a term of one day', () => {
    const cancellation = { type: 'pro_rata' as const }
    const p = new PlayedLease({ payer: 'employee', cancellation }, { '13_1': nsf }).delivered('2027-01-16T08:00:00Z')
    p.says(boughtOut)
    p.says(cancel)
    expect(p.plan.cancellation).toMatchObject({ usedDays: 0, termDays: 1, refund: 0 })
    expect([p.plan.lifecycle, p.lease.ended?.how, p.moves().at(-1)]).toEqual(['canceled', 'canceled', 'maintenance'])
  })

  it('not paid, and given up by a broker: the device is to come back', () => {
    const p = new PlayedLease({ payer: 'employee' }, { '13_1': nsf, '13_2': nsf }).delivered().to('2027-03-20')
    p.says(boughtOut)
    p.to('2027-03-25')
    expect(p.moves().at(-1)).toBe('leased')
    const escalation = p.installment(13).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'cancel_plan', note: 'x' }, now))
    expect([p.plan.lifecycle, p.moves().at(-1), p.accounts().receivable]).toEqual(['canceled', 'maintenance', 0])
  })

  it('written off by a broker, it is sold all the same', () => {
    const p = new PlayedLease({ payer: 'employee' }, { '13_1': nsf, '13_2': nsf }).delivered().to('2027-03-20')
    p.says(boughtOut)
    p.to('2027-03-25')
    const escalation = p.installment(13).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'waive', note: 'x' }, now))
    expect([p.plan.lifecycle, p.moves().at(-1)]).toEqual(['completed', 'sold'])
  })

  it('what is part-paid is charged for its rest', () => {
    const p = new PlayedLease().delivered().to('2027-01-20')
    p.says(payAhead(4_000))
    p.says(boughtOut)
    expect(p.charges.at(-1)).toBe('2027-01-20T23:59:59Z 13_1 121000')
    expect([p.deducted(), p.accounts().cash, p.adds(), p.plan.lifecycle]).toEqual([131_000, 4_000, true, 'completed'])
  })
})

describe('lost or stolen', () => {
  it('without cover, what was to come and the residual value are charged; the unit is lost', () => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    p.says((plan, now) => gone(plan, 'stolen', now))
    expect([p.deducted(), p.lease.ended?.how, p.moves().at(-1), p.plan.lifecycle, p.adds()]).toEqual([
      135_000,
      'stolen',
      'lost',
      'completed',
      true,
    ])
  })

  it('with cover, nothing of what was to come is owed', () => {
    const p = new PlayedLease({ waiver: 6_000, total: 126_000 }).delivered().to('2027-03-20')
    p.says(lost)
    expect([p.deducted(), p.plan.total, p.plan.lifecycle, p.moves().at(-1), p.adds()]).toEqual([
      31_500,
      31_500,
      'completed',
      'lost',
      true,
    ])
  })

  it('in mid-retry and with cover, what had been due stays owed', () => {
    const of = { payer: 'employee' as const, waiver: 6_000, total: 126_000 }
    const p = new PlayedLease(of, { '3_1': nsf }).delivered().to('2027-03-15')
    p.says(lost)
    expect([p.statuses().slice(1, 4), p.plan.lifecycle, p.adds()]).toEqual([
      ['paid', 'retrying', 'waived'],
      'active',
      true,
    ])
    p.to('2027-03-16')
    expect([p.charges.at(-1), p.plan.lifecycle]).toEqual(['2027-03-16T09:00:00Z 3_2 10500', 'completed'])
  })

  it.each([
    ['extend', [105_000], 'completed'],
    ['catch_up', [85_000, 10_000, 10_000], 'active'],
  ] as const)('while paused (%s), the pause is over with it', (mode, expected, lifecycle) => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    p.says((plan, now) => pause(plan, { mode, until: null }, now))
    p.to('2027-05-20')
    p.says(lost)
    expect([p.plan.pause, p.plan.lifecycle, p.adds()]).toEqual([null, lifecycle, true])
    p.to('2027-05-21')
    expect(chargedSince(p, 3).toSorted()).toEqual(expected.toSorted())
    expect([p.deducted(), p.plan.lifecycle]).toEqual([135_000, 'completed'])
  })

  it('with a charge under way, that one is awaited', () => {
    const p = new PlayedLease({ payer: 'employee' }, { '3_1': processing }).delivered().to('2027-03-20')
    p.says(lost)
    expect([p.charges.at(-1), p.plan.lifecycle, p.adds()]).toEqual(['2027-03-20T23:59:59Z 13_1 105000', 'active', true])
    p.settles(3, nsf)
    p.to('2027-03-22')
    expect([p.charges.at(-1), p.plan.lifecycle]).toEqual(['2027-03-21T09:00:00Z 3_2 10000', 'completed'])
  })

  it.each([
    [0, ['2027-01-20T23:59:59Z 13_1 115000', '2027-01-20T23:59:59Z 2_1 10000'], 135_000],
    [6_000, [], 10_000],
  ])(
    'with a payment for months to come under way that fails, these go the way of the others (cover %d)',
    (waiver, charged, total) => {
      const p = new PlayedLease({ payer: 'employee', waiver }, { p1: processing }).delivered().to('2027-01-20')
      p.says(payAhead(10_000))
      p.says(lost)
      p.oneOffSettles(1, nsf)
      expect([p.charges.slice(1), p.plan.total, p.plan.lifecycle, p.adds()]).toEqual([
        charged,
        total,
        'completed',
        true,
      ])
    },
  )

  it('what was paid ahead is kept; taken back, it goes the way of the others', () => {
    const p = new PlayedLease({ payer: 'employee', waiver: 6_000 }, { p1: paid }).delivered().to('2027-01-20')
    p.says(payAhead(10_000))
    p.says(lost)
    expect([p.plan.total, p.plan.refundsDecided, p.plan.lifecycle]).toEqual([20_000, 0, 'completed'])
  })

  it('before delivery there is nothing to lose', () => {
    const { plan, now } = new PlayedLease()
    for (const command of [lost, boughtOut]) expect(() => command(plan, now)).toThrow(WRONG)
  })
})

/** Months 4 to 6 fell due in a pause that was to be caught up with, or while nobody looked, and are not charged yet. */
const inArrears: [string, (p: PlayedLease) => PlayedLease][] = [
  [
    'a pause',
    (p) => {
      p.to('2027-03-20')
      p.says((plan, now) => pause(plan, { mode: 'catch_up', until: '2027-06-20T12:00:00Z' }, now))
      return p.to('2027-06-20T11:00:00Z')
    },
  ],
  [
    'an outage',
    (p) => {
      p.to('2027-03-20').now = '2027-06-20T11:00:00Z'
      return p
    },
  ],
]

describe.each(inArrears)('what had fallen due before, and %s has kept from being charged', (_, fallsBehind) => {
  it.each([
    ['covered', lost, { waiver: 6_000, total: 126_000 }, 0, 10_500],
    ['not covered', lost, {}, 60_000 + 15_000, 10_000],
    ['bought', boughtOut, {}, 60_000 + 15_000, 10_000],
  ])('%s: stays owed, one a day; the months to come are the six after it', (_what, command, asked, atOnce, month) => {
    const p = fallsBehind(new PlayedLease(asked).delivered())
    p.says(command)
    expect([p.plan.total, p.plan.lifecycle, p.adds()]).toEqual([6 * month + atOnce, 'active', true])
    p.to('2027-06-22')
    expect(chargedSince(p, 3)).toEqual(expect.arrayContaining([month, month, month]))
    expect([p.deducted(), p.plan.lifecycle, p.charges.length]).toEqual([
      6 * month + atOnce,
      'completed',
      atOnce > 0 ? 7 : 6,
    ])
  })
})

describe('damage cover added in mid-term', () => {
  const covered = (of: ConstructorParameters<typeof PlayedLease>[0] = {}, answers = {}) => {
    const p = new PlayedLease(of, answers).delivered().to('2027-03-20')
    p.says((plan, now) => waiverAdded(plan, { monthly: 500 }, now))
    return p
  }

  it.each([
    ['2027-03-20', 'no month is paid with it', 135_000, 0],
    ['2027-04-14', 'no month is paid with it', 135_000, 0],
    ['2027-04-15', 'one is', 40_500, 500],
    ['2027-05-20', 'two are', 51_000, 1_000],
  ])('lost on %s, when %s', (day, _what, total, waiver) => {
    const p = covered().to(day)
    p.says(lost)
    expect([p.plan.total, p.deducted(), p.lease.waiver, p.plan.lifecycle, p.adds()]).toEqual([
      total,
      total,
      waiver,
      'completed',
      true,
    ])
  })

  it.each([
    ['is retried', { payer: 'employee' as const }, { '4_1': nsf }],
    ['is under way', { payer: 'employee' as const }, { '4_1': processing }],
  ])('does not count while the first month with it %s', (_what, of, answers) => {
    const p = covered(of, answers).to('2027-04-15')
    p.says(lost)
    expect([p.amounts().slice(3), p.plan.total]).toEqual([[10_500, ...Array(8).fill(0), 95_000], 135_500])
  })

  it('does not count sooner for a month that is paid ahead, with it or before it', () => {
    const p = new PlayedLease({ payer: 'employee' }).delivered().to('2027-03-20')
    p.says(payAhead(10_000))
    p.says((plan, now) => waiverAdded(plan, { monthly: 500 }, now))
    p.says(payAhead(10_500))
    p.to('2027-04-20')
    p.says(lost)
    expect([p.plan.total, p.adds()]).toEqual([135_500, true])
  })

  it('counts from a month of the extension that is paid with it, too', () => {
    const p = new PlayedLease({ payer: 'employee' }, { '12_1': nsf, '12_2': nsf }).delivered().to('2027-12-10')
    p.says((plan, now) => waiverAdded(plan, { monthly: 500 }, now))
    p.says((plan) => endChosen(plan, { choice: 'extend', months: 2 }))
    p.to('2028-01-20')
    p.says(lost)
    expect([p.lease.coveredMonths, p.lease.toCome]).toEqual([[12, 13, 14], 'forgiven'])
  })

  it('bought out, it is of what was to come', () => {
    const p = covered()
    p.says(boughtOut)
    expect([p.plan.total, p.deducted(), p.adds()]).toEqual([139_500, 139_500, true])
  })
})

describe('cancelled after delivery', () => {
  it('ends early with the fee of its terms; the device is to come back', () => {
    const cancellation = { type: 'none' as const, fee: 5_000, collectBalance: true }
    const p = new PlayedLease({ cancellation }).delivered().to('2027-03-20')
    p.says(cancel)
    expect([p.charges.at(-1), p.plan.lifecycle, p.moves().at(-1), p.deducted()]).toEqual([
      '2027-03-20T23:59:59Z 0_1 5000',
      'canceled',
      'maintenance',
      35_000,
    ])
    expect(p.toldTo('lease.ended')).toEqual(['customer', 'client', 'back_office'])
  })

  it.each(['lost', 'stolen'] as const)('is refused when it is %s: what is owed for it stays owed', (how) => {
    const p = new PlayedLease({ payer: 'employee' }, { '13_1': nsf, '13_2': nsf }).delivered().to('2027-03-20')
    p.says((plan, now) => gone(plan, how, now))
    p.to('2027-03-25')
    for (const ask of [cancel, cancellationQuote]) expect(() => ask(p.plan, p.now)).toThrow(WRONG)
    expect([p.installment(13).status, p.accounts().receivable, p.adds()]).toEqual(['escalated', 105_000, true])
    const escalation = p.installment(13).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'cancel_plan', note: 'x' }, now))
    expect([p.plan.lifecycle, p.accounts().receivable, p.moves().at(-1)]).toEqual(['canceled', 0, 'lost'])
    expect(cancel(p.plan, p.now).effects).toEqual([])
  })

  it('after the device has come back, it is not asked for again', () => {
    const p = new PlayedLease({ payer: 'employee' }, { '12_1': nsf, '12_2': nsf }).delivered().to('2028-02-01')
    p.says(cancel)
    expect([p.lease.ended?.how, p.moves()]).toEqual(['return', ['reserved', 'leased', 'maintenance']])
  })
})
