import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import Stripe from 'stripe'
import { parseWebhook, type StripeHint, WebhookSignatureInvalid } from './webhook.ts'

const SECRET = 'whsec_old'
/** That are looked into. */
const FIELDS = ['object', 'id', 'payment_intent', 'customer', 'status', 'other']
const now = () => Math.floor(Date.now() / 1000)

function event(type: string, object: object): string {
  return JSON.stringify({ id: 'evt_1', object: 'event', type, created: 1_800_000_000, data: { object } })
}

function signed(payload: string, secret = SECRET, timestamp = now()): string {
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp })
}

describe('a webhook of Stripe', () => {
  const cases: [string, object, object][] = [
    [
      'payment_intent.succeeded',
      { object: 'payment_intent', id: 'pi_1', customer: 'cus_1', status: 'succeeded' },
      { payment: 'pi_1', customer: 'cus_1' },
    ],
    [
      'charge.dispute.created',
      { object: 'dispute', id: 'dp_1', payment_intent: 'pi_2', charge: 'ch_1', status: 'won' },
      { payment: 'pi_2', status: 'won' },
    ],
    [
      'charge.refund.updated',
      { object: 'refund', id: 're_1', payment_intent: { id: 'pi_3' }, status: 'failed' },
      { payment: 'pi_3', refund: 're_1', status: 'failed' },
    ],
    ['customer.updated', { object: 'customer', id: 'cus_2' }, { customer: 'cus_2' }],
    ['charge.succeeded', { object: 'charge', id: 'ch_1', payment_intent: null, customer: null }, {}],
  ]

  it.each(cases)('%s says what it is about', (type, object, about) => {
    const body = event(type, object)
    const hint = parseWebhook(Buffer.from(body), signed(body), [SECRET])
    expect(hint).toEqual({ id: 'evt_1', type, createdAt: '2027-01-15T08:00:00Z', ...about })
  })

  const body = event('payment_intent.succeeded', { object: 'payment_intent', id: 'pi_1' })

  it('is taken under any of the secrets while they are rotated', () => {
    expect(parseWebhook(body, signed(body), ['whsec_new', SECRET]).id).toBe('evt_1')
  })

  const timeless = JSON.stringify({ id: 'evt_1', type: 'x', created: 1e15, data: { object: {} } })
  const empty = JSON.stringify({ id: 'evt_1', type: 'x', created: 1, data: { object: null } })

  it.each([
    ['another secret', () => parseWebhook(body, signed(body, 'whsec_wrong'), [SECRET])],
    ['another body', () => parseWebhook(`${body} `, signed(body), [SECRET])],
    ['a signature of ten minutes ago', () => parseWebhook(body, signed(body, SECRET, now() - 600), [SECRET])],
    ['no signature', () => parseWebhook(body, '', [SECRET])],
    ['no secret of ours', () => parseWebhook(body, signed(body), [])],
    ['a body that is not JSON', () => parseWebhook('not JSON', signed('not JSON'), [SECRET])],
    ['a body that is no event', () => parseWebhook('{}', signed('{}'), [SECRET])],
    ['a body that is no object', () => parseWebhook('null', signed('null'), [SECRET])],
    ['an event of no moment', () => parseWebhook(timeless, signed(timeless), [SECRET])],
    ['an event about nothing', () => parseWebhook(empty, signed(empty), [SECRET])],
  ])('is refused for %s', (_why, parse) => {
    expect(parse).toThrow(WebhookSignatureInvalid)
  })
})

describe('bytes that anybody can send', () => {
  const VALID = Buffer.from(event('refund.updated', { object: 'refund', id: 're_1', status: 'failed' }))
  const RUNS = { numRuns: 300 }
  const bytes = fc.uint8Array({ maxLength: 2_000 }).map((some) => Buffer.from(some))
  const changed = fc
    .tuple(fc.nat(VALID.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, by]) => Buffer.from(VALID.with(at, (VALID[at] ?? 0) ^ by)))
  const eventLike = fc.record(
    {
      id: fc.oneof(fc.constant('evt_1'), fc.jsonValue()),
      type: fc.oneof(fc.constant('refund.updated'), fc.jsonValue()),
      created: fc.oneof(fc.constant(1_800_000_000), fc.double(), fc.jsonValue()),
      data: fc.oneof(fc.record({ object: fc.object({ key: fc.constantFrom(...FIELDS) }) }), fc.jsonValue()),
    },
    { requiredKeys: ['id', 'type'] },
  )
  const json = fc.oneof(fc.jsonValue(), eventLike).map((value) => Buffer.from(JSON.stringify(value)))

  /** Signed over the bytes themselves, which no text need stand for. */
  const signedBytes = (body: Buffer, secret = SECRET) => {
    const at = now()
    return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')}`
  }
  const refusedOrRead = (body: Buffer, signature: string): StripeHint | undefined => {
    try {
      return parseWebhook(body, signature, [SECRET])
    } catch (error) {
      expect(error).toBeInstanceOf(WebhookSignatureInvalid)
      return undefined
    }
  }

  it('are refused under any signature that was made up', () => {
    const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((some) => Buffer.from(some).toString('hex'))
    const signature = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(fc.oneof(fc.constant(String(now())), fc.json()), hex).map(([t, v1]) => `t=${t},v1=${v1}`),
      hex.map((v0) => `t=${now()},v0=${v0},v1=`),
    )
    fc.assert(
      fc.property(fc.oneof(bytes, fc.constant(VALID)), signature, (body, made) => {
        expect(refusedOrRead(body, made)).toBeUndefined()
      }),
      RUNS,
    )
  })

  it('are refused when one of them was changed on the way, or another secret signed them', () => {
    const signature = signedBytes(VALID)
    expect(refusedOrRead(VALID, signature)).toMatchObject({ id: 'evt_1' })
    fc.assert(
      fc.property(changed, (body) => {
        expect(refusedOrRead(body, signature)).toBeUndefined()
        expect(refusedOrRead(VALID, signedBytes(VALID, body.toString('hex')))).toBeUndefined()
      }),
      RUNS,
    )
  })

  it('and that are signed all the same are refused, or read as what they say', () => {
    let read = 0
    fc.assert(
      fc.property(fc.oneof(bytes, changed, json), (body) => {
        const hint = refusedOrRead(body, signedBytes(body))
        if (!hint) return
        read++
        const said = JSON.parse(body.toString()) as Stripe.Event
        const { id, type, createdAt, ...about } = hint
        expect({ id, type, at: Date.parse(createdAt) }).toEqual({
          id: said.id,
          type: said.type,
          at: new Date(said.created * 1000).getTime(),
        })
        const object = JSON.stringify(said.data.object)
        for (const part of Object.values(about)) expect(object).toContain(JSON.stringify(part))
      }),
      RUNS,
    )
    expect(read).toBeGreaterThan(0)
  })

  it('nest as deep as they like', () => {
    const deep = `${'{"id":'.repeat(100_000)}"pi_1"${'}'.repeat(100_000)}`
    const body = VALID.toString().replace('"re_1"', `"re_1","payment_intent":${deep}`)
    expect(refusedOrRead(Buffer.from(body), signed(body))).toBeUndefined()
  })
})
