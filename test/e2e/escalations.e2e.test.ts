import { type Begun, sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Escalation } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const NSF_TWICE = ['insufficient_funds', 'insufficient_funds']

async function open(id: string): Promise<Escalation> {
  const found = (await tenor.escalations(id)).find((e) => e.status === 'open')
  if (!found) throw new Error('nothing is escalated')
  return found
}

async function escalated(outcomes = NSF_TWICE, body = {}): Promise<Begun & { escalation: Escalation }> {
  const begun = await tenor.begin({ outcomes, ...body })
  await tenor.advance(begun.clock, '2027-01-20T00:00:00Z')
  return { ...begun, escalation: await open(begun.id) }
}

/** Lets what was asked of the plan come to rest. */
const rest = (clock: string) => tenor.advance(clock, '2027-01-21T00:00:00Z')

describe('a broker resolves an instalment', () => {
  it('by retry: it is tried at once, and paid', async () => {
    const { clock, id, escalation } = await escalated()
    expect((await tenor.resolve(escalation.escalation_id, { action: 'retry' })).status).toBe(200)
    await rest(clock)
    const plan = await tenor.plan(id)
    expect(plan).toMatchObject({ status: 'active', paid_amount: 10_000 })
    expect(plan.installments[0]?.attempts.at(-1)).toMatchObject({
      number: 3,
      outcome: 'succeeded',
      at: '2027-01-20T00:00:00Z',
    })
    expect(await tenor.escalations(id)).toMatchObject([
      {
        status: 'resolved',
        resolved_at: '2027-01-20T00:00:00Z',
        resolution: { action: 'retry', note: 'spoke with the customer', by: 'integrator' },
      },
    ])
  })

  it('by a retry that is declined: it stays escalated, once, with no retry of its own', async () => {
    const { clock, id, escalation } = await escalated([...NSF_TWICE, 'insufficient_funds'])
    await tenor.resolve(escalation.escalation_id, { action: 'retry' })
    await tenor.advance(clock, '2027-01-25T00:00:00Z')
    const plan = await tenor.plan(id)
    expect(plan).toMatchObject({ status: 'past_due', paid_amount: 0 })
    expect(plan.installments[0]).toMatchObject({ status: 'escalated', attempts: { length: 3 } })
    expect(await tenor.escalations(id)).toMatchObject([{ escalation_id: escalation.escalation_id, status: 'open' }])
  })

  it('by mark_paid: paid by other means, with a reference', async () => {
    const { id, customer, escalation } = await escalated()
    const without = await tenor.resolve(escalation.escalation_id, { action: 'mark_paid' })
    expect(without.status).toBe(422)
    const resolved = await tenor.resolve(escalation.escalation_id, { action: 'mark_paid', reference: 'cheque 4711' })
    expect(resolved.body).toMatchObject({
      status: 'resolved',
      resolution: { action: 'mark_paid', reference: 'cheque 4711' },
    })
    const plan = await tenor.plan(id)
    expect(plan).toMatchObject({ status: 'active', paid_amount: 10_000 })
    expect(plan.installments[0]?.status).toBe('paid')
    expect((await tenor.payments(customer.id)).reduce((sum, p) => sum + p.net, 0)).toBe(0)
    expect(await tenor.balances(id)).toMatchObject({ receivable: 110_000 })
  })

  it('by waive: written off', async () => {
    const { id, escalation } = await escalated()
    await tenor.resolve(escalation.escalation_id, { action: 'waive' })
    const plan = await tenor.plan(id)
    expect(plan).toMatchObject({ status: 'active', paid_amount: 0, outstanding_amount: 110_000 })
    expect(plan.installments[0]?.status).toBe('waived')
    expect(await tenor.balances(id)).toEqual({ receivable: 110_000, income: -120_000, write_offs: 10_000 })
  })

  it('by cancel_plan: the plan is cancelled on its terms', async () => {
    const { clock, id, escalation } = await escalated()
    await tenor.resolve(escalation.escalation_id, { action: 'cancel_plan' })
    await rest(clock)
    expect(await tenor.plan(id)).toMatchObject({ status: 'canceled', outstanding_amount: 0, next_billing_at: null })
    expect((await tenor.escalations(id)).map((e) => e.status)).toEqual(['resolved'])
    expect((await tenor.balances(id)).receivable).toBe(0)
  })

  it('once: a second answer is refused, and the case is closed', async () => {
    const { escalation } = await escalated()
    await tenor.resolve(escalation.escalation_id, { action: 'waive' })
    expect((await tenor.resolve(escalation.escalation_id, { action: 'retry' })).status).toBe(409)
    await tenor.until('the case to be closed', async () => {
      const cases = await tenor.cases(escalation.escalation_id)
      return cases.length === 1 && cases[0]?.fields.Status === 'Closed' ? true : undefined
    })
  })
})

describe('an escalation ends by itself', () => {
  it('when the customer pays all of it', async () => {
    const { clock, id } = await escalated()
    expect((await tenor.pay(id)).status).toBe(201)
    await rest(clock)
    expect(await tenor.plan(id)).toMatchObject({ status: 'active', paid_amount: 10_000 })
    expect((await tenor.escalations(id)).map((e) => e.status)).toEqual(['resolved'])
  })

  it('and stays, lowered, when only a part is paid', async () => {
    const { clock, id } = await escalated()
    await tenor.pay(id, { amount: 4_000 })
    await rest(clock)
    expect(await tenor.plan(id)).toMatchObject({ status: 'past_due', paid_amount: 4_000 })
    expect(await open(id)).toMatchObject({ amount: 6_000 })
  })
})

describe('the last instalment unresolved', () => {
  it('keeps the plan open, past due, until a broker resolves it', async () => {
    const { clock, id } = await tenor.begin({
      outcomes: ['succeeded', ...NSF_TWICE],
      term_duration: 2,
      total_amount: 20_000,
    })
    await tenor.advance(clock, '2027-06-01T00:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'past_due', paid_amount: 10_000 })
    await tenor.resolve((await open(id)).escalation_id, { action: 'waive' })
    await tenor.advance(clock, '2027-06-01T00:00:01Z')
    expect((await tenor.plan(id)).status).toBe('completed')
  })
})

describe('a refund that fails', () => {
  const FULL = { cancellation_terms: { type: 'full' } }

  it('is escalated; a broker has it asked for again', async () => {
    const { clock, id, customer } = await tenor.begin({ ...FULL, outcomes: ['succeeded', 'refund_failed'] })
    await tenor.advance(clock, '2027-01-20T00:00:00Z')
    expect((await tenor.cancel(id)).status).toBe('pending_cancellation')
    await rest(clock)
    expect(await tenor.plan(id)).toMatchObject({ status: 'pending_cancellation', refunded_amount: 0 })
    const escalation = await open(id)
    expect(escalation).toMatchObject({ reason: 'refund_failed', amount: 10_000 })
    expect((await tenor.resolve(escalation.escalation_id, { action: 'waive' })).status).toBe(409)
    expect((await tenor.resolve(escalation.escalation_id, { action: 'cancel_plan' })).status).toBe(409)
    await tenor.resolve(escalation.escalation_id, { action: 'retry' })
    await tenor.advance(clock, '2027-01-22T00:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'canceled', refunded_amount: 10_000 })
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([0])
    expect((await tenor.escalations(id)).map((e) => e.status)).toEqual(['resolved'])
  })

  it('is refunded elsewhere, by a broker', async () => {
    const { clock, id, customer } = await tenor.begin({ ...FULL, outcomes: ['succeeded', 'refund_refused'] })
    await tenor.advance(clock, '2027-01-20T00:00:00Z')
    await tenor.cancel(id)
    await rest(clock)
    await tenor.resolve((await open(id)).escalation_id, { action: 'mark_paid', reference: 'cheque 12' })
    await tenor.advance(clock, '2027-01-22T00:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'canceled', refunded_amount: 10_000 })
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([10_000])
    expect((await tenor.balances(id)).receivable).toBe(0)
  })

  it('is escalated from the start for what was paid outside the gateway', async () => {
    const { clock, id, escalation } = await escalated(NSF_TWICE, FULL)
    await tenor.resolve(escalation.escalation_id, { action: 'mark_paid', reference: 'cash' })
    await tenor.cancel(id)
    await rest(clock)
    expect(await tenor.plan(id)).toMatchObject({ status: 'pending_cancellation' })
    const outside = await open(id)
    expect(outside).toMatchObject({ reason: 'refund_outside_gateway', amount: 10_000 })
    await tenor.resolve(outside.escalation_id, { action: 'mark_paid', reference: 'cash back' })
    await tenor.advance(clock, '2027-01-22T00:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'canceled', refunded_amount: 10_000 })
  })
})
