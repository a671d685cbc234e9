import { adjust } from './adjust.ts'
import { cancel } from './cancel.ts'
import { hard, nsf, Played, processing } from './example-plan.ts'
import { outstanding, paidIn, statusOf, sum } from './figures.ts'
import { pause, resume } from './pause.ts'
import { pay } from './pay.ts'
import type { Plan } from './plan.ts'
import { resolve } from './resolve.ts'

const to = (totalAmount: number) => (plan: Plan, now: string) => adjust(plan, { totalAmount }, now)
const times = <T>(n: number, value: T): T[] => new Array<T>(n).fill(value)
/** paid − refunded + unpaid, which is the total after every adjustment. */
const standing = (p: Played) => paidIn(p.plan) - p.plan.refundsDecided + outstanding(p.plan)
const threePaid = (terms = {}, answers = {}) => new Played(terms, answers).to('2027-03-20')

describe('120000 in 12, three paid', () => {
  it('spread upwards: the rest takes it, the last what is left over', () => {
    const p = threePaid()
    const { answer } = p.says(to(150000))
    expect(p.amounts()).toEqual([...times(3, 10000), ...times(8, 13333), 13336])
    expect(answer).toMatchObject({ changed: true, previousTotal: 120000, total: 150000, refunded: 0, charged: 0 })
    expect(standing(p)).toBe(150000)
  })

  it('catch_up upwards: what the settled ones are short of is charged at once', () => {
    const p = threePaid({ adjustmentPolicy: 'catch_up' })
    const { answer } = p.says(to(150000))
    expect(p.amounts()).toEqual([...times(3, 10000), ...times(9, 12500), 7500])
    expect(answer.charged).toBe(7500)
    expect(p.charges.at(-1)).toBe('2027-03-20T23:59:59Z 13_1 7500')
    expect(p.installment(13).status).toBe('paid')
  })

  it('catch_up downwards: what the settled ones paid too much is given back at once', () => {
    const p = threePaid({ adjustmentPolicy: 'catch_up' })
    expect(p.says(to(60000)).answer.refunded).toBe(15000)
    expect(p.amounts()).toEqual([...times(3, 10000), ...times(9, 5000)])
    expect(p.plan.refunds).toMatchObject([{ amount: 15000, cause: 'adjustment' }])
    expect(standing(p)).toBe(60000)
  })

  it('spread downwards below what is paid, the fourth escalated: its case is closed and the rest refunded', () => {
    const p = new Played({}, { '4_1': nsf, '4_2': nsf }).to('2027-04-20')
    const { escalation } = p.installment(4)
    expect(statusOf(p.plan)).toBe('past_due')
    const { answer, effects } = p.says(to(20000))
    expect(p.amounts()).toEqual([...times(3, 10000), 0, ...times(8, 0)])
    expect(effects).toContainEqual({ write: 'escalation_resolved', id: escalation, resolution: { action: 'adjusted' } })
    expect(p.installment(4)).toMatchObject({ status: 'waived', escalation: null })
    expect(answer.refunded).toBe(10000)
    expect(statusOf(p.plan)).toBe('active')
    expect(p.accounts().receivable).toBe(-10000)
    expect(p.givenBack().plan.refunds).toEqual([])
  })

  it.each([['spread'], ['catch_up']] as const)(
    'to the present total by %s: nothing happens and nobody is told',
    (policy) => {
      const p = threePaid({ adjustmentPolicy: policy })
      const before = p.plan
      const { plan, effects, answer } = adjust(before, { totalAmount: 120000 }, p.now)
      expect(plan).toBe(before)
      expect(effects).toEqual([])
      expect(answer.changed).toBe(false)
    },
  )

  it('tells the customer once, with the old and the new schedule', () => {
    const p = threePaid()
    const { effects } = p.says(to(150000))
    const [notice, ...others] = effects.filter((e) => e.write === 'notice')
    expect(others).toEqual([])
    expect(notice).toMatchObject({
      type: 'terms.adjusted',
      data: { previous_total_amount: 120000, total_amount: 150000 },
    })
    const data = notice?.data as Record<'before' | 'after', { amount: number }[]>
    expect([data.before[11]?.amount, data.after[11]?.amount]).toEqual([10000, 13336])
  })
})

describe('lowering takes first from the scheduled, then from what is unresolved, newest first, then from what is paid', () => {
  const failing = { '4_1': nsf, '4_2': nsf, '5_1': hard }
  const rows: [name: string, total: number, expected: { fourth: number; fifth: number; refunded: number }][] = [
    ['the scheduled ones carry it', 60000, { fourth: 10000, fifth: 10000, refunded: 0 }],
    ['to exactly what is settled', 50000, { fourth: 10000, fifth: 10000, refunded: 0 }],
    ['part of the newest', 44000, { fourth: 10000, fifth: 4000, refunded: 0 }],
    ['the newest and part of the one before', 33000, { fourth: 3000, fifth: 0, refunded: 0 }],
    ['both', 30000, { fourth: 0, fifth: 0, refunded: 0 }],
    ['both and money', 29999, { fourth: 0, fifth: 0, refunded: 1 }],
    ['nearly all', 1, { fourth: 0, fifth: 0, refunded: 29999 }],
  ]
  it.each(rows)('%s', (_name, total, { fourth, fifth, refunded }) => {
    const p = new Played({}, failing).to('2027-05-20')
    expect(p.statuses().slice(0, 6)).toEqual(['paid', 'paid', 'paid', 'escalated', 'escalated', 'scheduled'])
    const { effects, answer } = p.says(to(total))
    expect([p.installment(4).amount, p.installment(5).amount, answer.refunded]).toEqual([fourth, fifth, refunded])
    expect(standing(p)).toBe(total)
    const changed = effects.filter((e) => e.write === 'escalation_amount' || e.write === 'escalation_resolved')
    expect(changed).toHaveLength(Number(fourth < 10000) + Number(fifth < 10000))
  })
})

describe('neighbours', () => {
  it('when everything is paid an increase is one extra instalment, due at once', () => {
    const p = new Played().to('2027-12-20')
    p.says(to(125000))
    expect(p.plan.installments).toHaveLength(13)
    expect(p.installment(13)).toMatchObject({ amount: 5000, status: 'paid', atOnce: '2027-12-20T23:59:59Z' })
    expect(p.charges.at(-1)).toBe('2027-12-20T23:59:59Z 13_1 5000')
  })

  it('the extra instalment has an NSF path of its own', () => {
    const p = new Played({}, { '13_1': nsf, '13_2': nsf }).to('2027-12-20')
    p.says(to(125000))
    expect(p.installment(13)).toMatchObject({ status: 'retrying', retryOn: '2027-12-21' })
    expect(p.to('2027-12-21').installment(13).status).toBe('escalated')
  })

  it('when everything is paid a decrease is refunded', () => {
    const p = new Played().to('2027-12-20')
    expect(p.says(to(100000)).answer.refunded).toBe(20000)
    expect(standing(p)).toBe(100000)
  })

  it('twice: the second time what was refunded is not refunded again', () => {
    const p = threePaid()
    p.says(to(20000))
    p.givenBack()
    expect(p.says(to(15000)).answer.refunded).toBe(5000)
    expect(p.says(to(27000)).answer.refunded).toBe(0)
    expect(sum(p.plan.installments, (i) => i.amount) - p.plan.refundedByAdjustment).toBe(27000)
    expect(standing(p)).toBe(27000)
  })

  const debit = (total: number) => {
    const p = new Played({ method: 'us_bank_account' }, { '3_1': processing }).to('2027-03-20')
    return { p, answer: p.says(to(total)).answer }
  }

  it('a debit that is processing keeps its amount, and what is paid besides is given back at once', () => {
    const { p, answer } = debit(15000)
    expect(answer).toMatchObject({ provisional: true, refunded: 15000 })
    expect([p.installment(3).amount, standing(p)]).toEqual([10000, 15000])
  })

  it('below what a debit is processing: the rest waits for its end, and is given back when it succeeds', () => {
    const { p, answer } = debit(5000)
    expect(answer.refunded).toBe(20000)
    expect(p.plan.overcharge).toBe(5000)
    p.settles(3, { result: 'succeeded' })
    expect(p.plan).toMatchObject({ overcharge: 0, refundsDecided: 25000 })
    expect(standing(p)).toBe(5000)
  })

  it('below what a debit is processing that then fails: the instalment is lowered instead', () => {
    const { p } = debit(5000)
    p.settles(3, nsf)
    expect(p.installment(3)).toMatchObject({ amount: 5000, paid: 0, status: 'retrying' })
    expect(p.plan).toMatchObject({ overcharge: 0, refundsDecided: 20000 })
    expect(standing(p)).toBe(5000)
  })

  it('raised again before the debit has ended: what was too much is less, and nothing more is charged for it', () => {
    const { p } = debit(5000)
    p.says(to(12000))
    expect([p.plan.overcharge, sum(p.plan.installments.slice(3), (i) => i.amount)]).toEqual([0, 2000])
    p.settles(3, { result: 'succeeded' })
    expect([p.plan.refundsDecided, standing(p)]).toEqual([20000, 12000])
  })

  /** A one-off payment that takes days, made at 08:00 of the first day or after the first charge. */
  const paying = (amount: number, terms: ConstructorParameters<typeof Played>[0] = {}, at = '2027-01-15T08:00:00Z') => {
    const p = new Played(terms, { p1: processing }).to(at)
    p.says((plan, now) => pay(plan, { amount, paymentMethod: null }, now))
    return p
  }

  it.each([['spread'], ['catch_up']] as const)('likewise when all is paid ahead, by %s', (adjustmentPolicy) => {
    const p = paying(110000, { adjustmentPolicy }, '2027-01-20')
    p.says(to(5000))
    expect(p.plan.overcharge).toBe(105000)
    expect(p.says(to(15000)).answer).toMatchObject({ charged: 0, refunded: 0 })
    expect([p.plan.installments.length, p.plan.overcharge]).toEqual([12, 95000])
    p.oneOffSettles(1, { result: 'succeeded' })
    expect([p.plan.refundsDecided, standing(p)]).toEqual([105000, 15000])
  })

  it.each([['spread'], ['catch_up']] as const)(
    'below what a one-off payment holds that then fails: what it held is lowered instead, by %s',
    (adjustmentPolicy) => {
      const p = paying(120000, { adjustmentPolicy })
      p.says(to(60000))
      expect(p.plan.overcharge).toBe(60000)
      p.oneOffSettles(1, nsf)
      expect(p.amounts()).toEqual(times(12, 5000))
      expect(p.plan).toMatchObject({ overcharge: 0, refundsDecided: 0, writeOffsByAdjustment: 0 })
      expect(p.accounts()).toMatchObject({ write_offs: 0, receivable: 60000 })
      expect(paidIn(p.to('2028-01-15').plan)).toBe(60000)
    },
  )

  it('when what was paid besides has been given back by then, what it held is what is left of the total', () => {
    const p = paying(110000, {}, '2027-01-20')
    expect(p.says(to(4000)).answer.refunded).toBe(10000)
    p.oneOffSettles(1, nsf)
    expect([outstanding(p.plan), p.plan.writeOffsByAdjustment, standing(p)]).toEqual([4000, 0, 4000])
  })

  it('what it held and paid in part is lowered before money is given back', () => {
    const p = paying(5000)
    p.says(to(3000))
    p.oneOffSettles(1, { result: 'succeeded' })
    expect(p.installment(1)).toMatchObject({ amount: 5000, paid: 5000, status: 'paid' })
    expect([p.plan.refundsDecided, standing(p)]).toEqual([2000, 3000])
  })

  it('after a write-off, below what is paid and written off: no money is given back for what was never paid', () => {
    const p = new Played({}, { '1_1': hard }).to('2027-01-20')
    const escalation = p.installment(1).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'waive', note: 'gone' }, now))
    const { answer } = p.says(to(4000))
    expect(answer.refunded).toBe(0)
    expect(p.plan).toMatchObject({ writeOffsByAdjustment: 6000, refundsDecided: 0 })
    expect(p.accounts()).toMatchObject({ write_offs: 4000, receivable: 0 })
  })

  it('what is part-paid of a scheduled one counts as settled, and the rest is spread on top of it', () => {
    const p = threePaid()
    p.says((plan, now) => pay(plan, { amount: 4000, paymentMethod: null }, now))
    p.says(to(124000))
    expect(p.amounts().slice(3)).toEqual([14000, ...times(8, 10000)])
  })

  it('the discount stays', () => {
    const p = new Played({ total: 130000, discount: 10000 }).to('2027-03-20')
    p.says(to(160000))
    expect(p.amounts()).toEqual([...times(3, 10000), ...times(8, 13333), 13336])
  })

  it('what is due at once and waits for the end of a pause is raised and lowered before money is given back', () => {
    const p = threePaid({ adjustmentPolicy: 'catch_up' })
    p.says((plan, now) => pause(plan, { mode: 'extend', until: null }, now))
    expect(p.says(to(150000)).answer.charged).toBe(7500)
    expect(p.says(to(180000)).answer.charged).toBe(7500)
    expect(p.amounts()).toEqual([...times(3, 10000), ...times(9, 15000), 15000])
    expect(p.says(to(144000)).answer).toMatchObject({ refunded: 0, charged: 0 })
    expect(p.amounts()).toEqual([...times(3, 10000), ...times(9, 12000), 6000])
    expect(p.says(to(120000)).answer).toMatchObject({ refunded: 0, charged: 0 })
    expect([p.installment(13).amount, standing(p)]).toEqual([0, 120000])
    expect(p.says(to(108000)).answer.refunded).toBe(3000)
    p.says(resume)
    expect(p.installment(13).status).toBe('waived')
  })

  it.each([
    ['UGX', 100003, [8333, 8333, 8340]],
    ['KWD', 100010, [8330, 8330, 8380]],
  ])('%s: amounts in steps that can be charged, also when adjusted twice', (currency, total, amounts) => {
    const p = new Played({ currency, total: 90000 })
    p.says(to(120000))
    p.says(to(total))
    expect([p.amounts()[0], p.amounts()[10], p.amounts()[11]]).toEqual(amounts)
    p.to('2027-03-20')
    p.says(to(10))
    expect(standing(p)).toBe(10)
  })

  it('catch_up downwards with one escalated: that one is lowered first, and only the rest is given back', () => {
    const p = new Played({ adjustmentPolicy: 'catch_up' }, { '4_1': hard }).to('2027-04-20')
    const { answer } = p.says(to(60000))
    // Four settled ones of 10000 should have been of 5000: 20000 too much, 10000 of it was never paid.
    expect([p.installment(4).amount, p.installment(4).status, answer.refunded]).toEqual([0, 'waived', 10000])
    expect(p.amounts().slice(4)).toEqual(times(8, 5000))
    expect(standing(p)).toBe(60000)
  })

  it('weekly: 52 of them, and the last takes what is left', () => {
    const p = new Played({ cadence: { every: 'week', weekday: 5 }, count: 52 }).to('2027-01-30')
    expect(p.statuses().filter((s) => s === 'paid')).toHaveLength(3)
    p.says(to(130000))
    expect([p.amounts()[3], p.amounts()[51]]).toEqual([2511, 130000 - 3 * 2307 - 48 * 2511])
  })

  it('then cancelled: the total in force is what is earned of', () => {
    const p = threePaid()
    p.says(to(150000))
    expect(p.says(cancel).answer.cancellation).toMatchObject({ usedDays: 64, earned: 26301, refund: 3699 })
  })

  it('a discount of all of it: nothing is owed, and an increase is spread', () => {
    const p = new Played({ total: 120000, discount: 120000 }).to('2027-03-20')
    expect([p.statuses()[2], p.charges]).toEqual(['waived', []])
    p.says(to(129000))
    expect(p.amounts().slice(2)).toEqual([0, ...times(9, 1000)])
  })

  it('a pending plan, before anything was charged', () => {
    const p = new Played({ startDate: '2027-02-01', madeAt: '2027-01-15T00:00:00Z' })
    p.says(to(5))
    expect(p.amounts()).toEqual([...times(11, 0), 5])
  })

  it.each([
    ['nothing', 0],
    ['less than nothing', -1],
    ['half a cent', 10.5],
    ['more than can be counted', Number.MAX_SAFE_INTEGER + 1],
    ['below the discount', 4999],
  ])('%s is refused', (_name, totalAmount) => {
    const { plan } = new Played({ discount: 5000 })
    expect(() => adjust(plan, { totalAmount }, '2027-01-15T10:00:00Z')).toThrow(
      expect.objectContaining({ code: 'amount_invalid' }),
    )
  })

  it('an increase that needs one instalment more than a plan may have is refused, and a decrease is not', () => {
    const { plan } = new Played({ termMonths: 600, count: 600, total: 600_000 })
    const paidUp = {
      ...plan,
      installments: plan.installments.map((i) => ({ ...i, status: 'paid' as const, paid: i.amount })),
    }
    const at = '2027-01-15T10:00:00Z'
    expect(() => adjust(paidUp, { totalAmount: 600_100 }, at)).toThrow(
      expect.objectContaining({ code: 'amount_invalid', detail: expect.stringContaining('600 instalments') }),
    )
    expect(adjust(paidUp, { totalAmount: 599_900 }, at).answer).toMatchObject({ refunded: 100 })
    expect(adjust(plan, { totalAmount: 600_600 }, at).answer).toMatchObject({ changed: true })
  })

  it('a completed plan is refused', () => {
    const p = new Played().to('2028-01-20')
    expect(() => adjust(p.plan, { totalAmount: 1 }, p.now)).toThrow(
      expect.objectContaining({ code: 'plan_not_active' }),
    )
  })
})
