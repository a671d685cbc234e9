import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type StripeMock, startStripeMock } from '../../test/support/stripe-mock.ts'
import type { PaymentGateway } from '../payments.ts'
import { stripeGateway } from './gateway.ts'

type Exchange = { request: string; status: number; answer: string }

let mock: StripeMock
let proxy: Awaited<ReturnType<typeof startProxy>>
let gateway: PaymentGateway

beforeAll(async () => {
  mock = await startStripeMock()
  proxy = await startProxy(mock.url)
  gateway = stripeGateway({ secretKey: 'sk_test_123', apiUrl: proxy.url, returnUrl: 'https://tenor.example/back' })
}, 600_000)

afterAll(async () => {
  await proxy?.stop()
  await mock?.stop()
})

beforeEach(() => proxy.reset())

type Instead = { status: number; body: object; headers?: Record<string, string> }

/** Passes everything on to stripe-mock and keeps what it said; a test may give our client another answer. */
async function startProxy(target: string) {
  let exchanges: Exchange[] = []
  let instead: Instead[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void (async () => {
      const { host: _host, connection: _connection, ...headers } = request.headers
      const body = await buffer(request)
      const answer = await fetch(new URL(request.url ?? '/', target), {
        method: request.method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(body.length > 0 && { body }),
      })
      const text = await answer.text()
      const path = (request.url ?? '').split('?')[0]
      exchanges.push({ request: `${request.method} ${path}`, status: answer.status, answer: text })
      const other = instead.shift()
      response.writeHead(other?.status ?? answer.status, { 'content-type': 'application/json', ...other?.headers })
      response.end(other ? JSON.stringify(other.body) : text)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answerInstead: (...answers: Instead[]) => {
      instead = answers
    },
    reset: () => {
      exchanges = []
      instead = []
    },
    exchanges: () => exchanges,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What was sent, all of it taken by stripe-mock; where our adapter went on to is not asked: the mock has no state. */
function taken(): string[] {
  const exchanges = proxy.exchanges()
  expect(exchanges.filter(({ status }) => status !== 200)).toEqual([])
  return exchanges.map(({ request }) => request)
}

const whatever = (): undefined => undefined

const CHARGE = {
  reference: 'term-1/4/1',
  key: 'term-1/4/1',
  amount: 8333,
  currency: 'USD',
  customer: 'cus_123',
  paymentMethod: 'pm_123',
  description: 'Instalment 4 of 12',
  metadata: { plan: 'term-1', instalment: '4' },
}

describe('everything that is sent to Stripe is known to Stripe', () => {
  it('which would be refused otherwise', async () => {
    const headers = { authorization: 'Bearer sk_test_123' }
    const body = new URLSearchParams({ amount: '100', currency: 'usd', instalment: '4' })
    const answer = await fetch(`${mock.url}/v1/payment_intents`, { method: 'POST', headers, body })
    expect(answer.status).toBe(400)
  })

  it('creating a payment', async () => {
    expect(await gateway.create(CHARGE)).toEqual({ id: expect.stringMatching(/^pi_/) })
    expect(taken()).toEqual(['POST /v1/payment_intents'])
  })

  it('confirming it as agreed', async () => {
    await gateway.confirm('pi_123', 'key').catch(whatever)
    expect(taken()[0]).toBe('POST /v1/payment_intents/pi_123/confirm')
  })

  it('confirming it with the customer there', async () => {
    const error = { type: 'card_error', code: 'authentication_required', payment_method: { id: 'pm_123' } }
    proxy.answerInstead({ status: 402, body: { error } })
    await gateway.confirm('pi_123', 'key').catch(whatever)
    expect(taken().slice(0, 2)).toEqual(Array(2).fill('POST /v1/payment_intents/pi_123/confirm'))
  })

  it('reading it, disputes included', async () => {
    const disputed = { id: 'pi_123', status: 'succeeded', latest_charge: { status: 'succeeded', disputed: true } }
    proxy.answerInstead({ status: 200, body: disputed })
    await gateway.read('pi_123')
    expect(taken()).toEqual(['GET /v1/payment_intents/pi_123', 'GET /v1/disputes'])
  })

  it('finding it', async () => {
    await gateway.find('nowhere', 'cus_123', '2027-01-15T14:00:00Z')
    expect(taken()[0]).toBe('GET /v1/payment_intents')
  })

  it('listing all payments of a customer', async () => {
    await gateway.list('cus_123')
    expect(taken()[0]).toBe('GET /v1/payment_intents')
  })

  it('looking for a customer whose making had failed', async () => {
    const error = { type: 'api_error', message: 'kept under the key' }
    proxy.answerInstead({ status: 500, body: { error }, headers: { 'idempotent-replayed': 'true' } })
    const data = { gatewayId: null, reference: 'customer-1', name: 'Ada Obi', email: 'ada@example.com', phone: null }
    await gateway.saveCustomer(data, 'key')
    const asked = proxy.exchanges().map(({ request }) => request)
    expect(asked).toEqual(['POST /v1/customers', 'GET /v1/customers', 'POST /v1/customers'])
    expect(
      proxy
        .exchanges()
        .slice(1)
        .map(({ status }) => status),
    ).toEqual([200, 200])
  })

  it('canceling it', async () => {
    await gateway.cancel('pi_123')
    expect(taken()).toEqual(['POST /v1/payment_intents/pi_123/cancel'])
  })

  it('refunding, reading and finding a refund', async () => {
    const request = {
      reference: 'term-1/r1',
      key: 'term-1/r1',
      payment: 'pi_123',
      amount: 500,
      currency: 'USD',
      metadata: {},
    }
    expect(await gateway.refund(request)).toMatchObject({ id: expect.stringMatching(/^re_/) })
    await gateway.readRefund('re_123')
    await gateway.findRefund('nowhere', 'pi_123')
    expect(taken()).toEqual(['POST /v1/refunds', 'GET /v1/refunds/re_123', 'GET /v1/refunds'])
  })

  it('making, changing and reading a customer', async () => {
    const customer = {
      gatewayId: null,
      reference: 'customer-1',
      name: 'Ada Obi',
      email: 'ada@example.com',
      phone: null,
    }
    await gateway.saveCustomer(customer, 'customer-1')
    await gateway.saveCustomer({ ...customer, gatewayId: 'cus_123', phone: '+15555550100' }, 'customer-1/2')
    await gateway.readCustomer('cus_123')
    expect(taken()).toEqual(['POST /v1/customers', 'POST /v1/customers/cus_123', 'GET /v1/customers/cus_123'])
  })

  it('attaching a payment method', async () => {
    proxy.answerInstead({ status: 200, body: { id: 'pm_123', type: 'card', customer: null } })
    const attached = await gateway.attachMethod('pm_123', 'cus_123')
    expect(attached).toMatchObject({ type: 'card', label: expect.stringContaining('••••') })
    expect(taken()).toEqual(['GET /v1/payment_methods/pm_123', 'POST /v1/payment_methods/pm_123/attach'])
  })
})
