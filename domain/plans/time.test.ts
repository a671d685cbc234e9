import { adjust } from './adjust.ts'
import { hard, nsf, Played, processing } from './example-plan.ts'
import { isOver, nextWake } from './time.ts'

const days = (p: Played) => p.charges.map((c) => c.slice(0, 20))

describe('due moments', () => {
  it('31 bills on the last day of short months and on the 31st again', () => {
    const p = new Played({
      cadence: { every: 'month', day: 31 },
      startDate: '2027-01-31',
      madeAt: '2027-01-31T00:00:00Z',
    })
    expect(p.plan.installments.slice(0, 4).map((i) => i.dueDate)).toEqual([
      '2027-01-31',
      '2027-02-28',
      '2027-03-31',
      '2027-04-30',
    ])
    expect(days(p.to('2027-04-30')).map((d) => d.slice(0, 10))).toEqual([
      '2027-01-31',
      '2027-02-28',
      '2027-03-31',
      '2027-04-30',
    ])
  })

  it('New York at nine: the moment in UTC moves with daylight saving, the time of day does not', () => {
    const p = new Played({ timezone: 'America/New_York', madeAt: '2027-01-15T06:00:00Z' }).to('2027-11-20')
    expect(new Set(days(p).map((d) => d.slice(11)))).toEqual(new Set(['14:00:00Z', '13:00:00Z']))
    expect(days(p)[2]).toBe('2027-03-15T13:00:00Z')
    expect(days(p)[10]).toBe('2027-11-15T14:00:00Z')
  })

  it('Auckland: charged on its own date, which is the day before in UTC', () => {
    const p = new Played({ timezone: 'Pacific/Auckland', madeAt: '2027-01-14T12:00:00Z' }).to('2027-01-20')
    expect(days(p)).toEqual(['2027-01-14T20:00:00Z'])
  })

  it('a first due moment that is past when the plan starts is charged at once', () => {
    expect(days(new Played({ madeAt: '2027-01-15T11:30:00Z' }).to('2027-01-15'))).toEqual(['2027-01-15T11:30:00Z'])
  })

  it('a plan that starts later is pending until then', () => {
    const p = new Played({ startDate: '2027-03-01', madeAt: '2027-01-15T00:00:00Z' }).to('2027-02-28')
    expect(p.plan.lifecycle).toBe('pending')
    expect(p.to('2027-03-01').plan.lifecycle).toBe('active')
    expect(p.told('plan.activated')).toHaveLength(1)
  })
})

describe('instalments of 0', () => {
  it('are waived on their due dates and never charged: 5 in 12', () => {
    const p = new Played({ total: 5 }).to('2027-03-15T08:59:59Z')
    expect(p.statuses().slice(0, 4)).toEqual(['waived', 'waived', 'scheduled', 'scheduled'])
    expect(p.to('2028-01-15').charges).toEqual(['2027-12-15T09:00:00Z 12_1 5'])
    expect(p.plan.lifecycle).toBe('completed')
  })

  it('also those that an adjustment made 0, without a write-off', () => {
    const p = new Played().to('2027-03-20')
    p.says((plan, now) => adjust(plan, { totalAmount: 30000 }, now))
    p.to('2028-01-15')
    expect(p.statuses().slice(3)).toEqual(new Array(9).fill('waived'))
    expect(p.accounts()).toMatchObject({ write_offs: 0, receivable: 0, cash: 30000 })
  })
})

describe('reminders', () => {
  it('three days before each due date, once, at billing time', () => {
    const p = new Played({ madeAt: '2027-01-14T00:00:00Z' })
    p.to('2027-02-12T08:59:59Z')
    expect(p.told('payment.reminder')).toEqual([])
    p.to('2027-03-20')
    expect(p.told('payment.reminder')).toMatchObject([
      { key: 'reminder:2:2027-02-15', data: { installment: 2, amount: 10000, due_date: '2027-02-15' } },
      { key: 'reminder:3:2027-03-15' },
    ])
  })

  it.each([
    ['never, for 0 days', { reminderDays: 0 }, 0],
    ['one already past when the plan is made is not sent', { reminderDays: 10, madeAt: '2027-01-14T00:00:00Z' }, 1],
    ['one still to come before the first due date is', { madeAt: '2027-01-12T00:00:00Z', startDate: '2027-01-15' }, 2],
  ])('%s', (_name, terms, sent) => {
    expect(new Played(terms).to('2027-02-20').told('payment.reminder')).toHaveLength(sent)
  })

  it('not of what is paid or of nothing', () => {
    expect(new Played({ total: 5 }).to('2027-12-20').told('payment.reminder')).toHaveLength(1)
  })
})

describe('the end', () => {
  it('completed at 00:00 of the end date, told once, and over at once when paid by card', () => {
    const p = new Played().to('2028-01-14')
    expect(p.plan.lifecycle).toBe('active')
    expect(nextWake(p.plan, p.now)).toBe('2028-01-15T00:00:00Z')
    p.to('2028-01-15T00:00:00Z')
    expect(p.plan.lifecycle).toBe('completed')
    expect(p.told('terms.completed')).toHaveLength(1)
    expect(isOver(p.plan, p.now)).toBe(true)
  })

  it('at 00:00 in the zone of the plan', () => {
    const p = new Played({ timezone: 'America/New_York', madeAt: '2027-01-15T06:00:00Z' }).to('2028-01-15T04:59:59Z')
    expect(p.plan.lifecycle).toBe('active')
    expect(p.to('2028-01-15T05:00:00Z').plan.lifecycle).toBe('completed')
  })

  it('later, when the last is paid later', () => {
    const p = new Played({}, { '12_1': processing }).to('2028-01-20')
    expect(p.plan.lifecycle).toBe('active')
    expect(p.settles(12, { result: 'succeeded' }).plan.lifecycle).toBe('completed')
  })

  it('listens for 60 days after the last bank debit', () => {
    const p = new Played({ method: 'us_bank_account' }).to('2028-01-16')
    expect(p.plan.lifecycle).toBe('completed')
    expect([isOver(p.plan, '2028-02-13T08:59:59Z'), isOver(p.plan, '2028-02-13T09:00:00Z')]).toEqual([false, true])
    expect(nextWake(p.plan, p.now)).toBe('2028-02-13T09:00:00Z')
  })

  it.each([
    ['retrying', { '12_1': nsf }],
    ['escalated', { '12_1': hard }],
  ])('not while the last is %s', (_name, answers) => {
    const p = new Played({ endDate: '2027-12-15' }, answers).to('2027-12-15')
    expect(p.plan.lifecycle).toBe('active')
  })
})
