import { type Begun, sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const DUE = '2027-01-15T12:00:00Z'
const statusOf = (plan: Plan, number = 1) => plan.installments[number - 1]?.status
const net = async (begun: Begun) => (await tenor.payments(begun.customer.id)).reduce((sum, p) => sum + p.net, 0)

/** A term by bank debit, its first one just made. */
async function debited(body: Record<string, unknown> & { outcomes?: string[] } = {}): Promise<Begun> {
  const begun = await tenor.begin({ payment_method: 'pm_usBankAccount_success', ...body })
  await tenor.advance(begun.clock, DUE)
  return begun
}

/** Settles the next step of the customer's debit and waits until the plan has heard of it. */
async function settleTo(begun: Begun, status: string): Promise<Plan> {
  await tenor.settle(begun.customer.id)
  return tenor.untilPlan(begun.id, (plan) => statusOf(plan) === status)
}

describe('a debit that settles later', () => {
  it('is processing, which is rest, and paid when the gateway says so', async () => {
    const begun = await debited()
    const plan = await tenor.plan(begun.id)
    expect(plan).toMatchObject({ status: 'active', paid_amount: 0, outstanding_amount: 120_000 })
    expect(plan.installments[0]).toMatchObject({ status: 'processing', attempts: [{ outcome: 'processing' }] })
    expect((await tenor.transactions(begun.id)).map((t) => [t.status, t.settled_at])).toEqual([['processing', null]])
    expect(await tenor.receipts(begun.id)).toEqual([])

    await tenor.advance(begun.clock, '2027-01-18T12:00:00Z')
    await settleTo(begun, 'paid')
    expect(await tenor.transactions(begun.id)).toMatchObject([
      { status: 'succeeded', settled_at: '2027-01-18T12:00:00Z' },
    ])
    expect(await tenor.receipts(begun.id)).toHaveLength(1)
    expect(await tenor.balances(begun.id)).toEqual({ receivable: 110_000, income: -120_000, cash: 10_000 })
  })

  it('that fails takes the NSF path from the day on which that became known', async () => {
    const begun = await debited({ outcomes: ['processing_then_insufficient_funds'] })
    await tenor.advance(begun.clock, '2027-01-18T12:00:00Z')
    await settleTo(begun, 'retrying')
    expect((await tenor.plan(begun.id)).next_billing_at).toBe('2027-01-19T09:00:00Z')
    await tenor.advance(begun.clock, '2027-01-19T12:00:00Z')
    const plan = await settleTo(begun, 'paid')
    expect(plan.installments[0]?.attempts.map((a) => a.outcome)).toEqual(['declined', 'succeeded'])
  })

  it('that is refused for good escalates at once', async () => {
    const begun = await debited({ outcomes: ['processing_then_account_closed'] })
    await settleTo(begun, 'escalated')
    expect((await tenor.plan(begun.id)).status).toBe('past_due')
  })

  it('does not hold up the next due date', async () => {
    const begun = await debited()
    await tenor.advance(begun.clock, '2027-02-15T12:00:00Z')
    expect((await tenor.plan(begun.id)).installments.slice(0, 2).map((i) => i.status)).toEqual([
      'processing',
      'processing',
    ])
  })
})

describe('more retries than a bank takes', () => {
  it('are refused at creation', async () => {
    const { id } = await tenor.customer()
    const body = { customer_id: id, start_date: '2099-01-15', payment_method: 'pm_usBankAccount_success' }
    const with3 = await tenor.createTerm({ ...body, retry_policy: { retries: 3, every_days: 1 } })
    expect(with3.status).toBe(422)
    expect((await tenor.createTerm({ ...body, retry_policy: { retries: 2, every_days: 1 } })).status).toBe(201)
  })
})

describe('a debit that is returned after it had succeeded', () => {
  const RETURNED = 'succeeded_then_returned'

  it('for insufficient funds: reopens, and is presented again for the same amount', async () => {
    const begun = await debited({ outcomes: [RETURNED] })
    await settleTo(begun, 'paid')
    await tenor.advance(begun.clock, '2027-01-20T12:00:00Z')
    const reopened = await settleTo(begun, 'retrying')
    expect(reopened).toMatchObject({
      paid_amount: 0,
      outstanding_amount: 120_000,
      next_billing_at: '2027-01-21T09:00:00Z',
    })
    expect(await tenor.balances(begun.id)).toEqual({ receivable: 120_000, income: -120_000, cash: 0 })
    await tenor.advance(begun.clock, '2027-01-21T12:00:00Z')
    await settleTo(begun, 'paid')
    const charges = await tenor.transactions(begun.id)
    expect(charges.map((t) => [t.attempt, t.amount])).toEqual([
      [1, 10_000],
      [2, 10_000],
    ])
    expect(await net(begun)).toBe(10_000)
    expect(await tenor.balances(begun.id)).toEqual({ receivable: 110_000, income: -120_000, cash: 10_000 })
  })

  it('is presented again twice at most, then escalated', async () => {
    const begun = await debited({
      outcomes: [RETURNED, RETURNED, RETURNED],
      retry_policy: { retries: 2, every_days: 1 },
    })
    await settleTo(begun, 'paid')
    await settleTo(begun, 'retrying')
    await tenor.advance(begun.clock, '2027-01-16T12:00:00Z')
    await settleTo(begun, 'paid')
    await settleTo(begun, 'retrying')
    await tenor.advance(begun.clock, '2027-01-17T12:00:00Z')
    await settleTo(begun, 'paid')
    await settleTo(begun, 'escalated')
    await tenor.advance(begun.clock, '2027-01-25T12:00:00Z')
    expect(await tenor.transactions(begun.id)).toHaveLength(3)
    expect(await tenor.plan(begun.id)).toMatchObject({ status: 'past_due', paid_amount: 0 })
  })

  it('for any other reason: escalated, with no attempt by itself', async () => {
    const begun = await debited({ outcomes: [`${RETURNED}_debit_not_authorized`] })
    await settleTo(begun, 'paid')
    await settleTo(begun, 'escalated')
    await tenor.advance(begun.clock, '2027-01-25T12:00:00Z')
    expect(await tenor.transactions(begun.id)).toHaveLength(1)
    expect(await tenor.escalations(begun.id)).toMatchObject([{ status: 'open', amount: 10_000 }])
  })

  it('after the plan was completed, within 60 days of the debit: reopens and is collected', async () => {
    const begun = await debited({ outcomes: [RETURNED], term_duration: 1, total_amount: 10_000 })
    await settleTo(begun, 'paid')
    await tenor.advance(begun.clock, '2027-03-10T12:00:00Z')
    expect((await tenor.plan(begun.id)).status).toBe('completed')
    const reopened = await settleTo(begun, 'retrying')
    expect(reopened).toMatchObject({ outstanding_amount: 10_000, next_billing_at: '2027-03-11T09:00:00Z' })
    await tenor.advance(begun.clock, '2027-03-11T12:00:00Z')
    await settleTo(begun, 'paid')
    expect(await net(begun)).toBe(10_000)
    await tenor.untilPlan(begun.id, (plan) => plan.status === 'completed')
  })

  it('after the plan was cancelled: escalated only', async () => {
    const begun = await debited({ outcomes: [RETURNED], cancellation_terms: { type: 'none' } })
    await settleTo(begun, 'paid')
    await tenor.cancel(begun.id)
    await tenor.advance(begun.clock, '2027-01-20T12:00:00Z')
    await settleTo(begun, 'escalated')
    await tenor.advance(begun.clock, '2027-02-20T12:00:00Z')
    expect(await tenor.transactions(begun.id)).toHaveLength(1)
    expect((await tenor.escalations(begun.id)).map((e) => e.status)).toEqual(['open'])
  })
})

describe('a card payment that is disputed', () => {
  it('is escalated, with no attempt by itself', async () => {
    const begun = await tenor.begin({ outcomes: ['succeeded_then_disputed'] })
    await tenor.advance(begun.clock, DUE)
    await settleTo(begun, 'escalated')
    await tenor.advance(begun.clock, '2027-01-25T12:00:00Z')
    expect(await tenor.plan(begun.id)).toMatchObject({ status: 'past_due', paid_amount: 0 })
    expect(await tenor.transactions(begun.id)).toHaveLength(1)
  })
})

describe('a debit under way when the plan is cancelled', () => {
  it('is counted when it settles, and the refund computed again', async () => {
    const begun = await debited()
    await tenor.advance(begun.clock, '2027-01-20T12:00:00Z')
    const answer = await tenor.cancel(begun.id)
    expect(answer).toMatchObject({
      provisional: true,
      status: 'pending_cancellation',
      cancellation: { refund_amount: 0 },
    })
    // Five of 365 days of 120000: 1644 are earned.
    await settleTo(begun, 'paid')
    // The gateway sends money back to a bank account as slowly as it took it.
    await tenor.until('the refund', async () =>
      (await tenor.transactions(begun.id)).find((t) => t.type === 'refund' && t.status === 'processing'),
    )
    expect((await tenor.plan(begun.id)).status).toBe('pending_cancellation')
    await tenor.settle(begun.customer.id)
    await tenor.untilPlan(begun.id, (plan) => plan.status === 'canceled')
    expect(await tenor.plan(begun.id)).toMatchObject({
      paid_amount: 10_000,
      refunded_amount: 8_356,
      outstanding_amount: 0,
      cancellation: { used_days: 5, earned_amount: 1_644, refund_amount: 8_356 },
    })
    expect(await net(begun)).toBe(1_644)
    expect((await tenor.balances(begun.id)).receivable).toBe(0)
  })

  it('owes nothing when it fails', async () => {
    const begun = await debited({ outcomes: ['processing_then_insufficient_funds'] })
    await tenor.cancel(begun.id)
    await tenor.settle(begun.customer.id)
    await tenor.untilPlan(begun.id, (plan) => plan.status === 'canceled')
    await tenor.advance(begun.clock, '2027-02-20T12:00:00Z')
    expect(await tenor.plan(begun.id)).toMatchObject({ paid_amount: 0, outstanding_amount: 0, refunded_amount: 0 })
    expect(await tenor.transactions(begun.id)).toHaveLength(1)
  })
})
