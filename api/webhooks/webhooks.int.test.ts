import Stripe from 'stripe'
import { Transactions } from '../../db/plans/transactions.ts'
import { WebhookInbox } from '../../db/webhooks/inbox.ts'
import { type ApiWorld, startApiWorld, WEBHOOK_SECRET } from '../../test/support/api-world.ts'
import { redeliver } from './deliver.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld()
}, 120_000)
afterAll(async () => world?.close())

function event(id: string, object: object, type = 'payment_intent.succeeded'): string {
  return JSON.stringify({ id, object: 'event', type, created: Math.floor(Date.now() / 1000), data: { object } })
}

function send(payload: string, secret = WEBHOOK_SECRET, at = Math.floor(Date.now() / 1000)) {
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: at })
  return world.ask('POST', '/webhooks/stripe', { raw: payload, headers: { 'stripe-signature': signature } })
}

const inbox = (id: string) => world.orm.em.fork().findOne(WebhookInbox, { gateway: 'stripe', id })

async function until<T>(look: () => Promise<T>, isThere: (found: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const found = await look()
    if (isThere(found) || tries > 200) return found
    await new Promise((done) => setTimeout(done, 50))
  }
}

describe('what Stripe calls', () => {
  it('is refused without its signature, with an old or a foreign one, and not kept', async () => {
    const payload = event('evt_bad', { object: 'payment_intent', id: 'pi_1' })
    const unsigned = await world.ask('POST', '/webhooks/stripe', { raw: payload })
    const foreign = await send(payload, 'whsec_other')
    const old = await send(payload, WEBHOOK_SECRET, Math.floor(Date.now() / 1000) - 3600)
    for (const answer of [unsigned, foreign, old]) {
      expect(answer).toMatchObject({ status: 400, body: { code: 'signature_invalid' } })
    }
    expect(await inbox('evt_bad')).toBeNull()
  })

  it('is kept once however often it comes', async () => {
    const payload = event('evt_ten', { object: 'customer', id: 'cus_1' }, 'customer.updated')
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(payload)))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(await world.orm.em.fork().count(WebhookInbox, { id: 'evt_ten' })).toBe(1)
    const kept = await until(
      () => inbox('evt_ten'),
      (row) => row?.processedAt != null,
    )
    expect(kept?.processedAt).not.toBeNull()
  })

  it('settles a debit, also when it came before anybody knew the payment', async () => {
    const body = { name: 'D', email: 'd@example.com', payment_method: 'pm_usBankAccount_processing' }
    const customer_id = (await world.ask('POST', '/customers', { body })).body.customer_id
    const plan = await world.ask('POST', '/payment_terms', {
      body: {
        customer_id,
        total_amount: 1_200,
        start_date: today(),
        term_duration: 1,
        billing_day: Number(today().slice(8)),
        billing_time: '00:00',
      },
    })
    expect(plan.status).toBe(201)
    const planId = plan.body.payment_terms_id
    const early = event('evt_early', { object: 'payment_intent', id: 'pi_unknown' })
    expect((await send(early)).status).toBe(200)
    const waiting = await until(
      () => inbox('evt_early'),
      (row) => (row?.attempts ?? 0) > 0,
    )
    expect(waiting).toMatchObject({ processedAt: null, lastError: 'no transaction is known by these ids' })

    const charge = await until(
      () => world.orm.em.fork().findOne(Transactions, { planId }),
      (row) => row?.status === 'processing',
    )
    expect(charge).toMatchObject({ status: 'processing' })
    await fetch(`${world.stripe}/_sandbox/settle`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ payment: charge?.gatewayId }),
    })
    // As if the first webhook had been about this payment.
    await world.orm.em
      .fork()
      .nativeUpdate(
        WebhookInbox,
        { id: 'evt_early' },
        { hints: { payment: charge?.gatewayId ?? '' }, nextAttemptAt: '2020-01-01T00:00:00Z' },
      )
    expect(await redeliver(world.deps)).toBeGreaterThan(0)
    const settled = await until(
      () => world.orm.em.fork().findOneOrFail(Transactions, { planId }),
      (row) => row.status === 'succeeded',
    )
    expect(settled.status).toBe('succeeded')
    expect((await inbox('evt_early'))?.processedAt).not.toBeNull()
    expect((await world.ask('GET', `/payment_terms/${planId}`)).body).toMatchObject({
      paid_amount: 1_200,
      outstanding_amount: 0,
    })
  })

  it('brings a plan back that is over: a dispute, months after the last payment, is escalated', async () => {
    const { url, clock, charge } = await endedPlan()
    await sandbox('dispute', { payment: charge.gatewayId })
    const dispute = { object: 'dispute', id: 'dp_late', payment_intent: charge.gatewayId, status: 'needs_response' }
    expect((await send(event('evt_late', dispute, 'charge.dispute.created'))).status).toBe(200)
    const plan = await until(
      async () => (await world.ask('GET', url)).body,
      ({ status }) => status === 'past_due',
    )
    expect(plan).toMatchObject({ status: 'past_due', paid_amount: 0, outstanding_amount: 1_200 })
    const open = await world.ask('GET', `/escalations?plan_id=${charge.planId}`)
    expect(open.body.data).toMatchObject([{ reason: 'payment_disputed', amount: 1_200, status: 'open' }])
    const body = { action: 'waive', note: 'lost' }
    const waived = await world.ask('POST', `/escalations/${open.body.data[0].escalation_id}/resolve`, { body })
    expect(waived.status).toBe(200)
    // On its clock again, it comes to rest with it, and ends once more.
    await world.ask('POST', `/test_clocks/${clock}/advance`, { body: { to: '2027-06-01T00:00:00Z' } })
    await until(
      async () => (await world.ask('GET', `/test_clocks/${clock}`)).body.status,
      (status) => status === 'ready',
    )
    expect((await world.ask('GET', url)).body).toMatchObject({ status: 'completed', outstanding_amount: 0 })
    expect((await inbox('evt_late'))?.processedAt).not.toBeNull()
    expect((await world.ask('DELETE', `/test_clocks/${clock}`)).status).toBe(204)
  })

  it('is held for people, and counted, when somebody has ended the workflow of a plan that is not settled', async () => {
    const { planId, workflowId } = await runningPlan()
    const charge = await until(
      () => world.orm.em.fork().findOne(Transactions, { planId }),
      (row) => row?.status === 'succeeded',
    )
    await world.deps.temporal.workflow.getHandle(workflowId).terminate('by mistake')
    const dispute = { object: 'dispute', id: 'dp_1', payment_intent: charge?.gatewayId }
    expect((await send(event('evt_nobody', dispute, 'charge.dispute.created'))).status).toBe(200)
    const held = await until(
      async () => {
        await world.orm.em
          .fork()
          .nativeUpdate(
            WebhookInbox,
            { id: 'evt_nobody', nextAttemptAt: { $ne: null } },
            { nextAttemptAt: '2020-01-01T00:00:00Z' },
          )
        await redeliver(world.deps)
        return inbox('evt_nobody')
      },
      (row) => row?.processedAt != null || row?.nextAttemptAt == null,
    )
    expect(held).toMatchObject({ processedAt: null, nextAttemptAt: null })
    expect(held?.lastError).toContain(`plan ${planId} is gone`)
    expect((await world.ask('GET', '/metrics')).text).toContain('tenor_webhooks_held 1')
  })
})

/** A term by card whose first instalment is due at once, and whose others are not. */
async function runningPlan(): Promise<{ planId: string; workflowId: string }> {
  const body = { name: 'R', email: 'r@example.com', payment_method: 'pm_card_visa' }
  const customer_id = (await world.ask('POST', '/customers', { body })).body.customer_id
  const due = { start_date: today(), billing_day: Number(today().slice(8)), billing_time: '00:00' }
  const term = { ...due, total_amount: 12_000, term_duration: 12, customer_id }
  const plan = (await world.ask('POST', '/payment_terms', { body: term })).body
  return { planId: plan.payment_terms_id, workflowId: plan.workflow.workflow_id }
}

function sandbox(control: string, body: object) {
  const headers = { 'content-type': 'application/json' }
  return fetch(`${world.stripe}/_sandbox/${control}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** A term of one instalment that was paid by card and has ended. */
async function endedPlan() {
  const body = { name: 'E', email: 'e@example.com', payment_method: 'pm_card_visa' }
  const customer_id = (await world.ask('POST', '/customers', { body })).body.customer_id
  const made = await world.ask('POST', '/test_clocks', { body: { frozen_time: '2027-01-15T10:00:00Z' } })
  const clock = made.body.test_clock_id
  const term = { total_amount: 1_200, start_date: '2027-01-15', term_duration: 1, billing_day: 15 }
  const plan = await world.ask('POST', '/payment_terms', { body: { ...term, customer_id, test_clock: clock } })
  await world.ask('POST', `/test_clocks/${clock}/advance`, { body: { to: '2027-02-16T00:00:00Z' } })
  await until(
    async () => (await world.ask('GET', `/test_clocks/${clock}`)).body.status,
    (status) => status === 'ready',
  )
  const url = `/payment_terms/${plan.body.payment_terms_id}`
  await until(
    async () => (await world.deps.temporal.workflow.getHandle(plan.body.workflow.workflow_id).describe()).status.name,
    (status) => status !== 'RUNNING',
  )
  const planId = plan.body.payment_terms_id
  return { url, clock, charge: await world.orm.em.fork().findOneOrFail(Transactions, { planId }) }
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
