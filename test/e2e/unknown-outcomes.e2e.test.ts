import type { Stack } from '../../workers/stack/stack.ts'
import { type Begun, ownTenor, type Tenor } from '../support/e2e-client.ts'
import { freshDatabase, freshTaskQueue, temporalAddress } from '../support/servers.ts'
import type { Fault } from '../support/shapes.ts'
import { databaseEnv } from '../support/stack.ts'

let tenor: Tenor
let stack: Stack
let database: Awaited<ReturnType<typeof freshDatabase>>
beforeAll(async () => {
  database = await freshDatabase()
  const own = await ownTenor({
    ...databaseEnv(database.urls),
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_TASK_QUEUE: freshTaskQueue(),
  })
  tenor = own.tenor
  stack = own.stack
}, 120_000)
afterAll(async () => {
  await stack?.stop()
  await database?.drop()
}, 60_000)
afterEach(async () => {
  await tenor.endFaults()
  await tenor.webhooks({ hold: false, duplicate: 0, shuffle: false })
})

const DUE = '2027-01-15T09:00:00Z'
const CONFIRM = '/confirm'
const MAKE = 'POST /v1/payment_intents'

/** Charged exactly once, and nobody was told of a decline. */
async function expectChargedOnce({ customer, id }: Begun): Promise<void> {
  const payments = await tenor.payments(customer.id)
  expect(payments.filter((p) => p.net > 0).map((p) => [p.net, p.charges_made])).toEqual([[10_000, 1]])
  const plan = await tenor.plan(id)
  expect(plan).toMatchObject({ status: 'active', paid_amount: 10_000 })
  expect(plan.installments[0]?.attempts).toMatchObject([{ number: 1, outcome: 'succeeded', decline_code: null }])
  expect((await tenor.transactions(id)).map((t) => t.status)).toEqual(['succeeded'])
  expect((await tenor.events(id)).filter((e) => e.type === 'payment.failed')).toEqual([])
  expect((await tenor.notifications(id)).filter((n) => n.type === 'payment.failed')).toEqual([])
  expect(await tenor.balances(id)).toEqual({ receivable: 110_000, income: -120_000, cash: 10_000 })
}

/** Has the first instalment become due, and waits until its end is known to be unknown. */
async function untilUnknown(begun: Begun): Promise<void> {
  await tenor.startAdvance(begun.clock, DUE)
  await tenor.untilPlan(begun.id, (plan) => plan.installments[0]?.attempts[0]?.outcome === 'unknown')
}

describe('whatever becomes of the gateway’s answer', () => {
  const FAULTS: [string, Fault][] = [
    ['the answer to the making is lost', { mode: 'lose_answer', count: 2, path: MAKE }],
    ['the answer to the confirmation is lost', { mode: 'lose_answer', count: 2, path: CONFIRM }],
    ['it fails before doing anything', { mode: 'error_500', count: 2 }],
    ['it fails after doing it', { mode: 'error_500_after', count: 1, path: CONFIRM }],
    ['it wants to be asked less often', { mode: 'rate_limit', count: 3 }],
    ['it is down for a while', { mode: 'down', for_ms: 2_500 }],
    ['it is slow', { mode: 'slow', ms: 1_500, count: 3 }],
  ]
  it.each(FAULTS)('the customer is charged once: %s', async (_, fault) => {
    const begun = await tenor.begin()
    await tenor.fault(fault)
    await tenor.advance(begun.clock, DUE)
    expect((await tenor.plan(begun.id)).paid_amount).toBe(10_000)
    await expectChargedOnce(begun)
  })

  it('a decline whose answer was lost is one decline, and is retried the next day', async () => {
    const begun = await tenor.begin({ outcomes: ['insufficient_funds'] })
    await tenor.fault({ mode: 'lose_answer', count: 1, path: CONFIRM })
    await tenor.advance(begun.clock, '2027-01-16T12:00:00Z')
    const plan = await tenor.plan(begun.id)
    expect(plan.installments[0]?.attempts.map((a) => [a.outcome, a.at])).toEqual([
      ['declined', '2027-01-15T09:00:00Z'],
      ['succeeded', '2027-01-16T09:00:00Z'],
    ])
  })

  it('a refund is given once when its answers are lost', async () => {
    const begun = await tenor.begin({ cancellation_terms: { type: 'full' } })
    await tenor.advance(begun.clock, DUE)
    await tenor.fault({ mode: 'lose_answer', count: 2, path: 'POST /v1/refunds' })
    await tenor.cancel(begun.id)
    await tenor.untilPlan(begun.id, (plan) => plan.status === 'canceled')
    const [payment] = await tenor.payments(begun.customer.id)
    expect(payment).toMatchObject({ amount_refunded: 10_000, net: 0, refunds: [{ amount: 10_000 }] })
    expect((await tenor.plan(begun.id)).refunded_amount).toBe(10_000)
  })
})

describe('while the end of a charge is unknown', () => {
  it('everybody can see it, and the clock is not at rest', async () => {
    const begun = await tenor.begin()
    await tenor.fault({ mode: 'down' })
    await untilUnknown(begun)
    expect((await tenor.transactions(begun.id)).map((t) => t.status)).toEqual(['unknown'])
    const timeline = await tenor.timeline(begun.id)
    expect(timeline.some((item) => item.outcome === 'unknown')).toBe(true)
    expect(await tenor.must('GET', `/test_clocks/${begun.clock}`)).toMatchObject({ status: 'advancing' })
    await tenor.endFaults()
    await tenor.settled(begun.clock)
    await expectChargedOnce(begun)
  })

  it('an adjustment is provisional, and keeps the amount that is being charged', async () => {
    const begun = await tenor.begin()
    await tenor.fault({ mode: 'down' })
    await untilUnknown(begun)
    const answer = await tenor.adjust(begun.id, 150_000)
    expect(answer).toMatchObject({ provisional: true, adjustment: { total_amount: 150_000, charged: 0, refunded: 0 } })
    expect(answer.installments.map((i) => i.amount)).toEqual([10_000, ...Array(10).fill(12_727), 12_730])
    await tenor.endFaults()
    await tenor.settled(begun.clock)
    expect(await tenor.plan(begun.id)).toMatchObject({ paid_amount: 10_000, outstanding_amount: 140_000 })
    expect((await tenor.balances(begun.id)).receivable).toBe(140_000)
  })

  it('a cancellation is provisional; the charge that then succeeds is counted, and refunded', async () => {
    const begun = await tenor.begin({ cancellation_terms: { type: 'full' } })
    await tenor.fault({ mode: 'down' })
    await untilUnknown(begun)
    const answer = await tenor.cancel(begun.id)
    expect(answer).toMatchObject({
      provisional: true,
      status: 'pending_cancellation',
      cancellation: { refund_amount: 0 },
    })
    await tenor.endFaults()
    await tenor.untilPlan(begun.id, (plan) => plan.status === 'canceled')
    const plan = await tenor.plan(begun.id)
    const payments = await tenor.payments(begun.customer.id)
    expect(payments.reduce((sum, p) => sum + p.net, 0)).toBe(0)
    expect(plan.paid_amount).toBe(plan.refunded_amount)
    expect((await tenor.balances(begun.id)).receivable).toBe(0)
  })

  it('a cancellation while the gateway is at it: charged, counted, refunded', async () => {
    const begun = await tenor.begin({ cancellation_terms: { type: 'full' } })
    await tenor.fault({ mode: 'slow', ms: 3_000, count: 2, path: CONFIRM })
    await tenor.startAdvance(begun.clock, DUE)
    await tenor.untilPlan(begun.id, (plan) => plan.installments[0]?.status === 'processing')
    expect((await tenor.cancel(begun.id)).provisional).toBe(true)
    const plan = await tenor.untilPlan(begun.id, ({ status }) => status === 'canceled')
    expect(plan).toMatchObject({
      paid_amount: 10_000,
      refunded_amount: 10_000,
      cancellation: { refund_amount: 10_000 },
    })
    expect((await tenor.payments(begun.customer.id)).map((p) => [p.amount_charged, p.net])).toEqual([[10_000, 0]])
  })
})

describe('a gateway that many plans find down', () => {
  const isLeftAlone = async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${stack.env.METRICS_PORT}/metrics`)).text()
    return /^tenor_gateway_circuit_open (\d)$/m.exec(metrics)?.[1] === '1'
  }

  it('is left alone, which is shown; once it is back each customer is charged once', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => tenor.begin()))
    expect(await isLeftAlone()).toBe(false)
    await tenor.fault({ mode: 'down' })
    for (const begun of all) await tenor.startAdvance(begun.clock, DUE)
    await tenor.until('the gateway to be left alone', async () => (await isLeftAlone()) || undefined)
    await tenor.endFaults()
    for (const begun of all) {
      await tenor.settled(begun.clock)
      await expectChargedOnce(begun)
    }
    expect(await isLeftAlone()).toBe(false)
  })
})

describe('webhooks that misbehave', () => {
  it('come three times and in any order: one payment, one receipt, one event', async () => {
    await tenor.webhooks({ duplicate: 3, shuffle: true })
    const begun = await tenor.begin({
      payment_method: 'pm_usBankAccount_success',
      outcomes: ['succeeded_then_returned'],
    })
    await tenor.advance(begun.clock, '2027-01-15T12:00:00Z')
    await tenor.settle(begun.customer.id)
    await tenor.untilPlan(begun.id, (plan) => plan.installments[0]?.status === 'paid')
    await tenor.settle(begun.customer.id)
    await tenor.untilPlan(begun.id, (plan) => plan.installments[0]?.status === 'retrying')
    await tenor.advance(begun.clock, '2027-01-16T12:00:00Z')
    await tenor.settle(begun.customer.id)
    await tenor.untilPlan(begun.id, (plan) => plan.installments[0]?.status === 'paid')
    const events = await tenor.events(begun.id)
    expect(events.filter((e) => e.type === 'payment.completed')).toHaveLength(2)
    expect(events.filter((e) => e.type === 'payment.returned')).toHaveLength(1)
    expect(await tenor.receipts(begun.id)).toHaveLength(2)
    expect(await tenor.balances(begun.id)).toEqual({ receivable: 110_000, income: -120_000, cash: 10_000 })
  })

  it('do not come at all: the debit is asked after, daily', async () => {
    await tenor.webhooks({ hold: true })
    const begun = await tenor.begin({ payment_method: 'pm_usBankAccount_success' })
    await tenor.advance(begun.clock, '2027-01-15T12:00:00Z')
    await tenor.settle(begun.customer.id)
    await tenor.advance(begun.clock, '2027-01-16T12:00:00Z')
    const plan = await tenor.plan(begun.id)
    expect(plan).toMatchObject({ paid_amount: 10_000, installments: expect.any(Array) })
    expect(plan.installments[0]).toMatchObject({ status: 'paid', attempts: [{ outcome: 'succeeded' }] })
    await tenor.webhooks({ hold: false })
    await tenor.advance(begun.clock, '2027-01-17T12:00:00Z')
    await expectChargedOnce(begun)
  })
})
