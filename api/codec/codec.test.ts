import { Client } from '@temporalio/client'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { openDatabase } from '../../db/orm.ts'
import { stripeGateway } from '../../gateways/stripe/gateway.ts'
import { encrypting } from '../../secrets/data-converter.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { buildApi } from '../app.ts'
import type { ApiConfig } from '../deps.ts'
import { lazyConnection } from '../http/temporal.ts'
import type { Caller } from '../identity/caller.ts'

const UI = 'http://127.0.0.1:8233'
const base64 = (text: string) => Buffer.from(text).toString('base64')
const PAYLOAD = { metadata: { encoding: base64('json/plain') }, data: base64('{"name":"Amara"}') }

const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

/** Nothing that it needs can be reached: decoding asks nobody. */
async function api(config: Partial<ApiConfig> = {}, caller: Partial<Caller> = {}): Promise<FastifyInstance> {
  const orm = await openDatabase('postgres://127.0.0.1:1/none')
  const app = await buildApi({
    orm,
    temporal: new Client({ connection: lazyConnection('127.0.0.1:1'), dataConverter: encrypting(TEST_KEYS) }),
    payments: stripeGateway({ secretKey: 'sk_test_none', returnUrl: 'http://localhost' }),
    verifyToken: async () => ({ sub: 'x', tenant: 'tenor', roles: ['admin'], customer: null, client: null, ...caller }),
    ownIssuer: null,
    readStripeWebhook: () => ({ id: 'evt_1', type: 'x', createdAt: '2027-01-15T00:00:00Z' }),
    renderReceipt: async () => Buffer.from(''),
    renderStatement: async function* () {},
    now: () => new Date('2027-01-15T00:00:00Z'),
    config: { taskQueue: 'q', temporalUiUrl: UI, testClocks: true, version: '1.2.3', logger: false, ...config },
  })
  closing.push(
    () => orm.close(),
    () => app.close(),
  )
  return app
}

async function post(app: FastifyInstance, url: string, payload: object, headers: Record<string, string> = {}) {
  const answer = await app.inject({ method: 'POST', url, payload, headers: { authorization: 'Bearer x', ...headers } })
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
}

describe('the codec endpoint', () => {
  it('shows those who run Tenor what Temporal holds, and encodes what they send', async () => {
    const app = await api()
    const encoded = await post(app, '/codec/encode', { payloads: [PAYLOAD] })
    expect(encoded.status).toBe(200)
    expect(JSON.stringify(encoded.body)).not.toContain(PAYLOAD.data)
    const decoded = await post(app, '/codec/decode', encoded.body, { origin: UI })
    expect(decoded.body).toEqual({ payloads: [PAYLOAD] })
    expect(decoded.headers['access-control-allow-origin']).toBe(UI)
  })

  it.each<Partial<Caller>>([{ tenant: 'acme' }, { roles: ['broker'] }])('refuses %j', async (caller) => {
    const answer = await post(await api({}, caller), '/codec/decode', { payloads: [PAYLOAD] })
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden'])
  })

  it("lets pages of Temporal's UI ask, by both names of this machine, and no others", async () => {
    const app = await api()
    const ask = (origin: string) =>
      app.inject({
        method: 'OPTIONS',
        url: '/codec/decode',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
    for (const origin of [UI, 'http://localhost:8233']) {
      expect((await ask(origin)).headers['access-control-allow-origin']).toBe(origin)
    }
    expect((await ask('http://evil.example')).headers['access-control-allow-origin']).toBeUndefined()
  })

  it('names what cannot be a payload, and one that does not open', async () => {
    const app = await api()
    expect(await post(app, '/codec/decode', {})).toMatchObject({ status: 400 })
    expect(await post(app, '/codec/decode', { payloads: [{ data: '%' }] })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/payloads/0/data' }] },
    })
    const { body } = await post(app, '/codec/encode', { payloads: [PAYLOAD] })
    const broken = { ...body.payloads[0], data: base64('x'.repeat(60)) }
    expect(await post(app, '/codec/decode', { payloads: [broken] })).toMatchObject({
      status: 422,
      body: { code: 'payload_not_opened' },
    })
  })

  it('names the key that a payload says it was closed with, when it is none of ours', async () => {
    const app = await api()
    const { body } = await post(app, '/codec/encode', { payloads: [PAYLOAD] })
    const [closed] = body.payloads
    const stranger = { ...closed, metadata: { ...closed.metadata, 'encryption-key-id': base64('other') } }
    expect(await post(app, '/codec/decode', { payloads: [stranger] })).toMatchObject({
      status: 422,
      body: { code: 'payload_not_opened', detail: expect.stringContaining('"other"') },
    })
  })

  it('is open without a token only where that is asked for, to pages of the UI', async () => {
    const headers = { authorization: '', origin: UI }
    expect((await post(await api(), '/ui_codec/decode', { payloads: [PAYLOAD] }, headers)).status).toBe(404)
    const app = await api({ codecOpen: true })
    expect((await post(app, '/ui_codec/decode', { payloads: [PAYLOAD] }, headers)).status).toBe(200)
    const other = { authorization: '', origin: 'http://evil.example' }
    expect((await post(app, '/ui_codec/decode', { payloads: [PAYLOAD] }, other)).status).toBe(403)
    expect((await post(app, '/codec/decode', { payloads: [PAYLOAD] }, headers)).status).toBe(401)
  })
})

describe('bytes that anybody can send to the codec endpoint', () => {
  const REFUSALS = [400, 422]
  const bytes = fc.uint8Array({ maxLength: 200 }).map((some) => Buffer.from(some))
  const encoded = bytes.map((some) => some.toString('base64'))

  async function send(app: FastifyInstance, way: string, payload: string | Buffer): Promise<unknown> {
    const headers = { authorization: 'Bearer x', 'content-type': 'application/json' }
    const answer = await app.inject({ method: 'POST', url: `/codec/${way}`, payload, headers })
    if (answer.statusCode === 200) return answer.json()
    expect(REFUSALS).toContain(answer.statusCode)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    return undefined
  }

  it('are refused, or given back as they are when nobody has closed them', async () => {
    const app = await api()
    const metadata = fc.dictionary(fc.oneof(fc.constantFrom('encoding', 'encryption-key-id'), fc.string()), encoded)
    const payloads = fc.record({ payloads: fc.array(fc.record({ metadata, data: encoded }), { maxLength: 3 }) })
    await fc.assert(
      fc.asyncProperty(payloads, async (given) => {
        const text = JSON.stringify(given)
        const kept = await send(app, 'decode', text)
        if (kept) expect(kept).toEqual(JSON.parse(text))
        const closed = await send(app, 'encode', text)
        if (!closed) return
        expect(await send(app, 'decode', JSON.stringify(closed))).toEqual(JSON.parse(text))
      }),
      { numRuns: 100 },
    )
  })

  it('are refused when they look like what was closed here and were not', async () => {
    const app = await api()
    const closed = fc.record({
      metadata: fc.record(
        {
          encoding: fc.constant(base64('binary/encrypted')),
          'encryption-key-id': fc.oneof(fc.constant(base64('test')), encoded),
          'encryption-version': fc.oneof(fc.constant(base64('1')), encoded),
        },
        { requiredKeys: ['encoding'] },
      ),
      data: encoded,
    })
    await fc.assert(
      fc.asyncProperty(closed, async (payload) => {
        expect(await send(app, 'decode', JSON.stringify({ payloads: [payload] }))).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })

  it('are refused when they are no payloads at all', async () => {
    const app = await api()
    const taken: string[] = []
    const noPayloads = fc.oneof(
      bytes,
      fc.json().map((text) => Buffer.from(text)),
      fc.jsonValue().map((payloads) => Buffer.from(JSON.stringify({ payloads: [payloads] }))),
    )
    await fc.assert(
      fc.asyncProperty(noPayloads, fc.constantFrom('encode', 'decode'), async (body, way) => {
        if (await send(app, way, body)) taken.push(body.toString())
      }),
      { numRuns: 100 },
    )
    for (const text of taken) expect(JSON.parse(text)).toHaveProperty('payloads')
  })
})
