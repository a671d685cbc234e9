import { type Begun, sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const attempts = (plan: Plan, number: number) =>
  plan.installments[number - 1]?.attempts.map((a) => [a.number, a.outcome, a.at])
const statusOf = (plan: Plan, number: number) => plan.installments[number - 1]?.status

async function told(id: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { type } of await tenor.notifications(id)) counts[type] = (counts[type] ?? 0) + 1
  return counts
}

async function openEscalation(id: string) {
  const [escalation, ...more] = (await tenor.escalations(id)).filter((e) => e.status === 'open')
  if (!escalation || more.length > 0) throw new Error('expected one open escalation')
  return escalation
}

describe('a soft decline', () => {
  it('is retried the next day at billing time, and told to the customer', async () => {
    const { clock, id, customer } = await tenor.begin({ outcomes: ['insufficient_funds'] })
    await tenor.advance(clock, '2027-01-15T09:00:00Z')
    const declined = await tenor.plan(id)
    expect(declined).toMatchObject({ status: 'active', next_billing_at: '2027-01-16T09:00:00Z', paid_amount: 0 })
    expect(declined.installments[0]?.attempts[0]).toMatchObject({
      outcome: 'declined',
      decline_code: 'insufficient_funds',
    })
    expect(statusOf(declined, 1)).toBe('retrying')
    expect(await told(id)).toMatchObject({ 'payment.failed': 1 })

    await tenor.advance(clock, '2027-01-17T00:00:00Z')
    const paid = await tenor.plan(id)
    expect(paid).toMatchObject({ status: 'active', paid_amount: 10_000, next_billing_at: '2027-02-15T09:00:00Z' })
    expect(attempts(paid, 1)).toEqual([
      [1, 'declined', '2027-01-15T09:00:00Z'],
      [2, 'succeeded', '2027-01-16T09:00:00Z'],
    ])
    expect((await tenor.transactions(id)).map((t) => [t.attempt, t.status, t.decline_code])).toEqual([
      [1, 'failed', 'insufficient_funds'],
      [2, 'succeeded', null],
    ])
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([0, 10_000])
    expect(await tenor.balances(id)).toEqual({ receivable: 110_000, income: -120_000, cash: 10_000 })
  })

  it.each(['try_again_later', 'do_not_honor', 'processing_error', 'card_velocity_exceeded', 'a_code_not_known'])(
    '%s is soft',
    async (code) => {
      const { clock, id } = await tenor.begin({ outcomes: [code] })
      await tenor.advance(clock, '2027-01-15T12:00:00Z')
      expect(statusOf(await tenor.plan(id), 1)).toBe('retrying')
    },
  )
})

describe('the last retry declined', () => {
  let begun: Begun
  let plan: Plan
  beforeAll(async () => {
    begun = await tenor.begin({ outcomes: ['insufficient_funds', 'do_not_honor'] })
    await tenor.advance(begun.clock, '2027-01-16T09:00:00Z')
    plan = await tenor.plan(begun.id)
  })

  it('escalates the instalment and makes the plan past due', async () => {
    expect(plan).toMatchObject({ status: 'past_due', paid_amount: 0, outstanding_amount: 120_000 })
    expect(statusOf(plan, 1)).toBe('escalated')
    expect(await openEscalation(begun.id)).toMatchObject({ installment_number: 1, amount: 10_000, resolved_at: null })
  })

  it('opens one case at Salesforce, known by the escalation', async () => {
    const escalation = await tenor.until('the case', async () => {
      const found = await openEscalation(begun.id)
      return found.salesforce_case_id ? found : undefined
    })
    const cases = await tenor.cases(escalation.escalation_id)
    expect(cases).toHaveLength(1)
    expect(cases[0]?.id).toBe(escalation.salesforce_case_id)
  })

  it('tells the customer of both declines and of the escalation', async () => {
    expect(await told(begun.id)).toMatchObject({ 'payment.failed': 2, 'payment.escalated': 1 })
  })

  it('keeps billing the later instalments', async () => {
    await tenor.advance(begun.clock, '2027-02-16T00:00:00Z')
    const later = await tenor.plan(begun.id)
    expect(later).toMatchObject({ status: 'past_due', paid_amount: 10_000 })
    expect([statusOf(later, 1), statusOf(later, 2)]).toEqual(['escalated', 'paid'])
  })
})

describe('retry policies', () => {
  it('counts a list of days from the day on which each decline became known', async () => {
    const { clock, id } = await tenor.begin({
      outcomes: Array(4).fill('insufficient_funds'),
      retry_policy: { retries: 3, every_days: [1, 2, 4] },
    })
    await tenor.advance(clock, '2027-01-30T00:00:00Z')
    const plan = await tenor.plan(id)
    expect(attempts(plan, 1)?.map(([, , at]) => at)).toEqual([
      '2027-01-15T09:00:00Z',
      '2027-01-16T09:00:00Z',
      '2027-01-18T09:00:00Z',
      '2027-01-22T09:00:00Z',
    ])
    expect(plan.status).toBe('past_due')
  })

  it('takes one number for every retry', async () => {
    const { clock, id } = await tenor.begin({
      outcomes: ['insufficient_funds', 'insufficient_funds'],
      retry_policy: { retries: 2, every_days: 5 },
    })
    await tenor.advance(clock, '2027-01-30T00:00:00Z')
    expect(attempts(await tenor.plan(id), 1)).toEqual([
      [1, 'declined', '2027-01-15T09:00:00Z'],
      [2, 'declined', '2027-01-20T09:00:00Z'],
      [3, 'succeeded', '2027-01-25T09:00:00Z'],
    ])
  })

  it('escalates at once when no retry was agreed', async () => {
    const { clock, id } = await tenor.begin({
      outcomes: ['insufficient_funds'],
      retry_policy: { retries: 0, every_days: 1 },
    })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'past_due' })
  })

  it('charges both, once each, when a retry falls on the next due date', async () => {
    const { clock, id, customer } = await tenor.begin({
      outcomes: ['insufficient_funds'],
      retry_policy: { retries: 1, every_days: 31 },
    })
    await tenor.advance(clock, '2027-02-15T09:00:00Z')
    const plan = await tenor.plan(id)
    expect(attempts(plan, 1)?.at(-1)).toEqual([2, 'succeeded', '2027-02-15T09:00:00Z'])
    expect(attempts(plan, 2)).toEqual([[1, 'succeeded', '2027-02-15T09:00:00Z']])
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([0, 10_000, 10_000])
  })
})

describe('what is not retried', () => {
  it.each([
    'expired_card',
    'lost_card',
    'stolen_card',
    'pickup_card',
    'restricted_card',
    'fraudulent',
    'revocation_of_authorization',
  ])('%s escalates at once, and the customer is asked for another method', async (code) => {
    const { clock, id } = await tenor.begin({ outcomes: [code] })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'past_due', installments: expect.any(Array) })
    expect(statusOf(await tenor.plan(id), 1)).toBe('escalated')
    expect(await told(id)).toMatchObject({ 'payment_method.required': 1 })
    await tenor.advance(clock, '2027-01-20T12:00:00Z')
    expect((await tenor.plan(id)).installments[0]?.attempts).toHaveLength(1)
  })

  it('escalates what the gateway refuses as invalid: 12 cents are below its minimum', async () => {
    const { clock, id, customer } = await tenor.begin({ total_amount: 144 })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    expect(await openEscalation(id)).toMatchObject({ reason: 'gateway_rejected', amount: 12 })
    expect((await tenor.payments(customer.id)).map((p) => p.net).filter((net) => net > 0)).toEqual([])
  })
})

describe('a payment that needs its customer', () => {
  it('sends a link, and takes the payment that the customer completes there', async () => {
    const { clock, id, customer } = await tenor.begin({ outcomes: ['authentication_required'] })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    const plan = await tenor.plan(id)
    expect(plan.installments[0]?.attempts).toMatchObject([{ outcome: 'requires_action' }])
    expect(statusOf(plan, 1)).toBe('retrying')
    const [payment] = await tenor.payments(customer.id)
    const mail = await tenor.until('the link to be sent', async () =>
      (await tenor.inbox(customer.email)).find((m) => m.text.includes(payment?.payment ?? '-')),
    )
    expect(mail.text).toMatch(/https?:\/\/\S+/)

    await tenor.authenticate(payment?.payment ?? '', 'authenticate')
    await tenor.untilPlan(id, (p) => statusOf(p, 1) === 'paid')
    await tenor.advance(clock, '2027-01-17T00:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'active', paid_amount: 10_000 })
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([10_000])
  })

  it('cancels the open payment before the retry, so that only one can succeed', async () => {
    const { clock, id, customer } = await tenor.begin({ outcomes: ['authentication_required'] })
    await tenor.advance(clock, '2027-01-17T00:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'active', paid_amount: 10_000 })
    const payments = await tenor.payments(customer.id)
    expect(payments.map((p) => [p.status, p.net])).toEqual([
      ['canceled', 0],
      ['succeeded', 10_000],
    ])
  })

  it('is closed before a one-off payment is made, and when a broker has settled its instalment', async () => {
    const outcomes = ['authentication_required', 'succeeded', 'authentication_required', 'authentication_required']
    const { clock, id, customer } = await tenor.begin({ outcomes })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    await tenor.pay(id, {})
    await tenor.untilPlan(id, (p) => statusOf(p, 1) === 'paid')
    const statuses = async () => (await tenor.payments(customer.id)).map((p) => p.status)
    expect(await statuses()).toEqual(['canceled', 'succeeded'])

    await tenor.advance(clock, '2027-02-16T12:00:00Z')
    const { escalation_id } = await openEscalation(id)
    expect(await statuses()).toEqual(['canceled', 'succeeded', 'canceled', 'requires_action'])
    await tenor.resolve(escalation_id, { action: 'mark_paid', reference: 'cheque 4711' })
    await tenor.advance(clock, '2027-02-17T12:00:00Z')
    expect(await statuses()).toEqual(['canceled', 'succeeded', 'canceled', 'canceled'])
    expect(await tenor.plan(id)).toMatchObject({ status: 'active', paid_amount: 20_000 })
  })

  it('that the customer completes in the moment of a one-off payment takes its place', async () => {
    const { clock, id, customer } = await tenor.begin({ outcomes: ['authentication_required'] })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    const [payment] = await tenor.payments(customer.id)
    await Promise.all([tenor.authenticate(payment?.payment ?? '', 'authenticate'), tenor.pay(id, { amount: 10_000 })])
    await tenor.untilPlan(id, (p) => p.paid_amount > 0)
    await tenor.advance(clock, '2027-01-17T00:00:00Z')
    const plan = await tenor.plan(id)
    const taken = (await tenor.payments(customer.id)).reduce((sum, p) => sum + p.net, 0)
    expect([taken, plan.paid_amount - plan.refunded_amount]).toEqual([plan.paid_amount, plan.paid_amount])
    expect(statusOf(plan, 1)).toBe('paid')
  })

  it('counts as declined when the customer refuses', async () => {
    const { clock, id, customer } = await tenor.begin({ outcomes: ['authentication_required', 'do_not_honor'] })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    const [payment] = await tenor.payments(customer.id)
    await tenor.authenticate(payment?.payment ?? '', 'refuse')
    await tenor.advance(clock, '2027-01-16T12:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'past_due', paid_amount: 0 })
  })
})

describe('a new payment method', () => {
  it('tries at once what is retrying, and uses up no retry', async () => {
    const { clock, id } = await tenor.begin({ outcomes: ['insufficient_funds', 'do_not_honor'] })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    await tenor.must('PUT', `/payment_terms/${id}/payment_method`, { body: { payment_method: 'pm_card_mastercard' } })
    await tenor.advance(clock, '2027-01-15T13:00:00Z')
    const declined = await tenor.plan(id)
    expect(attempts(declined, 1)).toEqual([
      [1, 'declined', '2027-01-15T09:00:00Z'],
      [2, 'declined', '2027-01-15T12:00:00Z'],
    ])
    expect([declined.status, statusOf(declined, 1)]).toEqual(['active', 'retrying'])
    await tenor.advance(clock, '2027-01-16T09:00:00Z')
    expect(attempts(await tenor.plan(id), 1)?.at(-1)).toEqual([3, 'succeeded', '2027-01-16T09:00:00Z'])
  })

  it('tries at once what is escalated, and paying it resolves the escalation', async () => {
    const { clock, id } = await tenor.begin({ outcomes: ['expired_card'] })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    const { escalation_id } = await openEscalation(id)
    await tenor.must('PUT', `/payment_terms/${id}/payment_method`, { body: { payment_method: 'pm_card_mastercard' } })
    await tenor.advance(clock, '2027-01-15T13:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'active', paid_amount: 10_000 })
    expect(await tenor.escalations(id)).toMatchObject([{ escalation_id, status: 'resolved' }])
    await tenor.until('the case to be closed', async () => {
      const [found] = await tenor.cases(escalation_id)
      return found?.fields.Status === 'Closed' ? true : undefined
    })
  })

  it('opens no second escalation when it is declined as well', async () => {
    const { clock, id } = await tenor.begin({ outcomes: ['expired_card', 'insufficient_funds'] })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    await tenor.must('PUT', `/payment_terms/${id}/payment_method`, { body: { payment_method: 'pm_card_mastercard' } })
    await tenor.advance(clock, '2027-01-20T12:00:00Z')
    expect(await tenor.escalations(id)).toMatchObject([{ status: 'open' }])
    expect((await tenor.plan(id)).installments[0]?.attempts).toHaveLength(2)
  })
})
