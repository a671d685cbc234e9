import fc from 'fast-check'
import { generateKeyPair } from 'jose'
import Stripe from 'stripe'
import { WebhookInbox } from '../db/webhooks/inbox.ts'
import { type Answer, type ApiWorld, startApiWorld, tokenOf, WEBHOOK_SECRET } from '../test/support/api-world.ts'
import { tokenVerifier } from './identity/tokens.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld({ worker: false })
})
afterAll(() => world.close())

/** What HTTP lets a header hold, and so what an attacker may put there. */
const header = fc
  .array(
    fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f),
    { maxLength: 300 },
  )
  .map((codes) => String.fromCharCode(...codes))
const jwtLike = ([head, claims, signature]: [string, string, string]) =>
  [head, claims, signature].map((part) => Buffer.from(part).toString('base64url')).join('.')
const RUNS = { numRuns: 150 }

function expectRefusal(answer: Answer, ...statuses: number[]): void {
  expect(statuses).toContain(answer.status)
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(answer.body).toMatchObject({ status: answer.status, code: expect.any(String), detail: expect.any(String) })
}

/** Done, or refused. */
function expectNoFault(answer: Answer, ...statuses: number[]): void {
  if (answer.status !== 200) expectRefusal(answer, ...statuses)
}

const customersStored = async () =>
  Number((await world.orm.em.fork().execute('select count(*) from customers'))[0]?.count)
const inbox = () => world.orm.em.fork().count(WebhookInbox)

describe('webhooks', () => {
  const send = (raw: string | Buffer, signature: string) =>
    world.ask('POST', '/webhooks/stripe', { raw, headers: { 'stripe-signature': signature } })
  const signed = (payload: string) => Stripe.webhooks.generateTestHeaderString({ payload, secret: WEBHOOK_SECRET })

  it('takes no bytes with a signature that was made up', async () => {
    const made = fc.oneof(
      header,
      fc.tuple(fc.integer(), fc.string()).map(([t, v1]) => `t=${t},v1=${v1}`),
    )
    const bytes = fc.uint8Array({ maxLength: 2_000 }).map((some) => Buffer.from(some))
    await fc.assert(
      fc.asyncProperty(bytes, made, async (raw, signature) => expectRefusal(await send(raw, signature), 400)),
      RUNS,
    )
    expect(await inbox()).toBe(0)
  })

  it('refuses what is signed and no event, and keeps none of it', async () => {
    const event = fc.record(
      {
        id: fc.jsonValue(),
        type: fc.jsonValue(),
        created: fc.oneof(fc.double(), fc.jsonValue()),
        data: fc.oneof(fc.jsonValue(), fc.record({ object: fc.jsonValue() })),
      },
      { requiredKeys: [] },
    )
    const payload = fc.oneof(
      fc.string(),
      fc.json(),
      event.map((some) => JSON.stringify(some)),
    )
    await fc.assert(
      fc.asyncProperty(payload, async (text) => expectRefusal(await send(text, signed(text)), 400)),
      RUNS,
    )
    expect(await inbox()).toBe(0)
  })

  it('keeps one thing at most of an event about anything whatever', async () => {
    const about = fc.record({
      object: fc.string(),
      id: fc.jsonValue(),
      payment_intent: fc.jsonValue(),
      customer: fc.jsonValue(),
    })
    await fc.assert(
      fc.asyncProperty(fc.uuid(), about, async (id, object) => {
        const text = JSON.stringify({ id, type: 'payment_intent.succeeded', created: 1_800_000_000, data: { object } })
        const before = await inbox()
        const { status } = await send(text, signed(text))
        expect([200, 400]).toContain(status)
        expect((await inbox()) - before).toBe(status === 200 ? 1 : 0)
      }),
      RUNS,
    )
  })
})

describe('headers', () => {
  it('lets in nobody with an Authorization that was made up', async () => {
    const { publicKey } = await generateKeyPair('ES256')
    const keys = async () => publicKey
    const issuer = { name: 'ours', audience: 'tenor', keys, speaksFor: 'all' as const }
    const app = await world.another({}, { verifyToken: tokenVerifier(async () => issuer) })
    const made = fc.oneof(
      header,
      header.map((text) => `Bearer ${text}`),
      fc.base64String().map((text) => `Bearer ${text}`),
      fc.tuple(fc.json(), fc.json(), fc.base64String()).map((parts) => `Bearer ${jwtLike(parts)}`),
    )
    await fc.assert(
      fc.asyncProperty(made, async (authorization) => {
        const answer = await app.inject({ url: '/payment_terms', headers: { authorization } })
        expect([answer.statusCode, answer.headers['content-type']]).toEqual([
          401,
          'application/problem+json; charset=utf-8',
        ])
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
      }),
      RUNS,
    )
  })

  it('takes any Idempotency-Key of visible ASCII and refuses every other, with nothing made', async () => {
    const before = await customersStored()
    const body = { name: 'x', email: 'not an address' }
    await fc.assert(
      fc.asyncProperty(header, async (key) => {
        const answer = await world.ask('POST', '/customers', { body, headers: { 'idempotency-key': key } })
        expectRefusal(answer, 400)
      }),
      RUNS,
    )
    expect(await customersStored()).toBe(before)
    const kept = await world.orm.em.fork().execute('select count(*) from idempotency_keys')
    expect(Number(kept[0]?.count)).toBe(0)
  })

  it('takes an If-Match that was made up for what it is: not the present state', async () => {
    const { status } = await world.ask('POST', '/customers', {
      body: { customer_id: 'kept', name: 'Kept', email: 'k@example.com' },
    })
    expect(status).toBe(201)
    const made = header.filter((text) => !text.split(',').some((one) => one.trim().replace(/^W\//, '') === '*'))
    await fc.assert(
      fc.asyncProperty(made, async (tag) => {
        const headers = { 'if-match': tag }
        expectRefusal(await world.ask('PATCH', '/customers/kept', { body: { name: 'Changed' }, headers }), 412)
      }),
      RUNS,
    )
    expect((await world.ask('GET', '/customers/kept')).body.name).toBe('Kept')
  })
})

describe('parameters and fields', () => {
  const LISTS = ['/payment_terms', '/events', '/escalations', '/notifications', '/webhook_endpoints']

  it('answers a cursor that no list has given with a page or a refusal, never a fault', async () => {
    const moment = fc.oneof(
      fc.string(),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.constant('2027-01-01T(x)'),
    )
    const values = fc.array(fc.oneof(moment, fc.jsonValue(), fc.integer(), fc.maxSafeInteger()), { maxLength: 3 })
    const forged = values.map((some) => Buffer.from(JSON.stringify(some)).toString('base64url'))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...LISTS), fc.oneof(fc.string(), forged), async (list, cursor) => {
        const answer = await world.ask('GET', `${list}?cursor=${encodeURIComponent(cursor.toWellFormed())}`)
        expectNoFault(answer, 400)
      }),
      { numRuns: 400 },
    )
  })

  it('refuses dates that are none, and answers all others', async () => {
    const digits = (length: number) => fc.stringMatching(new RegExp(`^\\d{${length}}$`))
    const near = fc
      .tuple(
        digits(4),
        digits(2),
        digits(2),
        fc.constantFrom('', 'T09:00:00Z', 'T24:00:00Z', 'T09:00:60Z', 'T09:00:00-14:40', 'T09:00'),
      )
      .map(([year, month, day, time]) => `${year}-${month}-${day}${time}`)
    const terms = { total_amount: 120_000, term_duration: 12, billing_day: 15 }
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), near), async (start_date) => {
        const answer = await world.ask('POST', '/payment_terms/quote', { body: { ...terms, start_date } })
        expectNoFault(answer, 400, 422)
      }),
      { numRuns: 400 },
    )
  })

  it('never lets in a role that a token does not name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...LISTS, '/audit_entries', '/users'), fc.string(), async (path, role) => {
        const answer = await world.ask('GET', path, { token: tokenOf({ roles: [role as never] }) })
        expectRefusal(answer, 403)
      }),
      { numRuns: 50 },
    )
  })
})
