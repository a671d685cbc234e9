import { cancel } from './cancel.ts'
import { authenticate, hard, nsf, Played } from './example-plan.ts'
import { statusOf } from './figures.ts'
import { pay } from './pay.ts'
import { resolve } from './resolve.ts'
import { receivedLate, returned } from './returns.ts'

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
    const payment = { transaction: 'txn_x_p1', amount: 10000, parts: [{ installment: 1, amount: 10000 }] }
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
    const payment = { transaction: 'txn_x_p1', amount: 4000, parts: [{ installment: 2, amount: 4000 }] }
    p.says((plan, now) => returned(plan, payment, { result: 'returned', severity: 'hard', code: 'dispute' }, now))
    expect(escalations(p)).toMatchObject([{ amount: 4000 }])
    expect(p.accounts().receivable).toBe(4000)
  })
})

describe('money that comes for a payment already given up', () => {
  const late = (p: Played, amount = 10000) =>
    p.says((plan, now) =>
      receivedLate(plan, { transaction: 'txn_x_1_1', amount, parts: [{ installment: 1, amount }] }, now),
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
