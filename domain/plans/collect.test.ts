import { authenticate, hard, nsf, Played, processing, rejected } from './example-plan.ts'
import { statusOf } from './figures.ts'
import { changePaymentMethod } from './method.ts'
import type { ChargeOutcome } from './outcome.ts'
import { resolve } from './resolve.ts'

const escalations = (p: Played) => p.effects.filter((e) => e.write === 'escalation')

describe('NSF', () => {
  it('declined softly: the customer is told, and it is tried on the next day at billing time', () => {
    const p = new Played({}, { '1_1': nsf }).to('2027-01-15')
    expect(p.installment(1)).toMatchObject({ status: 'retrying', retryOn: '2027-01-16', escalation: null })
    expect(p.told('payment.failed').filter((e) => e.write === 'notice')).toHaveLength(1)
    expect(statusOf(p.plan)).toBe('active')
    p.to('2027-01-16')
    expect(p.charges).toEqual(['2027-01-15T09:00:00Z 1_1 10000', '2027-01-16T09:00:00Z 1_2 10000'])
    expect(p.installment(1)).toMatchObject({ status: 'paid', paid: 10000 })
    expect(escalations(p)).toEqual([])
  })

  it('declined twice: escalated, past_due, told, and later instalments are billed all the same', () => {
    const p = new Played({}, { '1_1': nsf, '1_2': nsf }).to('2027-02-20')
    expect(escalations(p)).toMatchObject([{ about: { installment: 1 }, reason: 'insufficient_funds', amount: 10000 }])
    expect(p.told('payment.escalated')).toHaveLength(1)
    expect(statusOf(p.plan)).toBe('past_due')
    expect(p.statuses().slice(0, 3)).toEqual(['escalated', 'paid', 'scheduled'])
    expect(p.charges).toHaveLength(3)
  })

  it('a retry that falls on the next due date: both are charged, one attempt each', () => {
    const terms = { retryPolicy: { retries: 1, everyDays: [31] } }
    const p = new Played(terms, { '1_1': nsf }).to('2027-02-20')
    expect(p.charges.slice(1).toSorted()).toEqual(['2027-02-15T09:00:00Z 1_2 10000', '2027-02-15T09:00:00Z 2_1 10000'])
  })

  it('three retries after one, two and four days, each from the day of the decline', () => {
    const all = { '1_1': nsf, '1_2': nsf, '1_3': nsf, '1_4': nsf }
    const p = new Played({ retryPolicy: { retries: 3, everyDays: [1, 2, 4] } }, all).to('2027-01-31')
    expect(p.charges.map((c) => c.slice(0, 10))).toEqual(['2027-01-15', '2027-01-16', '2027-01-18', '2027-01-22'])
    expect(p.installment(1).status).toBe('escalated')
  })

  it('counts the days from when the decline became known, not from the due date', () => {
    const p = new Played({ method: 'us_bank_account' }, { '1_1': processing }).to('2027-01-19')
    expect(p.settles(1, nsf).installment(1).retryOn).toBe('2027-01-20')
  })

  it('without retries the first decline escalates', () => {
    const p = new Played({ retryPolicy: { retries: 0, everyDays: [] } }, { '1_1': nsf }).to('2027-01-15')
    expect(p.installment(1).status).toBe('escalated')
  })
})

describe('what a gateway says', () => {
  type Row = [name: string, outcome: ChargeOutcome, status: string, reason: string | null, notices: string[]]
  const rows: Row[] = [
    ['succeeded', { result: 'succeeded' }, 'paid', null, ['payment.receipt']],
    ['processing', processing, 'processing', null, []],
    ['declined softly', nsf, 'retrying', null, ['payment.failed']],
    ['needs the customer', authenticate, 'retrying', null, ['payment.action_required']],
    ['declined hard', hard, 'escalated', 'payment_method_invalid', ['payment.escalated', 'payment_method.required']],
    ['refused as invalid', rejected, 'escalated', 'gateway_rejected', ['payment.escalated']],
  ]
  it.each(rows)('%s', (_name, outcome, status, reason, notices) => {
    const p = new Played({}, { '1_1': outcome }).to('2027-01-15')
    expect(p.installment(1).status).toBe(status)
    expect(escalations(p).map((e) => 'reason' in e && e.reason)).toEqual(reason === null ? [] : [reason])
    const told = p.effects.flatMap((e) => (e.write === 'notice' && e.type !== 'terms.created' ? [e.type] : []))
    expect(told).toEqual(notices)
  })

  it('a success is in the ledger once, with a receipt', () => {
    const p = new Played().to('2027-01-15')
    expect(p.accounts()).toMatchObject({ cash: 10000, receivable: 110000, income: -120000 })
    expect(p.told('receipt')).toMatchObject([{ transaction: 'txn_x_1_1', amount: 10000 }])
  })

  it('a decline and a hard decline move nothing in the ledger', () => {
    for (const outcome of [nsf, hard, authenticate, rejected, processing])
      expect(new Played({}, { '1_1': outcome }).to('2027-01-15').accounts().cash).toBe(0)
  })

  it('a link for authentication is in the notice', () => {
    const p = new Played({}, { '1_1': authenticate }).to('2027-01-15')
    expect(p.told('payment.action_required')).toMatchObject([{ data: { url: 'https://a.example' } }])
  })

  it('while a debit is processing nothing else is charged for that instalment, and the next ones are', () => {
    const p = new Played({ method: 'us_bank_account' }, { '1_1': processing }).to('2027-03-20')
    expect(p.charges.map((c) => c.split(' ')[1])).toEqual(['1_1', '2_1', '3_1'])
    expect(p.installment(1).status).toBe('processing')
  })
})

describe('a new payment method', () => {
  const card = { id: 'pm_2', type: 'card' }
  const change = (p: Played) => p.says((plan) => changePaymentMethod(plan, card))

  it('tries at once what is retrying, and leaves the scheduled retry in place', () => {
    const p = new Played({}, { '1_1': nsf, '1_2': nsf }).to('2027-01-15T12:00:00Z')
    expect(change(p).answer.triedAtOnce).toEqual([1])
    expect(p.charges.at(-1)).toBe('2027-01-15T12:00:00Z 1_2 10000')
    expect(p.installment(1)).toMatchObject({ status: 'retrying', retryOn: '2027-01-16', retries: 0 })
    expect(p.to('2027-01-16').installment(1).status).toBe('paid')
  })

  it('tries at once what is escalated; success closes the case and the plan is active', () => {
    const p = new Played({}, { '1_1': hard }).to('2027-01-15T12:00:00Z')
    const id = p.installment(1).escalation
    change(p)
    expect(p.effects).toContainEqual({ write: 'escalation_resolved', id, resolution: { action: 'paid' } })
    expect(statusOf(p.plan)).toBe('active')
  })

  it.each([
    ['softly', nsf],
    ['hard', hard],
  ] as const)('declined %s again: the same escalation, no second one', (_how, outcome) => {
    const p = new Played({}, { '1_1': hard, '1_2': outcome }).to('2027-01-15T12:00:00Z')
    const before = p.installment(1).escalation
    change(p)
    expect(p.installment(1)).toMatchObject({ status: 'escalated', escalation: before })
    expect(escalations(p)).toHaveLength(1)
  })

  it('changes nothing that is merely scheduled', () => {
    const p = new Played().to('2027-01-20')
    expect(change(p).answer.triedAtOnce).toEqual([])
    expect(p.charges).toHaveLength(1)
  })

  it('a bank account that the retry policy would present too often is refused', () => {
    const { plan } = new Played({ retryPolicy: { retries: 3, everyDays: [1, 2, 4] } })
    expect(() => changePaymentMethod(plan, { id: 'pm_b', type: 'us_bank_account' })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
  })
})

describe("a broker's resolutions", () => {
  const escalated = (answers: Record<string, ChargeOutcome> = {}) =>
    new Played({}, { '1_1': hard, ...answers }).to('2027-01-20')
  const settle = (p: Played, action: 'retry' | 'mark_paid' | 'waive' | 'cancel_plan', reference = 'CHQ-1') => {
    const escalation = p.installment(1).escalation ?? ''
    return p.says((plan, now) => resolve(plan, { escalation, action, reference, note: 'called' }, now))
  }

  it('retry: tried at once', () => {
    const p = escalated()
    settle(p, 'retry')
    expect(p.charges.at(-1)).toBe('2027-01-20T23:59:59Z 1_2 10000')
    expect([p.installment(1).status, statusOf(p.plan)]).toEqual(['paid', 'active'])
  })

  it('retry, declined: still the same escalation; asked again, it is tried again', () => {
    const p = escalated({ '1_2': nsf })
    settle(p, 'retry')
    expect(p.installment(1)).toMatchObject({ status: 'escalated', retries: 0, retryOn: null })
    expect(escalations(p)).toHaveLength(1)
    settle(p, 'retry')
    expect(p.installment(1).status).toBe('paid')
    const keys = p.effects.flatMap((e) => (e.write === 'event' && e.type === 'escalation.retried' ? [e.key] : []))
    expect(new Set(keys).size).toBe(2)
  })

  it('mark_paid: paid outside the gateway, with its reference', () => {
    const p = escalated()
    settle(p, 'mark_paid')
    expect(p.told('transaction')).toMatchObject([{ gateway: 'external', reference: 'CHQ-1', amount: 10000 }])
    expect(p.accounts()).toMatchObject({ cash: 10000, receivable: 110000 })
    expect([p.installment(1).status, statusOf(p.plan)]).toEqual(['paid', 'active'])
  })

  it('mark_paid without a reference is refused', () => {
    const p = escalated()
    expect(() => settle(p, 'mark_paid', ' ')).toThrow(expect.objectContaining({ code: 'reference_missing' }))
  })

  it('waive: written off', () => {
    const p = escalated()
    settle(p, 'waive')
    expect(p.accounts()).toMatchObject({ cash: 0, write_offs: 10000, receivable: 110000 })
    expect([p.installment(1).status, statusOf(p.plan)]).toEqual(['waived', 'active'])
  })

  it('cancel_plan: the plan is cancelled and the case closed once', () => {
    const p = escalated()
    const id = p.installment(1).escalation
    const { effects } = settle(p, 'cancel_plan')
    expect(p.plan.lifecycle).toBe('canceled')
    expect(effects.filter((e) => e.write === 'escalation_resolved')).toMatchObject([
      { id, resolution: { action: 'cancel_plan' } },
    ])
  })

  it('a second time: resolved already', () => {
    const p = escalated()
    const escalation = p.installment(1).escalation ?? ''
    settle(p, 'waive')
    expect(() => resolve(p.plan, { escalation, action: 'waive', note: '' }, p.now)).toThrow(
      expect.objectContaining({ code: 'escalation_resolved' }),
    )
  })

  it('a plan whose last instalment is unresolved stays open, and is completed when it is resolved', () => {
    const p = new Played({ termMonths: 1, count: 1, total: 10000 }, { '1_1': hard }).to('2028-06-01')
    expect(statusOf(p.plan)).toBe('past_due')
    settle(p, 'mark_paid')
    expect(p.plan.lifecycle).toBe('completed')
  })
})
