import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { withCheckDigit } from '../../domain/leasing/imei.ts'
import { type Answer, type ApiWorld, tokenOf } from './api-world.ts'
import type { Json } from './bad-values.ts'
import { holdLeases } from './lease-holding.ts'

/** What somebody has in Tenor: at least one of everything that a route can name. */
export type Holding = {
  tenant: string
  /** By the first part of a route's path: the id of such a thing. */
  ids: Record<string, string>
  /** What a body may name. */
  customer: string
  gatewayCustomer: string
  clock: string
  event: string
  /** A company, of which the customer is an employee. */
  client: string
  domain: string
  /** A device model that there is enough of. */
  model: string
  /** A lease that may be ended. */
  spare: string
  /** Every id, name and address in all that it is shown of its own, which nobody else may see any of. */
  marks: string[]
}

type Who = { tenant: string; customer: string; name: string }

/** A customer with a plan of which one instalment is paid and one is escalated, and all that a tenant has beside it. */
export async function makeHolding(world: ApiWorld, { tenant, customer, name }: Who): Promise<Holding> {
  const token = tokenOf({ sub: `owner-of-${customer}`, tenant, roles: ['admin'] })
  const must = async (method: string, url: string, body?: unknown) => {
    const answer = await world.ask(method, url, { token, ...(body === undefined ? {} : { body }) })
    if (answer.status >= 300) throw new Error(`${method} ${url} answers ${answer.status}: ${answer.text}`)
    return answer
  }
  const post = async (url: string, body: unknown) => (await must('POST', url, body)).body
  const named = { customer_id: customer, name, email: `${customer}@example.com`, payment_method: 'pm_card_visa' }
  await post('/customers', named)
  const clock = (await post('/test_clocks', { frozen_time: '2027-01-15T10:00:00Z' })).test_clock_id
  const term = { customer_id: customer, test_clock: clock, ...TERM }
  const plan = (await post('/payment_terms', term)).payment_terms_id
  const first = async (url: string) => (await must('GET', url)).body.data[0]
  await until(async () => (await must('GET', `/payment_terms/${plan}`)).body.paid_amount > 0)
  const outcomes = { customer_id: customer, outcomes: ['insufficient_funds', 'insufficient_funds'] }
  await fetch(`${world.stripe}/_sandbox/outcomes`, {
    method: 'POST',
    body: JSON.stringify(outcomes),
    headers: JSON_TYPE,
  })
  await post(`/test_clocks/${clock}/advance`, { to: '2027-02-17T00:00:00Z' })
  const escalation = await until(() => first(`/escalations?plan_id=${plan}`))
  const event = await first(`/events?plan_id=${plan}`)
  const endpoint = await post('/webhook_endpoints', { url: `https://8.8.8.8/${customer}` })
  await world.orm.em.fork().execute(
    `insert into webhook_deliveries (id, tenant_id, endpoint_id, event_id, event_type, status, created_at)
      values (?, ?, ?, ?, 'x', 'held', now())`,
    [`dlv_${customer}`, tenant, endpoint.webhook_endpoint_id, event.event_id],
  )
  const model = await post('/device_models', phoneOf(customer))
  const device = await post('/devices', { imei: imeiFor(customer), model_code: model.code })
  const client = await post('/api_clients', { name: `Shop of ${name}` })
  const user = await post('/users', { email: `user-${customer}@example.com`, roles: ['broker'] })
  const domain = `${customer}.example`
  const company = await post('/clients', { name: `${name} Inc.`, email: `hr@${domain}`, domains: [domain] })
  await world.orm.em.fork().execute(
    `insert into employees (id, tenant_id, client_id, status, created_at, updated_at)
      values (?, ?, ?, 'active', now(), now())`,
    [customer, tenant, company.client_id],
  )
  const leasing = await holdLeases(world, { tenant, customer, client: company.client_id })
  // Of a company, so that its admin has it as well.
  const leased = await until(() => first(`/leases/${leasing.ids.leases}/receipts`))
  const holding = {
    tenant,
    ids: {
      ...leasing.ids,
      payment_terms: plan,
      customers: customer,
      test_clocks: clock,
      escalations: escalation.escalation_id,
      receipts: leased.receipt_id,
      events: event.event_id,
      webhook_endpoints: endpoint.webhook_endpoint_id,
      device_models: model.code,
      devices: device.device_id,
      api_clients: client.client_id,
      users: user.user_id,
      clients: company.client_id,
      employees: customer,
    },
    customer,
    gatewayCustomer: await gatewayIdOf(world, tenant, customer),
    clock,
    event: event.event_id,
    client: company.client_id,
    domain,
    model: leasing.model,
    spare: leasing.spare,
  }
  return { ...holding, marks: await marksOf(must, holding) }
}

function phoneOf(customer: string) {
  return { code: `phone-${imeiFor(customer)}`, name: 'Phone', manufacturer: 'Maker', price: 100_000, currency: 'USD' }
}

function imeiFor(customer: string): string {
  const digest = createHash('sha256').update(customer).digest()
  return withCheckDigit(String(digest.readUInt32BE()).padStart(14, '0'))
}

const JSON_TYPE = { 'content-type': 'application/json' }
const TERM = { total_amount: 120_000, start_date: '2027-01-15', term_duration: 12, billing_day: 15 }
const PATIENCE_MS = 60_000

async function until<T>(look: () => Promise<T>): Promise<NonNullable<T>> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > deadline) throw new Error('A plan has not come to where it should be.')
    await sleep(100)
  }
}

async function gatewayIdOf(world: ApiWorld, tenant: string, customer: string): Promise<string> {
  const rows = await world.orm.em
    .fork()
    .execute<{ id: string }[]>('select gateway_customer_id as id from customers where tenant_id = ? and id = ?', [
      tenant,
      customer,
    ])
  return rows[0]?.id ?? ''
}

/** What is shown of a plan and of all that belongs to it, by the fields that name somebody or something. */
async function marksOf(
  must: (method: string, url: string) => Promise<Answer>,
  { ids, customer, gatewayCustomer }: Omit<Holding, 'marks'>,
): Promise<string[]> {
  // What can be leased is its tenant's, and shown in all of its stores.
  const { device_models: _, ...own } = ids
  const { payment_terms: plan, customers, webhook_endpoints: endpoint } = own
  const shown = [
    `/payment_terms/${plan}`,
    ...['transactions', 'ledger', 'receipts', 'timeline'].map((list) => `/payment_terms/${plan}/${list}`),
    `/customers/${customers}`,
    `/escalations?plan_id=${plan}`,
    `/notifications?plan_id=${plan}`,
    `/events?plan_id=${plan}&limit=100`,
    `/webhook_endpoints/${endpoint}`,
    `/webhook_endpoints/${endpoint}/deliveries`,
    `/api_clients/${ids.api_clients}`,
    `/users/${ids.users}`,
    ...['', '/transactions', '/ledger', '/receipts'].map((list) => `/leases/${ids.leases}${list}`),
    `/clients/${ids.clients}`,
    `/clients/${ids.clients}/employees`,
  ]
  const answers = await Promise.all(shown.map((url) => must('GET', url)))
  const marks = answers.flatMap(({ body }) => namesIn(body))
  return [...new Set([...marks, ...Object.values(own), customer, gatewayCustomer])]
}

function namesIn(value: Json, key = ''): string[] {
  if (typeof value === 'string') return /_id$|^(email|test_clock|url|pdf_url)$/.test(key) ? [value] : []
  if (Array.isArray(value)) return value.flatMap((one) => namesIn(one, key))
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, one]) => namesIn(one, name))
}
