import type { FastifyInstance } from 'fastify'
import { Webhook } from 'standardwebhooks'
import { Events } from '../../db/plans/events.ts'
import { WebhookEndpoints } from '../../db/webhooks/endpoints.ts'
import { webhookSender } from '../../gateways/webhooks/send.ts'
import { type ApiWorld, ask, startApiWorld, tokenOf } from '../../test/support/api-world.ts'
import { type Receiver, startReceiver } from '../../test/support/webhook-receiver.ts'
import { startWebhooks } from '../../workers/webhooks.ts'

let world: ApiWorld
/** One that takes receivers on this machine. */
let open: FastifyInstance
let receiver: Receiver
let webhooks: ReturnType<typeof startWebhooks>
let count = 0

beforeAll(async () => {
  world = await startApiWorld({ worker: false })
  open = await world.another({ webhooksToPrivate: true })
  receiver = await startReceiver()
  const send = webhookSender({ allowPrivate: true })
  webhooks = startWebhooks({ em: () => world.orm.em.fork(), send, pollMs: 20 })
}, 120_000)
afterAll(async () => {
  await webhooks?.stop()
  await receiver?.close()
  await world?.close()
})
beforeEach(async () => {
  await world.orm.em.fork().nativeDelete(WebhookEndpoints, {})
  receiver.reset()
})

const stranger = { token: tokenOf({ tenant: 'globex' }) }
const make = (body: object, options: object = {}) =>
  ask(open, 'POST', '/webhook_endpoints', { body: { url: receiver.url, ...body }, ...options })

async function happen(type = 'payment.completed'): Promise<string> {
  const id = `evt_${++count}`
  const event = { id, tenantId: 'acme', planId: null, type, data: {}, occurredAt: '2027-01-15T14:00:00Z' }
  await world.orm.em.fork().insert(Events, event)
  return id
}

async function came(number: number): Promise<Receiver['received']> {
  for (let tries = 0; receiver.received.length < number; tries++) {
    if (tries > 500) throw new Error(`Only ${receiver.received.length} of ${number} came.`)
    await new Promise((done) => setTimeout(done, 20))
  }
  return receiver.received
}

async function deliveries(url: string, query = '') {
  const page = await world.ask('GET', `${url}/deliveries${query}`)
  expect(page.status).toBe(200)
  return page.body.data as { event_id: string; status: string; attempts: number; last_status: number }[]
}

async function settled(url: string, status: string, number = 1): Promise<void> {
  for (let tries = 0; (await deliveries(url, `?status=${status}`)).length !== number; tries++) {
    if (tries > 200) throw new Error(`They never became ${status}.`)
    await new Promise((done) => setTimeout(done, 20))
  }
}

describe('a webhook endpoint', () => {
  it('is made with a secret that is shown this once, listed, and deleted', async () => {
    const made = await make({ event_types: ['payment.completed'], description: 'Books' })
    const { secret, ...rest } = made.body
    expect([made.status, made.headers.location]).toEqual([201, `/webhook_endpoints/${rest.webhook_endpoint_id}`])
    expect(secret).toMatch(/^whsec_/)
    expect(rest).toMatchObject({ url: receiver.url, event_types: ['payment.completed'], description: 'Books' })
    const url = String(made.headers.location)
    expect((await world.ask('GET', url)).body).toEqual(rest)
    const second = (await make({})).body
    const first = await world.ask('GET', '/webhook_endpoints?limit=1')
    expect(first.body.data.map((one: { webhook_endpoint_id: string }) => one.webhook_endpoint_id)).toEqual([
      second.webhook_endpoint_id,
    ])
    const next = await world.ask('GET', `/webhook_endpoints?limit=1&cursor=${first.body.next_cursor}`)
    expect(next.body).toEqual({ data: [rest], next_cursor: null })
    expect(`${first.text}${next.text}`).not.toContain('whsec_')
    expect((await world.ask('DELETE', url)).status).toBe(204)
    expect((await world.ask('DELETE', url)).status).toBe(404)
    expect((await world.ask('GET', url)).status).toBe(404)
  })

  it('is made once by an Idempotency-Key, with one secret', async () => {
    const headers = { 'idempotency-key': 'make-it' }
    const [one, two] = [await make({}, { headers }), await make({}, { headers })]
    expect(one.status).toBe(201)
    expect(two.text).toBe(one.text)
    expect((await world.ask('GET', '/webhook_endpoints')).body.data).toHaveLength(1)
  })

  it('is nobody else’s, and not for those who only watch', async () => {
    const url = String((await make({})).headers.location)
    const event = await happen()
    const tries: [string, string, object?][] = [
      ['GET', url],
      ['GET', `${url}/deliveries`],
      ['POST', `${url}/rotate_secret`],
      ['POST', `${url}/replay`, { event_id: event }],
      ['DELETE', url],
    ]
    for (const [method, at, body] of tries) {
      expect([at, (await world.ask(method, at, { ...stranger, body })).status]).toEqual([at, 404])
      const watcher = { token: tokenOf({ roles: ['broker'] }), body }
      expect([at, (await world.ask(method, at, watcher)).status]).toEqual([at, 403])
    }
    expect((await world.ask('GET', '/webhook_endpoints', stranger)).body.data).toEqual([])
    expect((await world.ask('GET', url)).status).toBe(200)
    const foreign = String((await make({}, stranger)).headers.location)
    const replay = await world.ask('POST', `${foreign}/replay`, { ...stranger, body: { event_id: event } })
    expect(replay).toMatchObject({ status: 422, body: { code: 'unknown_event' } })
  })

  it.each([
    'http://8.8.8.8/hooks',
    'https://127.0.0.1/hooks',
    'https://2130706433/hooks',
    'https://0177.1/hooks',
    'https://[::ffff:10.0.0.1]/hooks',
    'https://[fd00:ec2::254]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://100.64.0.1/',
    'https://localhost/hooks',
    'https://user:secret@8.8.8.8/',
  ])('is refused at %s', async (url) => {
    expect(await world.ask('POST', '/webhook_endpoints', { body: { url } })).toMatchObject({
      status: 422,
      body: { code: 'webhook_url_refused', errors: [{ pointer: '/url' }] },
    })
    expect((await world.ask('GET', '/webhook_endpoints')).body.data).toEqual([])
  })
})

describe('what an endpoint is sent', () => {
  it('is what GET /events/{id} shows', async () => {
    const made = await make({})
    const event = await happen()
    const [message] = await came(1)
    expect(message?.body).toBe((await world.ask('GET', `/events/${event}`)).text)
    await settled(String(made.headers.location), 'delivered')
    expect(await deliveries(String(made.headers.location))).toMatchObject([
      { event_id: event, event_type: 'payment.completed', status: 'delivered', attempts: 1, last_status: 200 },
    ])
  })

  it('is signed with both secrets while they change, and each verifies it', async () => {
    const made = await make({})
    const url = String(made.headers.location)
    const rotated = await world.ask('POST', `${url}/rotate_secret`)
    expect(rotated.status).toBe(200)
    expect(rotated.body.secret).not.toBe(made.body.secret)
    const event = await happen()
    const [message] = await came(1)
    expect(String(message?.headers['webhook-signature']).split(' ')).toHaveLength(2)
    for (const secret of [made.body.secret, rotated.body.secret]) {
      const verified = new Webhook(secret).verify(message?.body ?? '', message?.headers as Record<string, string>)
      expect(verified).toMatchObject({ event_id: event })
    }
  })

  it('is sent again on request: one event, what came since, or all that is held', async () => {
    const url = String((await make({})).headers.location)
    const event = await happen()
    await came(1)
    await settled(url, 'delivered')
    const replay = (body?: object) => world.ask('POST', `${url}/replay`, { body })
    expect(await replay()).toMatchObject({ status: 202, body: { queued: 0 } })
    expect(await replay({ event_id: event })).toMatchObject({ status: 202, body: { queued: 1 } })
    await came(2)
    await settled(url, 'delivered')
    expect(await replay({ since: '2020-01-01T00:00:00+01:00' })).toMatchObject({ status: 202, body: { queued: 1 } })
    await came(3)
    expect(receiver.events()).toEqual([event, event, event])
    expect((await replay({ event_id: event, since: '2020-01-01T00:00:00Z' })).status).toBe(400)
  })
})
