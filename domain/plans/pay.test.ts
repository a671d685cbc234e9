import { cancel } from './cancel.ts'
import { authenticate, hard, nsf, Played, processing } from './example-plan.ts'
import { pay, paymentSettled } from './pay.ts'
import { resolve } from './resolve.ts'

const pays = (p: Played, amount: number | null) =>
  p.says((plan, now) => pay(plan, { amount, paymentMethod: null }, now))

describe('a one-off payment', () => {
  it('without an amount pays all that is due, and resolves what was escalated', () => {
    const p = new Played({}, { '1_1': hard, '2_1': nsf }).to('2027-02-15T12:00:00Z')
    expect(pays(p, null).answer.amount).toBe(20000)
    expect(p.statuses().slice(0, 3)).toEqual(['paid', 'paid', 'scheduled'])
    expect(p.told('escalation_resolved')).toHaveLength(1)
    expect(p.to('2027-02-20').charges).toHaveLength(2)
  })

  it('goes to the oldest unpaid first and may pay ahead in part', () => {
    const p = new Played({}, { '1_1': hard }).to('2027-01-20')
    pays(p, 25000)
    expect(p.plan.installments.slice(0, 4).map((i) => i.paid)).toEqual([10000, 10000, 5000, 0])
    expect(p.to('2027-03-15').charges.slice(1)).toEqual(['2027-03-15T09:00:00Z 3_1 5000'])
  })

  it('is one movement in the ledger, with one receipt', () => {
    const p = new Played().to('2027-01-20')
    pays(p, 25000)
    expect(p.accounts()).toMatchObject({ cash: 35000, receivable: 85000 })
    expect(p.told('receipt').slice(1)).toMatchObject([{ transaction: 'txn_x_p1', amount: 25000 }])
  })

  it.each([
    ['softly', nsf],
    ['hard', hard],
  ])('declined %s is a failed transaction and nothing more', (_how, outcome) => {
    const p = new Played({}, { p1: outcome }).to('2027-01-20')
    const before = p.plan.installments
    pays(p, 25000)
    expect(p.plan.installments).toEqual(before)
    expect(p.effects).toContainEqual(
      expect.objectContaining({ write: 'transaction_changed', id: 'txn_x_p1', status: 'failed' }),
    )
    expect(p.told('notice').filter((e) => 'type' in e && e.type === 'payment.failed')).toEqual([])
    expect(p.told('escalation')).toEqual([])
  })

  it("declined, leaves a broker's retry wanted that still waits for a link to be closed", () => {
    const p = new Played({ retryPolicy: { retries: 0, everyDays: [] } }, { '1_1': authenticate }).to('2027-01-20')
    const escalation = p.installment(1).escalation ?? ''
    const asked = resolve(p.plan, { escalation, action: 'retry', note: 'has called' }, p.now)
    const held = pay(asked.plan, { amount: 4000, paymentMethod: null }, p.now)
    const { plan } = paymentSettled(held.plan, 1, nsf, p.now)
    expect(plan.installments[0]).toMatchObject({ status: 'escalated', extra: 'broker' })
  })

  it('while it is processing nothing else is charged for what it pays; declined, it is charged then', () => {
    const p = new Played({}, { p1: processing }).to('2027-01-20')
    pays(p, 10000)
    expect(p.to('2027-02-16').charges).toHaveLength(1)
    p.says((plan, now) => paymentSettled(plan, 1, nsf, now))
    expect(p.charges.at(-1)).toBe('2027-02-16T23:59:59Z 2_1 10000')
  })

  it('that is processing when the plan is cancelled counts when it succeeds', () => {
    const p = new Played({ cancellation: { type: 'full' } }, { p1: processing }).to('2027-01-20')
    pays(p, 10000)
    expect(p.says(cancel).answer).toMatchObject({ provisional: true, cancellation: { refund: 10000 } })
    p.says((plan, now) => paymentSettled(plan, 1, { result: 'succeeded' }, now))
    expect(p.installment(2).status).toBe('paid')
  })

  it.each([
    ['more than is outstanding', 110001, 'amount_over_outstanding'],
    ['nothing', 0, 'amount_invalid'],
    ['less than nothing', -5, 'amount_invalid'],
    ['half a cent', 0.5, 'amount_invalid'],
    ['what is due, when nothing is', null, 'nothing_due'],
  ])('%s is refused', (_name, amount, code) => {
    const p = new Played().to('2027-01-20')
    expect(() => pays(p, amount)).toThrow(expect.objectContaining({ code }))
  })

  it('of everything ends the charges, and the plan is completed at its end', () => {
    const p = new Played().to('2027-01-20')
    pays(p, 110000)
    p.to('2028-01-14')
    expect([p.charges.length, p.plan.lifecycle]).toEqual([1, 'active'])
    expect(p.to('2028-01-15').plan.lifecycle).toBe('completed')
  })
})
