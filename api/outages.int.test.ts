import { Client } from '@temporalio/client'
import { openDatabase } from '../db/orm.ts'
import { NoAnswer } from '../gateways/payments.ts'
import { type ApiWorld, ask, startApiWorld } from '../test/support/api-world.ts'
import { TEST_KEYS } from '../test/support/keys.ts'
import { freshTaskQueue } from '../test/support/servers.ts'
import { freePort } from '../workers/stack/ports.ts'
import { lazyConnection } from './http/temporal.ts'

let world: ApiWorld
let customer_id: string
let plan: string
beforeAll(async () => {
  world = await startApiWorld()
  const body = { name: 'Amara Okafor', email: 'amara@example.com', payment_method: 'pm_card_visa' }
  customer_id = (await world.ask('POST', '/customers', { body })).body.customer_id
  plan = (await world.ask('POST', '/payment_terms', { body: term() })).body.payment_terms_id
}, 120_000)
afterAll(async () => world?.close())

const term = () => ({
  customer_id,
  total_amount: 120_000,
  start_date: new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10),
  term_duration: 12,
  billing_day: 15,
})

describe('while something cannot be reached', () => {
  it('no Temporal: reads go on, writes to plans are 503 and can be repeated', async () => {
    const connection = lazyConnection(`127.0.0.1:${await freePort()}`)
    const app = await world.another({}, { temporal: new Client({ connection }) })
    expect((await ask(app, 'GET', `/payment_terms/${plan}`)).status).toBe(200)
    expect((await ask(app, 'GET', `/payment_terms/${plan}/timeline`)).status).toBe(200)
    expect((await ask(app, 'PATCH', `/payment_terms/${plan}?preview=true`, { body: { total_amount: 5 } })).status).toBe(
      200,
    )
    const named = { customer_id: 'made-meanwhile', name: 'M', email: 'm@example.com' }
    expect((await ask(app, 'POST', '/customers', { body: named })).status).toBe(201)

    const create = { body: term(), headers: { 'idempotency-key': 'during' } }
    const writes = await Promise.all([
      ask(app, 'POST', '/payment_terms', create),
      ask(app, 'PATCH', `/payment_terms/${plan}`, { body: { total_amount: 5 } }),
      ask(app, 'DELETE', `/payment_terms/${plan}`),
      ask(app, 'POST', `/payment_terms/${plan}/pause`, { body: { mode: 'extend' } }),
      ask(app, 'POST', '/test_clocks', { body: { frozen_time: '2027-01-01T00:00:00Z' } }),
    ])
    expect(writes.map(({ status, body }) => [status, body.code])).toEqual(Array(5).fill([503, 'temporal_unreachable']))
    expect(writes.every(({ headers }) => Number(headers['retry-after']) > 0)).toBe(true)
    expect(await ask(app, 'GET', '/health/ready')).toMatchObject({
      status: 503,
      body: { checks: { database: true, temporal: false } },
    })
    expect((await ask(app, 'GET', '/health/live')).status).toBe(200)

    const repeated = await world.ask('POST', '/payment_terms', create)
    expect(repeated.status).toBe(201)
    const otherwise = await ask(app, 'POST', '/payment_terms', { ...create, body: { ...term(), billing_day: 1 } })
    expect(otherwise).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
    await connection.close()
  }, 60_000)

  it('no worker: a creation is 503, and the repeat finds the plan that was started', async () => {
    const taskQueue = freshTaskQueue()
    const app = await world.another({ taskQueue })
    const create = { body: term(), headers: { 'idempotency-key': 'no-worker' } }
    expect((await ask(app, 'POST', '/payment_terms', create)).status).toBe(503)
    expect(await ask(app, 'GET', '/health/ready')).toMatchObject({
      status: 503,
      body: { checks: { temporal: true, worker: false } },
    })
    expect(await ask(world.app, 'GET', '/health/ready')).toMatchObject({ status: 200, body: { status: 'ok' } })
    const started = []
    for await (const run of world.deps.temporal.workflow.list({ query: `TaskQueue = "${taskQueue}"` }))
      started.push(run)
    await world.startWorker(taskQueue)
    const repeated = await ask(app, 'POST', '/payment_terms', create)
    expect(repeated.status).toBe(201)
    expect(started.map((run) => run.workflowId)).toEqual([repeated.body.workflow.workflow_id])
  }, 60_000)

  it('no namespace yet: 503', async () => {
    const temporal = new Client({ connection: world.deps.temporal.connection, namespace: 'not-made-yet' })
    const app = await world.another({}, { temporal })
    const writes = await Promise.all([
      ask(app, 'POST', '/payment_terms', { body: term() }),
      ask(app, 'PATCH', `/payment_terms/${plan}`, { body: { total_amount: 5 } }),
    ])
    expect(writes.map(({ status, body }) => [status, body.code])).toEqual(Array(2).fill([503, 'temporal_unreachable']))
  }, 60_000)

  it('a workflow that is ended by hand before it has recorded its plan: 503, and the repeat is told so', async () => {
    const taskQueue = freshTaskQueue()
    const app = await world.another({ taskQueue })
    const create = { body: term(), headers: { 'idempotency-key': 'ended' } }
    const created = ask(app, 'POST', '/payment_terms', create)
    await endFirst(taskQueue)
    expect(await created).toMatchObject({ status: 503, body: { code: 'temporal_unreachable' } })
    const repeated = await ask(app, 'POST', '/payment_terms', create)
    expect(repeated).toMatchObject({ status: 409, body: { code: 'plan_ended' } })
  }, 60_000)

  it('no database: 503, never a stack trace', async () => {
    const orm = await openDatabase(`postgres://tenor@127.0.0.1:${await freePort()}/none`, {
      connectTimeoutMs: 1_000,
      keys: TEST_KEYS,
    })
    const app = await world.another({}, { orm })
    for (const [method, url, body] of [
      ['GET', '/payment_terms'],
      ['POST', '/payment_terms', term()],
      ['GET', '/events'],
      ['POST', '/customers', { name: 'x', email: 'x@example.com' }],
    ] as const) {
      const answer = await ask(app, method, url, body ? { body } : {})
      expect(answer).toMatchObject({ status: 503, body: { code: 'database_unreachable' } })
      expect(answer.text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1|node_modules/)
    }
    const keyed = await ask(app, 'POST', '/payment_terms', { body: term(), headers: { 'idempotency-key': 'k' } })
    expect(keyed.status).toBe(503)
    expect((await ask(app, 'GET', '/metrics')).status).toBe(200)
    await orm.close()
  }, 60_000)

  it('figures are of all tenants: in a production only who bears their token reads them', async () => {
    const read = async (metricsFor: { token: string } | 'nobody', authorization?: string) => {
      const asked = await world.another({ metricsFor })
      const answer = await asked.inject({ url: '/metrics', headers: authorization ? { authorization } : {} })
      return [answer.statusCode, answer.body.includes('tenor_escalations_open')]
    }
    const token = 'read-figures-only'
    expect(await read({ token }, `Bearer ${token}`)).toEqual([200, true])
    expect(await read({ token }, 'Bearer another')).toEqual([404, false])
    expect(await read({ token })).toEqual([404, false])
    expect(await read('nobody', 'Bearer ')).toEqual([404, false])
  })

  it('no payment gateway: 503 for what needs it, while a customer’s own method needs it not', async () => {
    const down = () => Promise.reject(new NoAnswer('down'))
    const payments = { ...world.deps.payments, saveCustomer: down, attachMethod: down, readCustomer: down }
    const app = await world.another({}, { payments })
    const named = await ask(app, 'POST', '/customers', { body: { name: 'x', email: 'x@example.com' } })
    expect(named).toMatchObject({ status: 503, body: { code: 'gateway_unreachable' } })
    const other = await ask(app, 'POST', '/payment_terms', { body: { ...term(), payment_method: 'pm_card_visa' } })
    expect(other.status).toBe(503)
    expect((await ask(app, 'POST', '/payment_terms', { body: term() })).status).toBe(201)
  })
})

/** Ends the first workflow of a task queue as soon as it is there. */
async function endFirst(taskQueue: string): Promise<void> {
  const { workflow } = world.deps.temporal
  for (;;) {
    for await (const { workflowId } of workflow.list({ query: `TaskQueue = "${taskQueue}"` })) {
      await workflow.getHandle(workflowId).terminate('by hand')
      return
    }
  }
}
