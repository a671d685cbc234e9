import { adjust } from './adjust.ts'
import { cancel } from './cancel.ts'
import { authenticate, hard, nsf, Played } from './example-plan.ts'
import { statusOf } from './figures.ts'
import { pay } from './pay.ts'
import { refundProgressed } from './refunding.ts'
import { resolve } from './resolve.ts'
import { receivedLate, reinstated, returned } from './returns.ts'

const debit = { method: 'us_bank_account', retryPolicy: { retries: 2, everyDays: [1, 1] } }
const escalations = (p: Played) => p.told('escalation')

describe('a debit returned for insufficient funds', () => {
  it('reopens the instalment on the NSF path, for the same amount', () => {
    const p = new Played(debit).to('2027-01-20T10:00:00Z').isReturned('1_1', 'soft')
    expect(p.installment(1)).toMatchObject({ status: 'retrying', paid: 0, amount: 10000, retryOn: '2027-01-21' })
    expect(p.accounts()).toMatchObject({ cash: 0, receivable: 120000 })
    expect(p.told('payment.returned').filter((e) => e.write === 'notice')).toHaveLength(1)
    expect(p.to('2027-01-21').charges.at(-1)).toBe('2027-01-21T09:00:00Z 1_2 10000')
  })

  it('is presented again twice at most, then it is a broker’s', () => {
    const p = new Played(debit).to('2027-01-20').isReturned('1_1', 'soft')
    p.to('2027-01-25').isReturned('1_2', 'soft')
    p.to('2027-01-30').isReturned('1_3', 'soft')
    expect(p.installment(1)).toMatchObject({ status: 'escalated', attempts: 3 })
    expect(escalations(p)).toMatchObject([{ reason: 'payment_returned' }])
    expect(p.to('2027-02-10').charges.filter((c) => c.includes(' 1_'))).toHaveLength(3)
  })
})

describe('any other return, and every dispute', () => {
  it('reopens and escalates, and tries nothing by itself', () => {
    const p = new Played().to('2027-01-20').isReturned('1_1', 'hard')
    expect(p.installment(1)).toMatchObject({ status: 'escalated', paid: 0 })
    expect(escalations(p)).toMatchObject([{ reason: 'payment_disputed', amount: 10000 }])
    expect(statusOf(p.plan)).toBe('past_due')
    expect(p.to('2027-02-10').charges).toHaveLength(1)
  })

  it('of an instalment that was escalated and paid before is an escalation of its own', () => {
    const p = new Played({}, { '1_1': hard }).to('2027-01-20')
    p.says((plan, now) => pay(plan, { amount: 10000, paymentMethod: null }, now))
    expect(p.installment(1)).toMatchObject({ status: 'paid', escalation: null })
    const payment = { transaction: 'txn_x_p1', amount: 10000, parts: [{ installment: 1, amount: 10000 }], returns: 0 }
    p.says((plan, now) => returned(plan, payment, { result: 'returned', severity: 'hard', code: 'dispute' }, now))
    const ids = escalations(p).map((e) => 'id' in e && e.id)
    expect(new Set(ids).size).toBe(2)
  })

  it('reopens a completed plan, which is completed again when it is settled', () => {
    const p = new Played().to('2028-01-20').isReturned('12_1', 'hard')
    expect(statusOf(p.plan)).toBe('past_due')
    const escalation = p.installment(12).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'waive', note: '' }, now))
    expect(p.plan.lifecycle).toBe('completed')
    const keys = p.told('plan.completed').map((e) => 'key' in e && e.key)
    expect(new Set(keys).size).toBe(2)
  })

  it('of one that was part-paid and written off owes no more than a lower total has left of it', () => {
    const p = new Played({}, { '1_1': hard }).to('2027-01-20')
    p.says((plan, now) => pay(plan, { amount: 2000, paymentMethod: null }, now))
    const escalation = p.installment(1).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'waive', note: '' }, now))
    p.says((plan, now) => adjust(plan, { totalAmount: 4000 }, now))
    p.givenBack()
    expect(p.plan).toMatchObject({ refundsDecided: 2000, writeOffsByAdjustment: 4000 })
    const payment = { transaction: 'txn_x_p1', amount: 2000, parts: [{ installment: 1, amount: 2000 }], returns: 0 }
    p.says((plan, now) => returned(plan, payment, { result: 'returned', severity: 'hard', code: 'dispute' }, now))
    expect(p.installment(1)).toMatchObject({ amount: 6000, paid: 0, status: 'escalated' })
    expect(p.plan.writeOffsByAdjustment).toBe(0)
    expect(p.accounts().write_offs).toBe(0)
  })

  it.each(['soft', 'hard'] as const)('after a cancellation a %s return only goes to a broker', (severity) => {
    const p = new Played({ ...debit, cancellation: { type: 'none', collectBalance: true } }).to('2027-02-20')
    p.says(cancel)
    p.isReturned('2_1', severity)
    expect(p.installment(2)).toMatchObject({ status: 'escalated', retryOn: null })
    p.to('2027-03-20')
    expect(p.charges).toHaveLength(2)
    expect(p.accounts().receivable).toBe(10000)
  })

  it('after a cancellation that collects its balance, what is returned is not charged as a balance besides', () => {
    const p = new Played({ ...debit, cancellation: { type: 'pro_rata', collectBalance: true } }).to('2027-02-20')
    p.says(cancel)
    // 36 of 365 days: 11836 earned of 20000 paid.
    p.givenBack().isReturned('2_1', 'hard')
    expect(p.plan.balance).toBeNull()
    expect(p.charges).toHaveLength(2)
  })

  it('of a part of what was given up with a cancellation brings back that part only', () => {
    const p = new Played({ cancellation: { type: 'none' } }).to('2027-01-20')
    p.says((plan, now) => pay(plan, { amount: 4000, paymentMethod: null }, now))
    p.says(cancel)
    const payment = { transaction: 'txn_x_p1', amount: 4000, parts: [{ installment: 2, amount: 4000 }], returns: 0 }
    p.says((plan, now) => returned(plan, payment, { result: 'returned', severity: 'hard', code: 'dispute' }, now))
    expect(escalations(p)).toMatchObject([{ amount: 4000 }])
    expect(p.accounts().receivable).toBe(4000)
  })
})

describe('what was taken back and comes again', () => {
  const disputed = (asked: ConstructorParameters<typeof Played>[0] = {}) =>
    new Played(asked).to('2027-01-20').isReturned('1_1', 'hard')

  it('pays its instalment again, and closes its escalation', () => {
    const p = disputed().to('2027-01-25').isReinstated('1_1')
    expect(p.installment(1)).toMatchObject({ status: 'paid', paid: 10000, escalation: null })
    expect(p.told('escalation_resolved')).toHaveLength(1)
    expect(statusOf(p.plan)).toBe('active')
    expect(p.accounts()).toMatchObject({ cash: 10000, receivable: 110000 })
    expect(p.told('transaction_changed').at(-1)).toMatchObject({ returned: 0, declineCode: null })
    expect(p.told('payment.reinstated').map((e) => e.write)).toEqual(['event', 'notice'])
    expect(p.told('receipt')).toHaveLength(1)
  })

  it('stops the retry of a debit that had been returned', () => {
    const p = new Played(debit).to('2027-01-20T10:00:00Z').isReturned('1_1', 'soft').isReinstated('1_1')
    expect(p.installment(1)).toMatchObject({ status: 'paid', retryOn: null })
    expect(p.to('2027-02-10').charges).toHaveLength(1)
  })

  it('may be taken back, come again and be taken back once more, under keys of its own each time', () => {
    const p = disputed()
    for (let times = 0; times < 2; times++) p.isReinstated('1_1').isReturned('1_1', 'hard')
    expect(p.installment(1)).toMatchObject({ status: 'escalated', paid: 0 })
    expect(p.accounts()).toMatchObject({ cash: 0, receivable: 120000 })
    const ids = escalations(p).map((e) => 'id' in e && e.id)
    expect(ids).toEqual(['', '_again2', '_again3'].map((time) => `esc_x_1_returned_1_1${time}`))
    for (const write of ['entry', 'event', 'notice'] as const) {
      const keys = p.effects.flatMap((e) => (e.write === write && 'key' in e ? [e.key] : []))
      expect(keys).toEqual([...new Set(keys)])
    }
  })

  it('is given back, of that payment, when everything was paid otherwise meanwhile', () => {
    const p = new Played({ count: 1, termMonths: 1, total: 10000 }).to('2027-01-20').isReturned('1_1', 'hard')
    const escalation = p.installment(1).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'mark_paid', reference: 'CHQ-1', note: '' }, now))
    p.isReinstated('1_1')
    expect(p.plan.refunds).toMatchObject([{ amount: 10000, cause: 'overpaid', of: 'txn_x_1_1' }])
    expect(p.accounts()).toMatchObject({ cash: 20000, receivable: -10000 })
    // A return of it finds nothing that it still pays.
    expect(p.told('transaction_changed').at(-1)).toMatchObject({ parts: [] })
  })

  it('pays the next instalment when its own was paid otherwise meanwhile', () => {
    const p = disputed()
    const escalation = p.installment(1).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'mark_paid', reference: 'CHQ-1', note: '' }, now))
    p.isReinstated('1_1')
    expect(p.installment(2)).toMatchObject({ status: 'paid' })
    expect(p.to('2027-02-20').charges).toHaveLength(1)
  })

  it('after a cancellation closes what a broker was to collect', () => {
    const p = new Played({ cancellation: { type: 'none' } }).to('2027-01-20')
    p.says(cancel)
    p.isReturned('1_1', 'hard').isReinstated('1_1')
    expect(p.installment(1)).toMatchObject({ escalation: null, paid: 10000 })
    expect(p.plan.refunds).toEqual([])
    expect(p.accounts()).toMatchObject({ cash: 10000, receivable: 0 })
  })
})

describe('the excess of a payment that is taken back once more', () => {
  const amount = 10000
  const won = () => {
    const p = new Played({ count: 1, termMonths: 1, total: amount }).to('2027-01-20').isReturned('1_1', 'hard')
    const escalation = p.installment(1).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'mark_paid', reference: 'CHQ-1', note: '' }, now))
    return p.isReinstated('1_1')
  }
  const taken = (p: Played) => {
    const payment = { transaction: 'txn_x_1_1', amount, parts: [], returns: 1 }
    p.says((plan, now) => returned(plan, payment, { result: 'returned', severity: 'hard', code: 'dispute' }, now))
  }
  const stuck = [{ payment: 'txn_x_1_1', amount, parts: [] }]
  const escalated = (p: Played) => {
    const progress = { underWay: 0, stuck, code: 'charge_disputed', outside: false }
    p.says((plan, now) => refundProgressed(plan, 1, progress, now))
    return p
  }

  it('is not given back any more', () => {
    const p = escalated(won())
    taken(p)
    expect(p.plan).toMatchObject({ refunds: [], lost: 0 })
    expect(p.told('escalation_resolved').at(-1)).toMatchObject({ resolution: { action: 'withdrawn' } })
    expect(p.accounts()).toMatchObject({ cash: 10000, receivable: 0 })
  })

  it('is written off when a broker has given it back elsewhere, and made up for when it comes again', () => {
    const p = escalated(won())
    const escalation = p.plan.refunds[0]?.escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'mark_paid', reference: 'WIRE-1', note: '' }, now))
    taken(p)
    expect(p.plan).toMatchObject({ refunds: [], lost: amount })
    expect(p.accounts()).toMatchObject({ cash: 0, receivable: 0, write_offs: amount })
    const payment = { transaction: 'txn_x_1_1', amount, parts: [], returns: 2 }
    p.says((plan, now) => reinstated(plan, payment, now))
    expect(p.plan).toMatchObject({ refunds: [], lost: 0 })
    expect(p.accounts()).toMatchObject({ cash: amount, receivable: 0, write_offs: 0 })
  })
})

describe('money that comes for a payment already given up', () => {
  const late = (p: Played, amount = 10000) =>
    p.says((plan, now) =>
      receivedLate(plan, { transaction: 'txn_x_1_1', amount, parts: [{ installment: 1, amount }], returns: 0 }, now),
    )

  it('pays its instalment, whose retry is not made', () => {
    const p = new Played({}, { '1_1': authenticate }).to('2027-01-15T12:00:00Z')
    late(p)
    expect(p.installment(1)).toMatchObject({ status: 'paid', retryOn: null })
    expect(p.to('2027-02-01').charges).toHaveLength(1)
  })

  it('goes to the oldest unpaid when its own is paid, and is known to be there', () => {
    const p = new Played({}, { '1_1': authenticate }).to('2027-01-20')
    const { effects } = late(p)
    expect(p.installment(2)).toMatchObject({ paid: 10000, status: 'paid' })
    expect(effects).toContainEqual({
      write: 'transaction_changed',
      id: 'txn_x_1_1',
      status: 'succeeded',
      parts: [{ installment: 2, amount: 10000 }],
    })
  })

  it('is given back when nothing is unpaid, and a later cancellation does not count that again', () => {
    const p = new Played({ cancellation: { type: 'full' } }, { '1_1': nsf }).to('2027-12-20')
    late(p)
    expect(p.plan.refunds).toMatchObject([{ amount: 10000, cause: 'overpaid' }])
    expect(p.says(cancel).answer.cancellation.refund).toBe(120000)
  })

  it('counts as paid in a cancellation, which is computed again', () => {
    const p = new Played({ cancellation: { type: 'full' } }, { '1_1': nsf, '1_2': nsf }).to('2027-01-20')
    p.says(cancel)
    expect(p.plan.cancellation?.refund).toBe(0)
    late(p)
    expect(p.plan).toMatchObject({
      cancellation: { refund: 10000 },
      refunds: [{ amount: 10000, cause: 'cancellation' }],
    })
    expect(p.accounts().receivable).toBe(-10000)
  })
})
