import { cancel } from './cancel.ts'
import { nsf, Played } from './example-plan.ts'
import { pause, resume } from './pause.ts'
import type { Pause } from './plan.ts'

const paused = (mode: Pause['mode'], until: string | null = null, answers = {}) => {
  const p = new Played({}, answers).to('2027-03-20')
  p.says((plan, now) => pause(plan, { mode, until }, now))
  return p
}
const charged = (p: Played) => p.charges.slice(3).map((c) => c.slice(0, 20).concat(c.slice(21).split(' ')[0] ?? ''))

describe('a pause', () => {
  it('extend: the missed ones move behind the last due date, and the end stays', () => {
    const p = paused('extend').to('2027-05-20')
    expect(charged(p)).toEqual([])
    p.says(resume)
    expect([4, 5].map((n) => p.installment(n).dueDate)).toEqual(['2028-01-15', '2028-02-15'])
    expect([p.plan.terms.endDate, p.installment(6).dueDate]).toEqual(['2028-01-15', '2027-06-15'])
    p.to('2028-02-15')
    expect(p.plan.lifecycle).toBe('completed')
    expect(p.charges.at(-1)).toBe('2028-02-15T09:00:00Z 5_1 10000')
  })

  it('catch_up: the missed ones are charged one a day from the day of resuming', () => {
    const p = paused('catch_up').to('2027-06-20T08:00:00Z')
    p.says(resume)
    p.to('2027-06-30')
    expect(charged(p)).toEqual(['2027-06-20T09:00:00Z4_1', '2027-06-21T09:00:00Z5_1', '2027-06-22T09:00:00Z6_1'])
  })

  it('resumed after billing time, the first is charged the same day', () => {
    const p = paused('catch_up').to('2027-05-20T18:00:00Z')
    p.says(resume)
    p.to('2027-05-30')
    expect(charged(p)).toEqual(['2027-05-20T18:00:00Z4_1', '2027-05-21T09:00:00Z5_1'])
  })

  it('ends by itself at its end', () => {
    const p = paused('extend', '2027-04-20T12:00:00Z').to('2027-05-16')
    expect(p.plan.pause).toBeNull()
    expect(p.installment(4).dueDate).toBe('2028-01-15')
    expect(charged(p)).toEqual(['2027-05-15T09:00:00Z5_1'])
  })

  it.each([
    ['by itself', (p: Played) => p],
    ['by a command that comes first', (p: Played) => p.says(resume)],
  ])('was over at its end, also when nobody could look until later: %s', (_how, wake) => {
    const p = paused('extend', '2027-04-20T12:00:00Z').to('2027-04-18')
    p.now = '2027-06-20T10:00:00Z'
    wake(p)
    p.awayUntil('2027-06-20T10:00:00Z').to('2027-06-30')
    // The fourth was missed by the pause, the fifth and the sixth by the outage after it.
    expect([4, 5, 6].map((n) => p.installment(n).dueDate)).toEqual(['2028-01-15', '2027-05-15', '2027-06-15'])
    expect(charged(p)).toEqual(['2027-06-20T10:00:00Z5_1', '2027-06-21T09:00:00Z6_1'])
  })

  it('extended twice, each time what that pause missed moves behind the last, and nothing is left behind', () => {
    const p = paused('extend', '2027-04-20T12:00:00Z').to('2027-05-20')
    p.says((plan, now) => pause(plan, { mode: 'extend', until: '2027-07-20T00:00:00Z' }, now))
    p.to('2027-08-01')
    expect([4, 6, 7].map((n) => p.installment(n).dueDate)).toEqual(['2028-01-15', '2028-02-15', '2028-03-15'])
    expect(p.to('2028-03-15').plan.lifecycle).toBe('completed')
    expect(p.charges).toHaveLength(12)
  })

  it('beyond the end of the term: the plan stays open until all of it is charged', () => {
    const p = paused('catch_up', '2028-03-01T00:00:00Z').to('2028-02-28')
    expect([p.plan.lifecycle, p.charges.length]).toEqual(['active', 3])
    p.to('2028-03-09')
    expect([p.plan.lifecycle, p.charges.length]).toEqual(['completed', 12])
  })

  it('extended beyond the end of the term: on billing days after that, and never one a day', () => {
    const p = paused('extend', '2028-06-20T00:00:00Z').to('2028-08-20')
    expect(charged(p)).toEqual(['2028-07-15T09:00:00Z4_1', '2028-08-15T09:00:00Z5_1'])
    expect(p.plan.terms.endDate).toBe('2028-01-15')
  })

  it('of a plan that has not begun', () => {
    const p = new Played({ startDate: '2027-03-01', cadence: { every: 'month', day: 1 } })
    p.says((plan, now) => pause(plan, { mode: 'extend', until: '2027-04-10T00:00:00Z' }, now))
    p.to('2027-04-11')
    expect([p.plan.lifecycle, p.installment(1).dueDate, p.installment(3).dueDate]).toEqual([
      'active',
      '2028-03-01',
      '2027-05-01',
    ])
  })

  it('a charge under way when it begins goes on, and so does its retry', () => {
    const p = new Played({ method: 'us_bank_account' }, { '3_1': { result: 'processing' } }).to('2027-03-16')
    p.says((plan, now) => pause(plan, { mode: 'extend', until: null }, now))
    p.settles(3, nsf)
    expect(p.to('2027-03-18').charges.at(-1)).toBe('2027-03-17T09:00:00Z 3_2 10000')
    p.says(resume)
    expect(p.installment(3).dueDate).toBe('2027-03-15')
  })

  it('cancelled while it lasts, it is over', () => {
    const p = paused('extend', '2027-04-20T12:00:00Z')
    p.says(cancel)
    expect([p.plan.pause, p.to('2027-05-20').told('plan.resumed')]).toEqual([null, []])
  })

  it('with nothing missed, nothing moves', () => {
    const p = paused('extend', '2027-04-10T12:00:00Z').to('2027-04-16')
    expect(charged(p)).toEqual(['2027-04-15T09:00:00Z4_1'])
  })

  it('a retry under way goes on', () => {
    const p = new Played({}, { '3_1': nsf }).to('2027-03-15T12:00:00Z')
    p.says((plan, now) => pause(plan, { mode: 'extend', until: null }, now))
    expect(p.to('2027-04-20').charges.at(-1)).toBe('2027-03-16T09:00:00Z 3_2 10000')
  })

  it('is told to the customer, and so is its end', () => {
    const p = paused('extend', '2027-04-20T12:00:00Z').to('2027-05-01')
    expect([p.told('terms.paused').length, p.told('terms.resumed').length]).toEqual([1, 1])
  })

  it.each([
    ['already_paused', (p: Played) => pause(p.plan, { mode: 'extend', until: null }, p.now)],
    ['not_paused', (p: Played) => resume(resume(p.plan, p.now).plan, p.now)],
  ])('%s', (code, command) => {
    expect(() => command(paused('extend'))).toThrow(expect.objectContaining({ code }))
  })

  it('until a moment that is past is refused', () => {
    const p = new Played().to('2027-03-20')
    expect(() => pause(p.plan, { mode: 'extend', until: '2027-03-20T00:00:00Z' }, p.now)).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
  })
})

describe('an outage', () => {
  it('what was missed is charged one a day, the oldest first, and no burst', () => {
    const p = new Played().to('2027-01-20').awayUntil('2027-04-20T10:00:00Z').to('2027-05-20')
    expect(p.charges.slice(1)).toEqual([
      '2027-04-20T10:00:00Z 2_1 10000',
      '2027-04-21T09:00:00Z 3_1 10000',
      '2027-04-22T09:00:00Z 4_1 10000',
      '2027-05-15T09:00:00Z 5_1 10000',
    ])
  })

  it('sends no reminder for what was due meanwhile', () => {
    const p = new Played().to('2027-01-20').awayUntil('2027-04-20T10:00:00Z')
    expect(p.told('payment.reminder')).toEqual([])
  })
})
