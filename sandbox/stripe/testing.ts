import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import Stripe from 'stripe'
import { type StripeSandbox, type StripeSandboxOptions, startStripeSandbox } from './index.ts'
import type { PaymentListing } from './payments.ts'

export const SECRET = 'whsec_sandbox_tests'

/** The production client, pointed at a sandbox. */
export function clientOf(url: string, config: { maxNetworkRetries?: number; timeout?: number } = {}): Stripe {
  const { hostname, port } = new URL(url)
  return new Stripe('sk_test_sandbox', { host: hostname, port, protocol: 'http', maxNetworkRetries: 0, ...config })
}

export type Bench = {
  sandbox: StripeSandbox
  stripe: Stripe
  /** Calls one of the controls; answers the parsed JSON, throws on anything but 2xx. */
  control: <T = { data: never[] }>(method: string, path: string, body?: object) => Promise<T>
  payments: (customer?: string) => Promise<PaymentListing[]>
  customerWith: (testMethod: string) => Promise<{ customer: string; method: string }>
  /** Confirms at once, off session, as a plan does. */
  charge: (
    who: { customer: string; method: string },
    more?: object,
    key?: string,
  ) => Promise<Stripe.Response<Stripe.PaymentIntent>>
}

export async function startBench(options: Partial<StripeSandboxOptions> = {}): Promise<Bench> {
  const sandbox = await startStripeSandbox({ port: 0, webhookSecret: SECRET, webhookBackOffMs: 20, ...options })
  return benchOn(sandbox)
}

export function benchOn(sandbox: StripeSandbox): Bench {
  const stripe = clientOf(sandbox.url)
  const control = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const headers = body ? { 'content-type': 'application/json' } : undefined
    const response = await fetch(sandbox.url + path, { method, headers, body: body && JSON.stringify(body) })
    const answer = (await response.json()) as T
    if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(answer)}`)
    return answer
  }
  return {
    sandbox,
    stripe,
    control,
    payments: async (customer) => {
      const query = customer ? `?customer_id=${customer}` : ''
      return (await control<{ data: PaymentListing[] }>('GET', `/_sandbox/payments${query}`)).data
    },
    customerWith: async (testMethod) => {
      const customer = await stripe.customers.create({ name: 'Ada' })
      const method = await stripe.paymentMethods.attach(testMethod, { customer: customer.id })
      return { customer: customer.id, method: method.id }
    },
    charge: ({ customer, method }, more = {}, key) => {
      const paying = { customer, payment_method: method, confirm: true, off_session: true }
      const settings = key === undefined ? {} : { idempotencyKey: key }
      return stripe.paymentIntents.create({ amount: 5000, currency: 'usd', ...paying, ...more }, settings)
    },
  }
}

/** The error a promise ends with; fails when it ends well. */
export async function errorOf(work: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await work
  } catch (error) {
    return error as Stripe.errors.StripeError
  }
  throw new Error('was expected to fail')
}

/** Looks again until there is something to see; the waiting is bounded only by the test's own time-out. */
export async function eventually<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const seen = await look()
    if (seen) return seen
    await delay(10)
  }
}

export type Inbox = {
  url: string
  deliveries: Array<{ body: string; signature: string }>
  /** What the next requests are answered with; then 200. */
  answers: number[]
  events: () => Stripe.Event[]
  close: () => Promise<void>
}

/** A server that takes webhooks, and verifies them with the production client when they are looked at. */
export async function startInbox(): Promise<Inbox> {
  const deliveries: Inbox['deliveries'] = []
  const answers: number[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      deliveries.push({ body, signature: String(request.headers['stripe-signature']) })
      response.writeHead(answers.shift() ?? 200).end()
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { webhooks } = new Stripe('sk_test_inbox')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/stripe`,
    deliveries,
    answers,
    events: () => deliveries.map(({ body, signature }) => webhooks.constructEvent(body, signature, SECRET)),
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
