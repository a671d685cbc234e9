import { Webhook } from 'standardwebhooks'
import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import { type Received, type Receiver, startReceiver } from '../support/webhook-receiver.ts'

let tenor: Tenor
let receiver: Receiver
let endpoint: { webhook_endpoint_id: string; secret: string }

beforeAll(async () => {
  tenor = await sharedTenor()
  receiver = await startReceiver()
  endpoint = (await tenor.ask('POST', '/webhook_endpoints', { body: { url: receiver.url } })).body
})
afterAll(async () => {
  await tenor?.ask('DELETE', `/webhook_endpoints/${endpoint.webhook_endpoint_id}`)
  await receiver?.close()
})

/** Other tests' plans are of the same tenant. */
const of = (plan: string) => (message: Received) => message.body.includes(`"plan_id":"${plan}"`)

it('tells an integrator everything that happens to a plan, as the API tells it, each event once', async () => {
  const { clock, id } = await tenor.begin({ outcomes: ['insufficient_funds'] })
  await tenor.advance(clock, '2027-02-20T00:00:00Z')
  const events = await tenor.events(id)
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['payment.failed', 'payment.completed']))
  for (let tries = 0; receiver.received.filter(of(id)).length < events.length; tries++) {
    if (tries > 300) throw new Error(`Only ${receiver.received.filter(of(id)).length} of ${events.length} came.`)
    await new Promise((done) => setTimeout(done, 100))
  }
  const told = receiver.received
    .filter(of(id))
    .map(({ body, headers }) => new Webhook(endpoint.secret).verify(body, headers as Record<string, string>))
  const byId = (list: unknown[]) =>
    (list as { event_id: string }[]).toSorted((a, b) => (a.event_id < b.event_id ? -1 : 1))
  expect(byId(told)).toEqual(byId(events))
})
