import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

/** The plan's own attempts; what somebody pays beside them has no number. */
const attempts = (plan: Plan, number: number) =>
  plan.installments[number - 1]?.attempts.filter((a) => a.number > 0).map((a) => a.outcome)
const paid = (id: string, amount: number) => tenor.untilPlan(id, (plan) => plan.paid_amount === amount)

describe('a one-off payment', () => {
  it('is all that is due unless it says otherwise, and takes the place of the retry', async () => {
    const { clock, id } = await tenor.begin({ outcomes: ['insufficient_funds'] })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    expect(await tenor.pay(id)).toMatchObject({ status: 201, body: { type: 'charge', amount: 10_000, attempt: null } })
    await paid(id, 10_000)
    await tenor.advance(clock, '2027-01-17T12:00:00Z')
    const plan = await tenor.plan(id)
    expect(plan.installments[0]).toMatchObject({ status: 'paid', paid_amount: 10_000 })
    expect(attempts(plan, 1)).toEqual(['declined'])
    expect((await tenor.transactions(id)).map((t) => t.status).toSorted()).toEqual(['failed', 'succeeded'])
  })

  it('pays ahead, the oldest first; what it did not cover is charged when it is due', async () => {
    const { clock, id, customer } = await tenor.begin()
    await tenor.pay(id, { amount: 25_000 })
    const plan = await paid(id, 25_000)
    expect(plan.installments.slice(0, 4).map((i) => [i.status, i.paid_amount])).toEqual([
      ['paid', 10_000],
      ['paid', 10_000],
      ['scheduled', 5_000],
      ['scheduled', 0],
    ])
    expect(plan).toMatchObject({ outstanding_amount: 95_000, next_billing_at: '2027-03-15T09:00:00Z' })
    await tenor.advance(clock, '2027-04-15T12:00:00Z')
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([25_000, 5_000, 10_000])
    expect((await tenor.receipts(id)).map((r) => r.amount).toSorted((a, b) => a - b)).toEqual([5_000, 10_000, 25_000])
    expect(await tenor.balances(id)).toEqual({ receivable: 80_000, income: -120_000, cash: 40_000 })
  })

  it('may be all that is outstanding: nothing is charged any more', async () => {
    const { clock, id, customer } = await tenor.begin()
    await tenor.pay(id, { amount: 120_000 })
    expect(await paid(id, 120_000)).toMatchObject({ outstanding_amount: 0, next_billing_at: null })
    await tenor.advance(clock, '2028-01-16T00:00:00Z')
    expect((await tenor.plan(id)).status).toBe('completed')
    expect(await tenor.payments(customer.id)).toHaveLength(1)
  })

  it('is at most what is outstanding, also when two are made at the same moment', async () => {
    const { id, customer } = await tenor.begin()
    expect(await tenor.pay(id, { amount: 120_001 })).toMatchObject({
      status: 422,
      body: { code: 'amount_over_outstanding', errors: [{ pointer: '/amount' }] },
    })
    const both = await Promise.all([tenor.pay(id, { amount: 70_000 }), tenor.pay(id, { amount: 70_000 })])
    expect(both.map((answer) => answer.status).toSorted()).toEqual([201, 422])
    await paid(id, 70_000)
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([70_000])
  })

  it('that is declined is a failed transaction, and never takes the NSF path', async () => {
    const { clock, id } = await tenor.begin({ outcomes: ['insufficient_funds'] })
    const { body } = await tenor.pay(id, { amount: 10_000 })
    await tenor.until('the decline', async () => {
      const [made] = await tenor.transactions(id)
      return made?.status === 'failed' ? true : undefined
    })
    expect((await tenor.plan(id)).installments[0]).toMatchObject({ status: 'scheduled', paid_amount: 0 })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    const plan = await tenor.plan(id)
    expect(attempts(plan, 1)).toEqual(['succeeded'])
    expect((await tenor.transactions(id)).map((t) => [t.transaction_id === body.transaction_id, t.status])).toEqual(
      expect.arrayContaining([
        [true, 'failed'],
        [false, 'succeeded'],
      ]),
    )
    expect(await tenor.escalations(id)).toEqual([])
  })

  it('by another method leaves the plan its own', async () => {
    const { id, plan } = await tenor.begin()
    expect((await tenor.pay(id, { amount: 10_000, payment_method: 'pm_card_mastercard' })).status).toBe(201)
    expect((await paid(id, 10_000)).payment_method).toBe(plan.payment_method)
  })
})

describe('what is refused', () => {
  it('is a payment of nothing, of less than nothing, when nothing is due, and for a plan that is over', async () => {
    const { clock, id } = await tenor.begin()
    for (const amount of [0, -1, 1.5, '10000']) expect((await tenor.pay(id, { amount })).status).toBe(400)
    expect(await tenor.pay(id)).toMatchObject({ status: 409, body: { code: 'nothing_due' } })
    await tenor.cancel(id)
    await tenor.advance(clock, '2027-01-14T00:00:00Z')
    expect((await tenor.pay(id, { amount: 10_000 })).status).toBe(409)
    expect(await tenor.transactions(id)).toEqual([])
  })
})
