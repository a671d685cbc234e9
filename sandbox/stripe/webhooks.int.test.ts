import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStripeSandbox } from './index.ts'
import { type Bench, benchOn, errorOf, eventually, type Inbox, SECRET, startBench, startInbox } from './testing.ts'

let inbox: Inbox
let bench: Bench
beforeEach(async () => {
  inbox = await startInbox()
  bench = await startBench({ webhookUrls: [inbox.url] })
})
afterEach(async () => {
  await bench.sandbox.close()
  await inbox.close()
})

const types = (): string[] => inbox.events().map(({ type }) => type)
const arrived = (...wanted: string[]) => eventually(() => wanted.every((type) => types().includes(type)))
const quiet = () =>
  eventually(async () => (await bench.control<{ waiting: number }>('GET', '/_sandbox/webhooks')).waiting === 0)

describe('webhooks', () => {
  it('tell of every change, signed, with the object as it was', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const paid = await bench.charge(who, { metadata: { plan: 'p1' } }, 'key-1')
    await bench.stripe.refunds.create({ payment_intent: paid.id })
    await bench.control('POST', '/_sandbox/outcomes', { customer_id: who.customer, outcomes: ['lost_card'] })
    await errorOf(bench.charge(who))
    const second = await bench.charge(who)
    await bench.control('POST', '/_sandbox/return', { payment: second.id })
    await arrived(
      'payment_intent.created',
      'payment_intent.succeeded',
      'payment_intent.payment_failed',
      'charge.succeeded',
      'charge.refunded',
      'refund.created',
      'charge.dispute.created',
      'charge.dispute.closed',
    )

    const succeeded = inbox.events().find(({ type, data }) => {
      return type === 'payment_intent.succeeded' && (data.object as { id: string }).id === paid.id
    })
    expect(succeeded).toMatchObject({
      object: 'event',
      data: { object: { id: paid.id, status: 'succeeded', metadata: { plan: 'p1' } } },
      request: { id: paid.lastResponse.requestId, idempotency_key: 'key-1' },
    })
    expect(await bench.stripe.events.retrieve(succeeded?.id ?? '')).toMatchObject({ type: 'payment_intent.succeeded' })
    const listed = await bench.stripe.events.list({ type: 'payment_intent.*' })
    expect(listed.data.every(({ type }) => type.startsWith('payment_intent.'))).toBe(true)
  })

  it('tell of debits when they begin and when they settle', async () => {
    await bench.charge(await bench.customerWith('pm_usBankAccount_insufficientFunds'))
    await arrived('payment_intent.processing')
    expect(types()).not.toContain('payment_intent.payment_failed')
    await bench.control('POST', '/_sandbox/settle', { payment: 'all' })
    await arrived('payment_intent.payment_failed', 'charge.failed')
  })

  it('do not pass with another secret', async () => {
    await bench.customerWith('pm_card_visa')
    const { body, signature } = await eventually(() => inbox.deliveries[0])
    expect(() => bench.stripe.webhooks.constructEvent(body, signature, 'whsec_other')).toThrow('signature')
    expect(bench.stripe.webhooks.constructEvent(body, signature, SECRET).type).toBe('customer.created')
  })

  it('are sent again until they are taken', async () => {
    inbox.answers.push(500, 503, 301)
    await bench.stripe.customers.create({ name: 'Ada' })
    await quiet()
    expect(inbox.deliveries).toHaveLength(4)
    expect(new Set(inbox.events().map(({ id }) => id)).size).toBe(1)
  })

  it('are sent many times and out of order when asked to', async () => {
    await bench.control('POST', '/_sandbox/webhooks', { duplicate: 4, shuffle: true })
    for (let i = 0; i < 8; i++) await bench.stripe.customers.create({ name: String(i) })
    await quiet()
    const ids = inbox.events().map(({ id }) => id)
    expect(ids).toHaveLength(40)
    expect(new Set(ids).size).toBe(8)
    const names = inbox.events().map(({ data }) => Number((data.object as { name: string }).name))
    expect(names).not.toEqual([...names].sort((a, b) => a - b))
  })

  it('are held back until they are let go', async () => {
    await bench.control('POST', '/_sandbox/webhooks', { hold: true })
    await bench.stripe.customers.create({ name: 'Ada' })
    expect(await bench.control('GET', '/_sandbox/webhooks')).toMatchObject({ hold: true, waiting: 1 })
    expect(inbox.deliveries).toEqual([])
    await bench.control('POST', '/_sandbox/webhooks', { hold: false })
    await arrived('customer.created')
  })

  it('follow a new address, also those that could not be delivered to the old one', async () => {
    const other = await startInbox()
    await bench.control('POST', '/_sandbox/webhook_url', { url: 'http://127.0.0.1:9/nobody' })
    await bench.stripe.customers.create({ name: 'Ada' })
    await bench.control('POST', '/_sandbox/webhook_url', { url: other.url })
    await eventually(() => other.deliveries.length === 1)
    await expect(bench.control('POST', '/_sandbox/webhook_url', { url: 'nonsense' })).rejects.toThrow('400')
    await other.close()
  })

  it('that were not delivered before a restart are delivered after it', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'stripe-sandbox-'))
    const options = { port: 0, dataDir, webhookSecret: SECRET, webhookBackOffMs: 20 }
    const before = benchOn(await startStripeSandbox({ ...options, webhookUrls: ['http://127.0.0.1:9/down'] }))
    const customer = await before.stripe.customers.create({ name: 'Ada' })
    await before.sandbox.close()
    expect(inbox.deliveries).toEqual([])

    const after = benchOn(await startStripeSandbox({ ...options, webhookUrls: [inbox.url] }))
    await arrived('customer.created')
    expect(inbox.events()[0]?.data.object).toMatchObject({ id: customer.id })
    await after.sandbox.close()
    await rm(dataDir, { recursive: true })
  })
})
