import { adjust } from './adjust.ts'
import { cancel } from './cancel.ts'
import { authenticate, hard, nsf, Played, paid } from './example-plan.ts'
import { changePaymentMethod } from './method.ts'
import { pay } from './pay.ts'
import { resolve } from './resolve.ts'
import { isOver } from './time.ts'
import { dueNow } from './work.ts'

/** The first instalment waits for its customer, who has a link; the second try is the day after. */
const linked = (terms = {}, answers = {}) =>
  new Played(terms, { '1_1': authenticate, ...answers }).to('2027-01-15T12:00:00Z')
/** Both tries needed the customer: escalated, with a link of the second. */
const escalated = (terms = {}) => linked(terms, { '1_2': authenticate }).to('2027-01-16T12:00:00Z')
const resolves = (p: Played, action: 'mark_paid' | 'waive' | 'cancel_plan' | 'retry') => {
  const asked = { escalation: p.installment(1).escalation ?? '', action, note: 'spoke', reference: 'CHQ-1' }
  return p.says((plan, now) => resolve(plan, asked, now))
}
const pays = (p: Played, amount: number | null) =>
  p.says((plan, now) => pay(plan, { amount, paymentMethod: null }, now))

describe('a payment that waits for its customer', () => {
  it('is left open until something else is to be charged, and closed before that', () => {
    const p = linked()
    expect(p.installment(1).openLink).toEqual({ transaction: 'txn_x_1_1', amount: 10000, pollAt: null })
    p.to('2027-01-16T08:59:59Z')
    expect(p.closed).toEqual([])
    p.to('2027-01-16')
    expect(p.closed).toEqual(['2027-01-16T09:00:00Z 1_1'])
    expect(p.charges.slice(1)).toEqual(['2027-01-16T09:00:00Z 1_2 10000'])
    expect(p.installment(1)).toMatchObject({ status: 'paid', openLink: null })
  })

  it('that was completed when it is to be closed is the attempt: nothing else is charged', () => {
    const p = linked()
    p.links['1_1'] = 'paid'
    p.to('2027-01-20')
    expect(p.charges).toHaveLength(1)
    expect(p.installment(1)).toMatchObject({ status: 'paid', paid: 10000, retries: 0, openLink: null })
    expect(p.accounts().cash).toBe(10000)
  })

  it('that its bank is still processing is awaited: nothing is charged until that has ended', () => {
    const p = linked()
    p.links['1_1'] = 'processing'
    p.to('2027-01-16T12:00:00Z')
    expect([p.charges.length, p.installment(1).openLink?.pollAt]).toEqual([1, '2027-01-16T13:00:00Z'])
    delete p.links['1_1']
    expect(p.to('2027-01-16').charges.at(-1)).toBe('2027-01-16T13:00:00Z 1_2 10000')
  })

  it('keeps other attempts waiting only while it is being closed', () => {
    const { plan } = linked()
    const due = dueNow(plan, '2027-02-15T09:00:00Z', { news: new Set(), isLooking: false })
    expect(due.work).toEqual([{ do: 'look', key: 'look:txn_x_1_1', transaction: 'txn_x_1_1', close: true }])
    expect(due.plan.installments.every((i) => i.open === null)).toBe(true)
  })
})

describe('a one-off payment of an instalment whose customer holds a link', () => {
  it('closes the link before it is asked for', () => {
    const p = linked()
    const { plan } = pay(p.plan, { amount: null, paymentMethod: null }, p.now)
    const { work } = dueNow(plan, p.now, { news: new Set(), isLooking: false })
    expect(work.map((w) => w.key)).toEqual(['look:txn_x_1_1'])
    pays(p, null)
    expect([p.closed, p.oneOffs]).toEqual([['2027-01-15T12:00:00Z 1_1'], ['2027-01-15T12:00:00Z p1 10000']])
    expect(p.to('2027-01-20').charges).toHaveLength(1)
  })

  it('is not made when the link turns out to be paid', () => {
    const p = linked()
    p.links['1_1'] = 'paid'
    pays(p, 10000)
    expect(p.oneOffs).toEqual([])
    expect(p.effects).toContainEqual(
      expect.objectContaining({ id: 'txn_x_p1', status: 'failed', declineCode: 'paid_by_link' }),
    )
    expect(p.installment(1)).toMatchObject({ status: 'paid', open: null })
    expect([p.plan.payments, p.accounts().cash]).toEqual([[], 10000])
  })

  it('is made for the rest when the link has paid a part of it', () => {
    const p = linked()
    p.links['1_1'] = 'paid'
    pays(p, 25000)
    expect(p.oneOffs).toEqual(['2027-01-15T12:00:00Z p1 15000'])
    expect(p.plan.installments.slice(0, 4).map((i) => i.paid)).toEqual([10000, 10000, 5000, 0])
    expect(p.effects).toContainEqual({
      write: 'transaction_changed',
      id: 'txn_x_p1',
      amount: 15000,
      parts: [
        { installment: 2, amount: 10000 },
        { installment: 3, amount: 5000 },
      ],
    })
  })

  it('declined, leaves the retry where it was, and no link', () => {
    const p = linked({}, { p1: hard })
    pays(p, null)
    expect(p.installment(1)).toMatchObject({ status: 'retrying', retryOn: '2027-01-16', openLink: null })
    expect(p.to('2027-01-16').charges.at(-1)).toBe('2027-01-16T09:00:00Z 1_2 10000')
  })

  it('is not made when the plan is cancelled before it was asked for', () => {
    const p = linked({ cancellation: { type: 'full' } })
    p.links['1_1'] = 'processing'
    pays(p, 25000)
    expect(p.says(cancel).answer.provisional).toBe(true)
    expect([p.plan.payments, p.oneOffs, p.plan.lifecycle]).toEqual([[], [], 'pending_cancellation'])
    p.links['1_1'] = 'paid'
    p.to('2027-01-17')
    expect(p.plan).toMatchObject({ cancellation: { refund: 10000 }, refunds: [{ amount: 10000 }] })
    expect(p.givenBack().plan.lifecycle).toBe('canceled')
    expect(p.accounts()).toMatchObject({ cash: 10000, receivable: -10000 })
  })
})

describe('a link whose instalment is not to be charged any more is closed', () => {
  type Row = [name: string, status: string, does: (p: Played) => unknown]
  const rows: Row[] = [
    ['marked as paid', 'paid', (p) => resolves(p, 'mark_paid')],
    ['waived', 'waived', (p) => resolves(p, 'waive')],
    ['the plan cancelled', 'canceled', (p) => p.says(cancel)],
    ['the plan cancelled by a broker', 'canceled', (p) => resolves(p, 'cancel_plan')],
    ['lowered to 0', 'waived', (p) => p.says((plan, now) => adjust(plan, { totalAmount: 5000 }, now))],
  ]
  it.each(rows)('%s', (_name, status, does) => {
    const p = escalated({ discount: 5000 })
    expect(p.closed).toHaveLength(1)
    does(p)
    expect(p.closed.at(-1)).toBe('2027-01-16T12:00:00Z 1_2')
    expect(p.installment(1)).toMatchObject({ status, openLink: null })
  })

  it('lowered in part: the link asks for too much', () => {
    const p = escalated()
    p.says((plan, now) => adjust(plan, { totalAmount: 4000 }, now))
    expect(p.installment(1)).toMatchObject({ status: 'escalated', amount: 4000, openLink: null })
    expect(p.closed).toHaveLength(2)
  })

  it('an adjustment that leaves the instalment as it is leaves the link', () => {
    const p = escalated()
    p.says((plan, now) => adjust(plan, { totalAmount: 130000 }, now))
    expect([p.closed.length, p.installment(1).openLink?.transaction]).toEqual([1, 'txn_x_1_2'])
  })

  it('tried again by a broker, or with a new method', () => {
    const again = escalated()
    resolves(again, 'retry')
    expect([again.closed.length, again.charges.length]).toEqual([2, 3])
    const anew = escalated()
    anew.says((plan) => changePaymentMethod(plan, { id: 'pm_2', type: 'card' }))
    expect([anew.closed.length, anew.charges.length]).toEqual([2, 3])
  })

  it('and what was paid by it meanwhile is late money: to the oldest unpaid, or back', () => {
    const p = escalated()
    p.links['1_2'] = 'paid'
    resolves(p, 'mark_paid')
    expect(p.plan.installments.slice(0, 2).map((i) => i.status)).toEqual(['paid', 'paid'])
    const last = escalated({ termMonths: 1 })
    last.links['1_2'] = 'paid'
    resolves(last, 'waive')
    expect(last.plan.refunds).toMatchObject([{ amount: 120000, cause: 'overpaid' }])
  })

  it('what was paid by it before a cancellation counts', () => {
    const p = escalated({ cancellation: { type: 'full' } })
    p.links['1_2'] = 'paid'
    p.says(cancel)
    expect(p.plan.cancellation).toMatchObject({ refund: 10000 })
  })

  it('the plan is not canceled, nor its balance charged, before', () => {
    const p = escalated({ cancellation: { type: 'pro_rata', collectBalance: true } }).to('2027-02-10')
    p.links['1_2'] = 'processing'
    p.says(cancel)
    expect([p.plan.lifecycle, p.plan.balance]).toEqual(['pending_cancellation', null])
    delete p.links['1_2']
    p.to('2027-02-12')
    expect(p.plan).toMatchObject({ lifecycle: 'canceled', balance: { amount: 8548, status: 'paid' } })
  })

  it('the link of a balance as well, and the plan is not over before', () => {
    const terms = { cancellation: { type: 'pro_rata', collectBalance: true } } as const
    const p = new Played(terms, { '1_1': nsf, '1_2': nsf, '0_1': authenticate }).to('2027-02-10')
    p.says(cancel)
    p.to('2027-02-20')
    expect(p.installment(0)).toMatchObject({ status: 'escalated', openLink: { transaction: 'txn_x_0_1' } })
    p.links['0_1'] = 'processing'
    const escalation = p.installment(0).escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'waive', note: 'gone' }, now))
    expect(isOver(p.plan, p.now)).toBe(false)
    delete p.links['0_1']
    expect(isOver(p.to('2027-02-22').plan, p.now)).toBe(true)
  })
})

it('a charge that needs its customer after the plan was cancelled leaves no link', () => {
  const p = new Played({ method: 'us_bank_account' }, { '1_1': { result: 'processing' } }).to('2027-01-16')
  p.says(cancel)
  p.settles(1, authenticate)
  expect(p.closed.map((c) => c.slice(21))).toEqual(['1_1'])
  expect(p.plan.lifecycle).toBe('canceled')
})

describe('a new payment method while a charge is open', () => {
  const processing = { result: 'processing' } as const
  const changed = (answers = {}, id = 'pm_2') => {
    const p = new Played({}, { '1_1': processing, ...answers }).to('2027-01-15T12:00:00Z')
    p.says((plan) => changePaymentMethod(plan, { id, type: 'card' }))
    return p
  }

  it.each([
    ['softly', nsf, 'retrying'],
    ['hard', hard, 'escalated'],
    ['as invalid', { result: 'rejected', code: 'x' } as const, 'escalated'],
  ])('is tried at once when that one is declined %s, and uses up no retry', (_how, outcome, status) => {
    const p = changed({ '1_2': nsf })
    expect(p.charges).toHaveLength(1)
    p.settles(1, outcome)
    expect(p.charges.at(-1)).toBe('2027-01-15T12:00:00Z 1_2 10000')
    expect(p.installment(1)).toMatchObject({ status, retries: 0, extra: null })
    expect(p.told('escalation')).toHaveLength(status === 'escalated' ? 1 : 0)
    p.to('2027-01-16')
    expect(p.charges.length).toBe(status === 'escalated' ? 2 : 3)
  })

  it('that succeeds resolves what the decline has escalated', () => {
    const p = changed({ '1_2': paid }).settles(1, hard)
    expect(p.installment(1)).toMatchObject({ status: 'paid', escalation: null })
    expect(p.told('escalation_resolved')).toHaveLength(1)
  })

  it('is not tried when that one succeeds, nor when the method is the same as before', () => {
    expect(changed().settles(1, paid).charges).toHaveLength(1)
    expect(changed({}, 'pm_1').settles(1, nsf).charges).toHaveLength(1)
  })

  it('is not tried after a cancellation', () => {
    const p = changed()
    p.says(cancel)
    expect(p.settles(1, nsf).charges).toHaveLength(1)
  })

  it('that is a debit which fails after the day of the retry: tried again the day after, and not at once', () => {
    const p = new Played({}, { '1_1': nsf, '1_2': processing }).to('2027-01-15T12:00:00Z')
    p.says((plan) => changePaymentMethod(plan, { id: 'pm_2', type: 'sepa_debit' }))
    p.to('2027-01-20T10:00:00Z').settles(1, nsf)
    expect(p.charges).toHaveLength(2)
    expect(p.installment(1)).toMatchObject({ status: 'retrying', retries: 0, retryOn: '2027-01-21' })
  })

  it('is tried once a one-off payment of what is retrying has failed', () => {
    const p = new Played({}, { '1_1': nsf, p1: processing }).to('2027-01-15T12:00:00Z')
    pays(p, null)
    p.says((plan) => changePaymentMethod(plan, { id: 'pm_2', type: 'card' }))
    expect(p.charges).toHaveLength(1)
    p.oneOffSettles(1, nsf)
    expect(p.charges.at(-1)).toBe('2027-01-15T12:00:00Z 1_2 10000')
  })
})
