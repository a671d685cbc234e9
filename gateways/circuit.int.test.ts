import { type StripeSandbox, startStripeSandbox } from '../sandbox/stripe/index.ts'
import { guarded } from './circuit.ts'
import { limited } from './limiter.ts'
import type { ChargeRequest, PaymentGateway } from './payments.ts'
import { stripeGateway } from './stripe/gateway.ts'

const CALLERS = 50
let sandbox: StripeSandbox
beforeAll(async () => {
  sandbox = await startStripeSandbox({ port: 0, webhookSecret: 'whsec_test' })
})
afterAll(() => sandbox.close())
beforeEach(() => control('POST', 'reset'))

async function control(method: string, path: string, body: object = {}): Promise<unknown> {
  const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, {
    method,
    ...(method === 'POST' && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  expect(answer.status).toBe(200)
  return answer.json()
}

const requests = async () => ((await control('GET', 'stats')) as { total: number }).total
const made = async () =>
  ((await control('GET', 'payments')) as { data: { amount_charged: number; charges_made: number }[] }).data

const plain = () => stripeGateway({ secretKey: 'sk_test_x', apiUrl: sandbox.url, returnUrl: 'http://localhost' })

async function charges(gateway: PaymentGateway): Promise<ChargeRequest[]> {
  const person = { gatewayId: null, reference: 'customer-1', name: 'Ada Obi', email: 'ada@example.com', phone: null }
  const { id: customer } = await gateway.saveCustomer(person, 'customer-1')
  const { id: paymentMethod } = await gateway.attachMethod('pm_card_visa', customer)
  return Array.from({ length: CALLERS }, (_, k) => {
    const reference = `term-${k}/1/1`
    const what = { amount: 8333, currency: 'USD', description: 'Instalment', metadata: {} }
    return { ...what, reference, key: reference, customer, paymentMethod }
  })
}

async function charged(gateway: PaymentGateway, charge: ChargeRequest): Promise<string> {
  const payment = await gateway.create(charge)
  if (!('id' in payment)) return payment.code
  return (await gateway.confirm(payment.id, `${charge.key}:confirm`)).result
}

/** Has everybody try at once; how they ended, and how many requests that took. */
async function round(gateway: PaymentGateway, all: ChargeRequest[]) {
  const before = await requests()
  const ends = await Promise.all(
    all.map((charge) => charged(gateway, charge).catch((error: Error) => error.message.slice(0, 17))),
  )
  const count = (end: string) => ends.filter((one) => one === end).length
  return { succeeded: count('succeeded'), refused: count('Nothing was asked'), requests: (await requests()) - before }
}

describe.each([
  ['as it is', plain],
  ['asked in turn', () => limited(plain(), { requestsPerSecond: 500 })],
])('a gateway that is down while many want to be charged: %s', (_, behind) => {
  it('gets next to no requests, and all of them are charged once it is back', async () => {
    let now = Date.now()
    const gateway = guarded(behind(), { now: () => now })
    const all = await charges(gateway)
    await control('POST', 'faults', { mode: 'error_500' })

    // They are on their way before the first of them has failed.
    expect(await round(gateway, all)).toEqual({ succeeded: 0, refused: 0, requests: CALLERS })
    for (let n = 0; n < 20; n += 1) {
      expect(await round(gateway, all)).toEqual({ succeeded: 0, refused: CALLERS, requests: 0 })
    }
    for (const pause of [2_000, 4_000]) {
      now += pause
      const { refused, requests } = await round(gateway, all)
      expect(refused).toBe(CALLERS - 1)
      // The charge itself, and a look whether an earlier one was made after all.
      expect(requests).toBeLessThanOrEqual(2)
    }

    await control('DELETE', 'faults')
    now += 8_000
    expect(await round(gateway, all)).toMatchObject({ succeeded: 1, refused: CALLERS - 1 })
    expect(await round(gateway, all)).toMatchObject({ succeeded: CALLERS, refused: 0 })
    expect((await made()).map((one) => [one.amount_charged, one.charges_made])).toEqual(all.map(() => [8333, 1]))
  })
})
