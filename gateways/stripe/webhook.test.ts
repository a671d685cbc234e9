import Stripe from 'stripe'
import { parseWebhook, WebhookSignatureInvalid } from './webhook.ts'

const SECRET = 'whsec_old'
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
