import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Canceled, Cancellation } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

/** After six payments of 10000 and 100 days: 2027-01-15 + 100 = 2027-04-25 needs a schedule that is faster than the calendar. */
const DAY_100 = '2027-04-25T12:00:00Z'
const LATER = '2027-04-26T12:00:00Z'

/** 60000 of 120000 paid by day 100: three instalments by the calendar, three ahead. */
async function halfPaid(cancellation_terms?: Record<string, unknown>) {
  const begun = await tenor.begin(cancellation_terms ? { cancellation_terms } : {})
  await tenor.advance(begun.clock, DAY_100)
  expect((await tenor.pay(begun.id, { amount: 20_000 })).status).toBe(201)
  await tenor.untilPlan(begun.id, (plan) => plan.paid_amount === 60_000)
  return begun
}

async function canceledWith(cancellation_terms?: Record<string, unknown>) {
  const begun = await halfPaid(cancellation_terms)
  const quote = await tenor.must<Cancellation>('GET', `/payment_terms/${begun.id}/cancellation_quote`)
  const preview = await tenor.cancel(begun.id, '?preview=true')
  expect(preview).toMatchObject({ preview: true, cancellation: quote })
  expect((await tenor.plan(begun.id)).status).toBe('active')
  const answer = await tenor.cancel(begun.id)
  expect(answer.cancellation).toEqual(quote)
  await tenor.advance(begun.clock, LATER)
  const plan = await tenor.plan(begun.id)
  const payments = await tenor.payments(begun.customer.id)
  return { ...begun, quote, answer, plan, kept: payments.reduce((sum, p) => sum + p.net, 0), payments }
}

const YEAR = { used_days: 100, term_days: 365, effective_date: '2027-04-25' }

describe('what is refunded of 60000 paid of 120000, after 100 of 365 days', () => {
  it('pro_rata, which is the default: 27123', async () => {
    const { quote, plan, kept, id, payments } = await canceledWith()
    expect(quote).toMatchObject({
      ...YEAR,
      earned_amount: 32_877,
      refund_amount: 27_123,
      penalty_amount: 0,
      fee_amount: 0,
      balance_amount: 0,
    })
    expect(quote.explanation).toMatch(/\w/)
    expect(plan).toMatchObject({
      status: 'canceled',
      paid_amount: 60_000,
      refunded_amount: 27_123,
      outstanding_amount: 0,
    })
    expect(plan).toMatchObject({ next_billing_at: null, canceled_at: DAY_100 })
    expect(kept).toBe(32_877)
    // The newest payments first: the one-off payment of 20000 whole, the rest of the one before it.
    expect(payments.map((p) => p.amount_refunded)).toEqual([0, 0, 0, 7_123, 20_000])
    expect(plan.installments.filter((i) => i.status === 'canceled')).toHaveLength(6)
    const balances = await tenor.balances(id)
    expect([balances.receivable, balances.cash]).toEqual([0, 32_877])
    const receipts = await tenor.receipts(id)
    expect(receipts.filter((r) => r.type === 'refund').reduce((sum, r) => sum + r.amount, 0)).toBe(27_123)
  })

  it('short_rate with 10 %: 8712 more are kept, 18411 refunded', async () => {
    const { quote, plan, kept } = await canceledWith({ type: 'short_rate', penalty_percent: 10 })
    expect(quote).toMatchObject({ ...YEAR, earned_amount: 32_877, penalty_amount: 8_712, refund_amount: 18_411 })
    expect(plan.refunded_amount).toBe(18_411)
    expect(kept).toBe(60_000 - 18_411)
  })

  it('none: nothing', async () => {
    const { quote, plan, answer } = await canceledWith({ type: 'none' })
    expect(quote).toMatchObject({ ...YEAR, refund_amount: 0, earned_amount: 60_000, penalty_amount: 0 })
    expect(answer.status).toBe('canceled')
    expect(plan.refunded_amount).toBe(0)
  })

  it('full: everything', async () => {
    const { quote, plan, kept, answer } = await canceledWith({ type: 'full' })
    expect(quote).toMatchObject({ ...YEAR, refund_amount: 60_000, earned_amount: 0 })
    expect(answer.status).toBe('pending_cancellation')
    expect(plan).toMatchObject({ status: 'canceled', refunded_amount: 60_000 })
    expect(kept).toBe(0)
  })

  it('tiered: the tier with the greatest day that is reached', async () => {
    const tiers = [
      { from_day: 0, refund_percent: 90 },
      { from_day: 100, refund_percent: 33.33 },
      { from_day: 101, refund_percent: 0 },
    ]
    const { quote } = await canceledWith({ type: 'tiered', tiers })
    expect(quote).toMatchObject({ ...YEAR, refund_amount: 19_998, earned_amount: 40_002 })
  })

  it('with a fee that is fixed', async () => {
    const { quote, id } = await canceledWith({ type: 'pro_rata', fee: 5_000 })
    expect(quote).toMatchObject({ earned_amount: 32_877, fee_amount: 5_000, refund_amount: 22_123 })
    expect((await tenor.balances(id)).fees).toBe(-5_000)
  })

  it('within the cooling-off days everything, with no fee and no penalty', async () => {
    const terms = { type: 'short_rate', penalty_percent: 50, fee: 5_000, cooling_off_days: 100 }
    const { quote } = await canceledWith(terms)
    expect(quote).toMatchObject({ refund_amount: 60_000, fee_amount: 0, penalty_amount: 0, balance_amount: 0 })
  })

  it('and no more than that when the cooling-off days are over', async () => {
    const { quote } = await canceledWith({ type: 'pro_rata', fee: 5_000, cooling_off_days: 99 })
    expect(quote.refund_amount).toBe(22_123)
  })
})

describe('cancellation terms', () => {
  it('whose first tier is not from day 0 are refused', async () => {
    const { id } = await tenor.customer()
    const cancellation_terms = { type: 'tiered', tiers: [{ from_day: 1, refund_percent: 50 }] }
    expect((await tenor.createTerm({ customer_id: id, start_date: '2099-01-15', cancellation_terms })).status).toBe(422)
  })
})

describe('a balance', () => {
  const COLLECT = { cancellation_terms: { type: 'none', fee: 5_000, collect_balance: true } }
  const PRO_RATA = { cancellation_terms: { type: 'pro_rata', fee: 40_000, collect_balance: true } }

  it('is charged once when that was agreed', async () => {
    const { clock, id, customer } = await tenor.begin(PRO_RATA)
    await tenor.advance(clock, DAY_100)
    // Four paid; earned 32877 and the fee of 40000 come to 32877 more.
    const { cancellation } = await tenor.cancel(id)
    expect(cancellation).toMatchObject({
      earned_amount: 32_877,
      fee_amount: 40_000,
      refund_amount: 0,
      balance_amount: 32_877,
    })
    await tenor.advance(clock, LATER)
    expect(await tenor.plan(id)).toMatchObject({ status: 'canceled', paid_amount: 72_877, outstanding_amount: 0 })
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([10_000, 10_000, 10_000, 10_000, 32_877])
    expect((await tenor.balances(id)).receivable).toBe(0)
  })

  it('that is declined is escalated, and never retried by itself', async () => {
    const { clock, id, customer } = await tenor.begin({
      ...PRO_RATA,
      outcomes: [...Array(4).fill('succeeded'), 'insufficient_funds'],
    })
    await tenor.advance(clock, DAY_100)
    await tenor.cancel(id)
    await tenor.advance(clock, '2027-05-20T12:00:00Z')
    const escalations = await tenor.escalations(id)
    expect(escalations).toMatchObject([{ status: 'open', reason: 'balance_unpaid', amount: 32_877 }])
    expect((await tenor.payments(customer.id)).filter((p) => p.status !== 'succeeded')).toHaveLength(1)
    expect(await tenor.plan(id)).toMatchObject({ outstanding_amount: 32_877 })
    await tenor.resolve(escalations[0]?.escalation_id ?? '', { action: 'retry' })
    await tenor.advance(clock, '2027-05-21T12:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'canceled', outstanding_amount: 0, paid_amount: 72_877 })
  })

  it('is not charged when it was not agreed', async () => {
    const { clock, id } = await tenor.begin({ cancellation_terms: { type: 'pro_rata', fee: 40_000 } })
    await tenor.advance(clock, DAY_100)
    await tenor.cancel(id)
    await tenor.advance(clock, LATER)
    expect(await tenor.plan(id)).toMatchObject({
      status: 'canceled',
      paid_amount: 40_000,
      refunded_amount: 0,
      outstanding_amount: 0,
    })
  })

  it('is the fee alone where all that is paid is earned', async () => {
    const { clock, id } = await tenor.begin(COLLECT)
    await tenor.advance(clock, '2027-01-20T12:00:00Z')
    const { cancellation } = await tenor.cancel(id)
    expect(cancellation).toMatchObject({ earned_amount: 10_000, fee_amount: 5_000, balance_amount: 5_000 })
    await tenor.advance(clock, '2027-01-21T12:00:00Z')
    expect((await tenor.plan(id)).paid_amount).toBe(15_000)
  })
})

describe('when it takes effect', () => {
  it('is one cancellation however often it is asked for', async () => {
    const { clock, id } = await tenor.begin()
    await tenor.advance(clock, '2027-03-01T12:00:00Z')
    const [first, second] = await Promise.all([tenor.cancel(id), tenor.cancel(id)])
    expect(second.cancellation).toEqual(first.cancellation)
    await tenor.advance(clock, '2027-03-02T12:00:00Z')
    const third: Canceled = await tenor.cancel(id)
    expect(third).toMatchObject({ status: 'canceled', cancellation: first.cancellation })
    const refunds = (await tenor.transactions(id)).filter((t) => t.type === 'refund')
    expect(refunds.reduce((sum, t) => sum + t.amount, 0)).toBe(first.cancellation?.refund_amount)
    expect((await tenor.notifications(id)).filter((n) => n.type === 'terms.canceled')).toHaveLength(1)
    expect((await tenor.events(id)).filter((e) => e.type === 'plan.canceled')).toHaveLength(1)
  })

  it('before the start date refunds everything, and costs nothing', async () => {
    const { clock, id } = await tenor.begin({
      cancellation_terms: { type: 'none', fee: 5_000, collect_balance: true },
    })
    await tenor.pay(id, { amount: 7_000 })
    await tenor.untilPlan(id, (plan) => plan.paid_amount === 7_000)
    const { cancellation } = await tenor.cancel(id)
    expect(cancellation).toMatchObject({ used_days: 0, refund_amount: 7_000, fee_amount: 0, balance_amount: 0 })
    await tenor.advance(clock, '2027-01-16T12:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'canceled', paid_amount: 7_000, refunded_amount: 7_000 })
  })

  it('charges nothing after it, whatever was retrying, and closes open escalations', async () => {
    const { clock, id, customer } = await tenor.begin({ outcomes: ['succeeded', 'expired_card', 'insufficient_funds'] })
    await tenor.advance(clock, '2027-03-15T12:00:00Z')
    await tenor.cancel(id)
    await tenor.advance(clock, '2027-06-15T12:00:00Z')
    const plan = await tenor.plan(id)
    expect(plan.status).toBe('canceled')
    expect(plan.installments.slice(0, 4).map((i) => i.status)).toEqual(['paid', 'canceled', 'canceled', 'canceled'])
    expect((await tenor.payments(customer.id)).filter((p) => p.status === 'succeeded')).toHaveLength(1)
    expect((await tenor.escalations(id)).map((e) => e.status)).toEqual(['resolved'])
  })

  it('says whether the charge of the day came before or after it', async () => {
    const [early, late, other] = await Promise.all([tenor.begin(), tenor.begin(), tenor.begin()])
    await Promise.all([
      tenor.advance(early.clock, '2027-02-15T08:59:59Z'),
      tenor.advance(late.clock, '2027-02-15T09:00:01Z'),
      tenor.advance(other.clock, '2027-02-14T12:00:00Z'),
    ])
    expect(await tenor.cancel(early.id)).toMatchObject({
      charge_of_the_day: 'after',
      provisional: false,
      paid_amount: 10_000,
    })
    expect(await tenor.cancel(late.id)).toMatchObject({
      charge_of_the_day: 'before',
      provisional: false,
      paid_amount: 20_000,
    })
    expect((await tenor.cancel(other.id)).charge_of_the_day).toBe('none')
  })

  it('is refused once the term is completed', async () => {
    const { clock, id } = await tenor.begin({ term_duration: 1, total_amount: 10_000 })
    await tenor.advance(clock, '2027-03-01T12:00:00Z')
    expect((await tenor.ask('DELETE', `/payment_terms/${id}`)).status).toBe(409)
  })
})
