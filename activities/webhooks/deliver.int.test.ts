import type { MikroORM } from '@mikro-orm/postgresql'
import pg from 'pg'
import { Webhook } from 'standardwebhooks'
import { instantOf } from '../../db/columns.ts'
import { openDatabase } from '../../db/orm.ts'
import { Events } from '../../db/plans/events.ts'
import { WebhookDeliveries } from '../../db/webhooks/deliveries.ts'
import { WebhookEndpoints } from '../../db/webhooks/endpoints.ts'
import { newestPosition } from '../../db/webhooks/fan-out.ts'
import { replayAll, replayEvent } from '../../db/webhooks/replay.ts'
import { withNewSecret } from '../../db/webhooks/secrets.ts'
import { webhookSender } from '../../gateways/webhooks/send.ts'
import { newSigningSecret } from '../../gateways/webhooks/signature.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { freshDatabase } from '../../test/support/servers.ts'
import { type Receiver, startReceiver } from '../../test/support/webhook-receiver.ts'
import { startWebhooks } from '../../workers/webhooks.ts'
import { MOST_ATTEMPTS } from '../telling/back-off.ts'
import { deliverWebhooks, queueWebhooks } from './deliver.ts'

const TENANT = 'acme'
const send = webhookSender({ allowPrivate: true, timeoutMs: 3000 })
let database: Awaited<ReturnType<typeof freshDatabase>>
let orm: MikroORM
let receiver: Receiver
let count = 0

beforeAll(async () => {
  database = await freshDatabase()
  orm = await openDatabase(database.url, { keys: TEST_KEYS })
  receiver = await startReceiver()
})
afterAll(async () => {
  await Promise.all([receiver.close(), orm.close(true)])
  await database.drop()
})
beforeEach(async () => {
  await em().nativeDelete(WebhookEndpoints, {})
  receiver.reset()
})

const em = () => orm.em.fork()
const deps = (over: object = {}) => ({ em, send, random: () => 0.5, ...over })
const later = (ms: number) => () => new Date(Date.now() + ms)
const DAY = 24 * 3_600_000
const rowsOf = (endpointId: string) => em().find(WebhookDeliveries, { endpointId }, { orderBy: { eventId: 'asc' } })

async function endpoint(over: Partial<{ url: string; tenantId: string; eventTypes: string[] | null }> = {}) {
  const id = `whe_${++count}`
  const secret = newSigningSecret()
  const row = {
    id,
    tenantId: TENANT,
    url: receiver.url,
    eventTypes: null,
    description: null,
    secrets: withNewSecret([], secret, new Date(), { id, keys: TEST_KEYS }),
    createdAt: instantOf(new Date()),
    ...over,
  }
  await em().insert(WebhookEndpoints, { ...row, cursorPosition: await settled(row.tenantId) })
  return { id, secret }
}

/** Waits until what was written before can be overtaken by nothing, and answers where that is. */
async function settled(tenant = TENANT): Promise<number> {
  for (;;) {
    const [row] = await em().execute<{ newest: string | null }[]>(
      'select max(position) as newest from events where tenant_id = ?',
      [tenant],
    )
    const position = await newestPosition(em(), tenant)
    if (position === Number(row?.newest ?? 0)) return position
    await new Promise((done) => setTimeout(done, 20))
  }
}

async function happen(number: number, over: { tenantId?: string; type?: string } = {}): Promise<string[]> {
  const ids = Array.from({ length: number }, () => `evt_${String(++count).padStart(6, '0')}`)
  for (const id of ids) {
    const event = { id, tenantId: TENANT, planId: 'pt_1', type: 'payment.completed', data: { amount: 100 }, ...over }
    await em().insert(Events, { ...event, occurredAt: '2027-01-15T14:00:00Z' })
  }
  await settled(over.tenantId)
  return ids
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    if (tries > 500) throw new Error('It never came to be.')
    await new Promise((done) => setTimeout(done, 20))
  }
}

describe('an endpoint', () => {
  it('is sent what happens from its making on, as anybody reads it, signed', async () => {
    await happen(2)
    const { id, secret } = await endpoint()
    const [event] = await happen(1)
    expect(await queueWebhooks(deps())).toBe(1)
    expect(await deliverWebhooks(deps(), id)).toBe(1)
    const [message] = receiver.received
    expect(new Webhook(secret).verify(message?.body ?? '', message?.headers as Record<string, string>)).toEqual({
      event_id: event,
      type: 'payment.completed',
      plan_id: 'pt_1',
      occurred_at: '2027-01-15T14:00:00Z',
      data: { amount: 100 },
    })
    expect(message?.headers).toMatchObject({ 'webhook-id': event, 'content-type': 'application/json' })
    expect(await rowsOf(id)).toMatchObject([{ status: 'delivered', attempts: 1, lastStatus: 200, nextAttemptAt: null }])
    expect([await queueWebhooks(deps()), await deliverWebhooks(deps(), id)]).toEqual([0, 0])
  })

  it('is sent its own tenant’s events of the types it asked for, and no others', async () => {
    const { id } = await endpoint({ eventTypes: ['plan.completed'] })
    await happen(3)
    const wanted = await happen(1, { type: 'plan.completed' })
    await happen(1, { tenantId: 'globex', type: 'plan.completed' })
    await queueWebhooks(deps())
    await deliverWebhooks(deps(), id)
    expect(receiver.events()).toEqual(wanted)
    expect(await queueWebhooks(deps())).toBe(0)
  })

  it('misses no event whose transaction ends after that of a later one', async () => {
    const { id } = await endpoint()
    const slow = new pg.Client({ connectionString: database.url })
    await slow.connect()
    await slow.query('begin')
    await slow.query(`insert into events (id, tenant_id, type, data, occurred_at)
      values ('evt_slow', '${TENANT}', 'payment.completed', '{}', now())`)
    const quick = `evt_quick_${++count}`
    const event = { id: quick, tenantId: TENANT, planId: null, type: 'x', data: {} }
    await em().insert(Events, { ...event, occurredAt: '2027-01-15T14:00:00Z' })
    expect(await queueWebhooks(deps())).toBe(0)
    await slow.query('commit')
    await slow.end()
    await settled()
    await queueWebhooks(deps())
    await deliverWebhooks(deps(), id)
    expect(receiver.events()).toEqual([quick, 'evt_slow'])
  })

  it('that is deleted while it is being sent to is sent nothing more', async () => {
    const { id } = await endpoint()
    await happen(20)
    await queueWebhooks(deps())
    receiver.answer(async () => {
      await em().nativeDelete(WebhookEndpoints, { id })
      return 200
    })
    expect(await deliverWebhooks(deps({ batch: 2 }), id)).toBe(2)
    expect(await deliverWebhooks(deps(), id)).toBe(0)
    expect(await rowsOf(id)).toEqual([])
    await happen(1)
    await queueWebhooks(deps())
    expect(receiver.received.length).toBeLessThanOrEqual(2)
  })
})

describe('two who deliver at once', () => {
  it('send every event to every endpoint, each once', async () => {
    const [one, two] = [await endpoint(), await endpoint()]
    const errors: unknown[] = []
    const options = { em, send, pollMs: 10, onError: (error: unknown) => errors.push(error) }
    const workers = [startWebhooks(options), startWebhooks(options), startWebhooks(options)]
    const events = (await Promise.all([happen(40), happen(40), happen(40)])).flat()
    await until(() => receiver.received.length >= 2 * events.length)
    await until(async () => (await em().count(WebhookDeliveries, { status: 'pending' })) === 0)
    await Promise.all(workers.map((worker) => worker.stop()))
    expect(receiver.events()).toEqual([...events, ...events].toSorted())
    for (const { id } of [one, two]) {
      const rows = await rowsOf(id)
      expect(rows.map(({ eventId }) => eventId)).toEqual(events.toSorted())
      expect(rows.every(({ status, attempts }) => status === 'delivered' && attempts === 1)).toBe(true)
    }
    expect(errors).toEqual([])
  })

  it('take a delivery each, never the same one', async () => {
    const { id } = await endpoint()
    const events = await happen(24)
    await queueWebhooks(deps())
    await Promise.all(Array.from({ length: 8 }, () => deliverWebhooks(deps({ batch: 8 }), id)))
    while ((await deliverWebhooks(deps(), id)) > 0);
    expect(receiver.events()).toEqual(events)
  })

  it('are not held up by an endpoint that does not answer', async () => {
    const silent = await startReceiver()
    silent.answer(() => new Promise(() => undefined))
    const dead = await endpoint({ url: silent.url })
    await endpoint()
    const events = await happen(40)
    const worker = startWebhooks({ em, send, pollMs: 10 })
    await until(() => receiver.received.length === events.length)
    expect(await em().count(WebhookDeliveries, { endpointId: dead.id, status: 'delivered' })).toBe(0)
    await silent.close()
    await worker.stop()
  })
})

describe('a delivery that fails', () => {
  it('is sent again later, signed for then, under the same id', async () => {
    const { id, secret } = await endpoint()
    const [event] = await happen(1)
    await queueWebhooks(deps())
    receiver.answer(500)
    await deliverWebhooks(deps(), id)
    expect(await rowsOf(id)).toMatchObject([
      { status: 'pending', attempts: 1, lastStatus: 500, lastError: 'Answered 500' },
    ])
    expect(await deliverWebhooks(deps(), id)).toBe(0)
    receiver.answer(204)
    expect(await deliverWebhooks(deps({ now: later(60_000) }), id)).toBe(1)
    expect(await rowsOf(id)).toMatchObject([{ status: 'delivered', attempts: 2, lastStatus: 204, lastError: null }])
    expect(receiver.events()).toEqual([event, event])
    const [first, second] = receiver.received.map(({ headers }) => Number(headers['webhook-timestamp']))
    expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(59)
    const last = receiver.received[1]
    new Webhook(secret).verify(last?.body ?? '', last?.headers as Record<string, string>)
  })

  it.each([
    ['redirects', () => receiver.answer(302), /^Answered 302$/],
    ['is gone', () => receiver.answer(410), /^Answered 410$/],
  ])('because the receiver %s is tried again too', async (_what, arrange, error) => {
    const { id } = await endpoint()
    await happen(1)
    await queueWebhooks(deps())
    arrange()
    await deliverWebhooks(deps(), id)
    expect(receiver.received).toHaveLength(1)
    expect(await rowsOf(id)).toMatchObject([{ status: 'pending', lastError: expect.stringMatching(error) }])
  })

  it('because its address has become private connects nowhere', async () => {
    const { id } = await endpoint({ url: receiver.url.replace('http://127.0.0.1', 'https://rebind.test') })
    await happen(1)
    await queueWebhooks(deps())
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    await deliverWebhooks(deps({ send: webhookSender({ allowPrivate: false, resolve }) }), id)
    expect(receiver.received).toEqual([])
    expect(await rowsOf(id)).toMatchObject([
      { status: 'pending', lastStatus: null, lastError: 'TargetRefused: The host is not on a public address.' },
    ])
  })

  it('is held after three days, until it is replayed', async () => {
    const { id } = await endpoint()
    const events = await happen(2)
    await queueWebhooks(deps())
    receiver.answer(503)
    let passed = 0
    for (let tries = 1; tries < MOST_ATTEMPTS; tries++) {
      await deliverWebhooks(deps({ now: later(passed) }), id)
      passed += 3_600_000
    }
    expect((await rowsOf(id)).map(({ status }) => status)).toEqual(['pending', 'pending'])
    expect(passed).toBeGreaterThan(3 * DAY)
    await deliverWebhooks(deps({ now: later(passed) }), id)
    expect((await rowsOf(id)).map(({ status }) => status)).toEqual(['held', 'held'])
    expect(await deliverWebhooks(deps({ now: later(30 * DAY) }), id)).toBe(0)

    receiver.reset()
    const row = await em().findOneOrFail(WebhookEndpoints, { id })
    expect(await replayAll(em(), row, undefined, new Date())).toBe(2)
    expect(await deliverWebhooks(deps(), id)).toBe(2)
    expect(receiver.events()).toEqual(events)
    expect((await rowsOf(id)).map(({ status, attempts }) => [status, attempts])).toEqual([
      ['delivered', 1],
      ['delivered', 1],
    ])
  })
})

describe('replaying', () => {
  it('sends what was delivered since, and one event by its id, also one from before', async () => {
    const [early] = await happen(1)
    const { id } = await endpoint()
    const events = await happen(3)
    await queueWebhooks(deps())
    await deliverWebhooks(deps(), id)
    receiver.reset()
    const row = await em().findOneOrFail(WebhookEndpoints, { id })
    expect(await replayAll(em(), row, instantOf(later(DAY)()), new Date())).toBe(0)
    expect(await replayAll(em(), row, instantOf(later(-DAY)()), new Date())).toBe(3)
    await deliverWebhooks(deps(), id)
    expect(receiver.events()).toEqual(events)
    for (const eventId of [early ?? '', events[0] ?? '']) {
      receiver.reset()
      const event = await em().findOneOrFail(Events, { id: eventId })
      expect(await replayEvent(em(), row, event, new Date())).toBe(1)
      expect(await replayEvent(em(), row, event, new Date())).toBe(0)
      await deliverWebhooks(deps(), id)
      expect(receiver.events()).toEqual([eventId])
    }
  })
})
