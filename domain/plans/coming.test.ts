import { adjust } from './adjust.ts'
import { chargeOfTheDay, comingCharges, nextBillingAt } from './coming.ts'
import { nsf, Played } from './example-plan.ts'
import { pause, resume } from './pause.ts'
import { pay } from './pay.ts'
import type { Pause } from './plan.ts'
import { wakeInWords } from './words.ts'
import { attemptsBegun } from './work.ts'

const paused = (mode: Pause['mode'], until: string | null, terms = {}, answers = {}) => {
  const p = new Played(terms, answers).to('2027-03-20')
  p.says((plan, now) => pause(plan, { mode, until }, now))
  return p
}
const coming = (p: Played) => comingCharges(p.plan).map(({ at, installment }) => `${at} ${installment.number}`)
/** What was charged after the three before the pause: moment and instalment. */
const charged = (p: Played) => p.charges.slice(3).map((c) => `${c.slice(0, 20)} ${c.slice(21).split('_')[0]}`)

describe('the next automatic charge of a paused plan', () => {
  type Row = [mode: Pause['mode'], until: string | null, next: string | null]
  const rows: Row[] = [
    ['extend', null, null],
    ['catch_up', null, null],
    ['extend', '2027-04-10T12:00:00Z', '2027-04-15T09:00:00Z'],
    ['catch_up', '2027-04-10T12:00:00Z', '2027-04-15T09:00:00Z'],
    ['extend', '2027-05-20T06:00:00Z', '2027-06-15T09:00:00Z'],
    ['catch_up', '2027-05-20T06:00:00Z', '2027-05-20T09:00:00Z'],
    ['catch_up', '2027-05-20T18:00:00Z', '2027-05-20T18:00:00Z'],
    // Due at the very moment at which the pause ends: missed by it.
    ['extend', '2027-04-15T09:00:00Z', '2027-05-15T09:00:00Z'],
    ['catch_up', '2027-04-15T09:00:00Z', '2027-04-15T09:00:00Z'],
    // Beyond the end of the term.
    ['extend', '2028-06-20T00:00:00Z', '2028-07-15T09:00:00Z'],
    ['catch_up', '2028-06-20T00:00:00Z', '2028-06-20T09:00:00Z'],
  ]
  it.each(rows)('%s until %s: %s', (mode, until, next) => {
    const p = paused(mode, until)
    expect(nextBillingAt(p.plan)).toBe(next)
    if (next !== null) expect(charged(p.to(next))[0]?.slice(0, 20)).toBe(next)
  })

  it.each(['extend', 'catch_up'] as const)('%s: all charges come as they were said to', (mode) => {
    const p = paused(mode, '2027-06-20T06:00:00Z')
    const said = coming(p)
    expect(said).toHaveLength(9)
    expect(charged(p.to('2028-06-01'))).toEqual(said)
  })

  it('a retry under way comes first, whenever the pause ends', () => {
    const p = new Played({}, { '3_1': nsf }).to('2027-03-15T12:00:00Z')
    p.says((plan, now) => pause(plan, { mode: 'extend', until: null }, now))
    expect(nextBillingAt(p.plan)).toBe('2027-03-16T09:00:00Z')
  })

  it('an increase that is due at once waits for the end of the pause', () => {
    const p = paused('extend', '2027-04-10T12:00:00Z', { adjustmentPolicy: 'catch_up' })
    p.says((plan, now) => adjust(plan, { totalAmount: 240000 }, now))
    expect(nextBillingAt(p.plan)).toBe('2027-04-10T12:00:00Z')
    expect(p.to('2027-04-11').charges.at(-1)).toBe('2027-04-10T12:00:00Z 13_1 30000')
  })

  it('weekly: what was missed comes one a day, and what falls due meanwhile after it', () => {
    const terms = { cadence: { every: 'week', weekday: 5 }, count: 52 } as const
    const p = new Played(terms).to('2027-01-16')
    p.says((plan, now) => pause(plan, { mode: 'catch_up', until: '2027-02-04T00:00:00Z' }, now))
    const said = coming(p).slice(0, 5)
    expect(said).toEqual([
      '2027-02-04T09:00:00Z 2',
      '2027-02-05T09:00:00Z 3',
      '2027-02-06T09:00:00Z 4',
      '2027-02-12T09:00:00Z 5',
      '2027-02-19T09:00:00Z 6',
    ])
    const dates = p.to('2027-02-19').charges.slice(1, 6)
    expect(dates.map((c) => `${c.slice(0, 20)} ${c.slice(21).split('_')[0]}`)).toEqual(said)
  })
})

it('after a pause that ended today, the next charge is the day after when one was made today already', () => {
  const p = new Played().to('2027-04-15T12:00:00Z')
  p.says((plan, now) => pause(plan, { mode: 'catch_up', until: null }, now))
  p.says(resume)
  expect(nextBillingAt(p.plan)).toBe('2027-05-15T09:00:00Z')
  p.awayUntil('2027-07-20T10:00:00Z')
  expect(nextBillingAt(p.plan)).toBe('2027-07-21T09:00:00Z')
})

it('a timer says what it waits for, also when that is overdue, or a retry', () => {
  const p = paused('catch_up', null).to('2027-05-20T10:00:00Z')
  p.says(resume)
  expect(wakeInWords(p.plan, '2027-05-21T09:00:00Z')).toBe(
    'Charge of instalment 5 of 12, $100.00, due 15 May 2027 09:00 UTC',
  )
  const again = new Played({}, { '1_1': nsf }).to('2027-01-15T12:00:00Z')
  expect(wakeInWords(again.plan, '2027-01-16T09:00:00Z')).toMatch(/^Retry of instalment 1 of 12/)
})

describe('the charge of the day', () => {
  const on = (p: Played, now = p.now) => chargeOfTheDay(p.plan, now)

  it('an instalment that is due today: after until it is begun, then before', () => {
    const p = new Played().to('2027-02-15T08:00:00Z')
    expect(on(p)).toBe('after')
    const begun = attemptsBegun(p.plan, '2027-02-15T09:00:00Z')
    expect(chargeOfTheDay(begun, '2027-02-15T09:00:00Z')).toBe('before')
    expect([on(p.to('2027-02-15T10:00:00Z')), on(p, '2027-02-16T10:00:00Z')]).toEqual(['before', 'none'])
  })

  it('a retry', () => {
    const p = new Played({}, { '1_1': nsf }).to('2027-01-16T08:00:00Z')
    expect(on(p)).toBe('after')
    expect([on(p.to('2027-01-16T10:00:00Z')), on(p.to('2027-01-17T10:00:00Z'))]).toEqual(['before', 'none'])
  })

  it('one that is caught up', () => {
    const p = paused('catch_up', null).to('2027-05-20T06:00:00Z')
    expect(on(p)).toBe('none')
    p.says(resume)
    expect(on(p)).toBe('after')
    expect([on(p.to('2027-05-20T10:00:00Z')), on(p.to('2027-05-21T08:00:00Z'))]).toEqual(['before', 'after'])
    expect(on(p.to('2027-05-22T10:00:00Z'))).toBe('none')
  })

  it('none while the plan is paused, nor for what was paid ahead, nor for a one-off payment', () => {
    expect(on(paused('extend', null).to('2027-04-15T08:00:00Z'))).toBe('none')
    const p = new Played().to('2027-02-14')
    p.says((plan, now) => pay(plan, { amount: 10000, paymentMethod: null }, now))
    expect([on(p), on(p.to('2027-02-15T10:00:00Z'))]).toEqual(['none', 'none'])
  })

  it('the day is the one of the zone', () => {
    const terms = { timezone: 'Pacific/Auckland', madeAt: '2027-01-14T12:00:00Z' }
    const p = new Played(terms).to('2027-01-14T21:00:00Z')
    expect([on(p), on(p, '2027-01-15T11:30:00Z')]).toEqual(['before', 'none'])
  })
})
