import { type ApiWorld, type Ask, ask as askOf, startApiWorld, tokenOf } from '../test/support/api-world.ts'
import {
  type Document,
  fieldsOf,
  type Json,
  MAYBE,
  mustRefuse,
  NEVER,
  ODD,
  type Operation,
  resolved,
  withValue,
} from '../test/support/bad-values.ts'

/**
 * Every kind of bad input on every field of every route, generated from the OpenAPI itself, so that a new route or
 * field is tried without anybody thinking of it.
 */

let world: ApiWorld
let app: ApiWorld['app']
/** Also an employee, for what only they can ask. */
const token = tokenOf({ roles: ['admin', 'employee'], customer: 'somebody-who-leases' })
const ask = (method: string, url: string, options?: Ask) => askOf(app, method, url, { token, ...options })
let document: Document
let examples: Record<string, Json>
let ids: Record<string, string>

beforeAll(async () => {
  world = await startApiWorld()
  app = await world.another({ limits: { reads: 1e6, writes: 1e6 } })
  document = (await ask('GET', '/openapi.json')).body
  ;({ examples, ids } = await exampleBodies())
}, 120_000)
afterAll(async () => world?.close())

const STORE = {
  ...{ models: ['PHONE'], payers: ['payroll'], term_months: [12], subsidy: 1, maximum_per_employee: 2 },
  ...{ residual_percent: 10, extension_percent: 50, dispatch_days: 5, billing_day: 1, offboarding: 'return' },
  cancellation_terms: { type: 'none', cooling_off_days: 14, fee: 100, collect_balance: true },
}
const CLIENT_CHANGE = {
  ...{ name: 'Acme', email: 'hr@acme.example', phone: '+14165550123', locale: 'en-CA', domains: ['acme.example'] },
  ...{ timezone: 'America/Toronto', statement: { period: 'weekly', day: 1 }, office_address: '1 King St' },
  payment_method: 'pm_card_visa',
}
const CLIENT = { ...CLIENT_CHANGE, currency: 'USD', store: { ...STORE, models: null } }
const EMPLOYEE = {
  ...{ name: 'Ann', email: 'ann@acme.example', phone: '+14165550123', locale: 'en-CA' },
  payment_method: 'pm_card_visa',
}

const WANTED = { device_code: 'PHONE', term_months: 12, payer: 'payroll', damage_waiver: true }
const LEASE = {
  ...{ ...WANTED, employee_id: 'somebody-who-leases', total_amount: 120_000, payment_method: 'pm_card_visa' },
  ...{
    billing_day: 31,
    timezone: 'America/Toronto',
    billing_time: '09:00',
    retry_policy: { retries: 1, every_days: [1] },
  },
  ...{ reminder_days: 3, test_clock: 'clk_x', metadata: { desk: '12' } },
}
const OF_LEASES: Record<string, Json> = {
  'post /leases': LEASE,
  'post /leases/quote': LEASE,
  'patch /leases/{id}': { total_amount: 130_000, damage_waiver: true },
  'put /leases/{id}/payment_method': { payment_method: 'pm_card_visa' },
  'post /leases/{id}/payments': { amount: 100, payment_method: 'pm_card_visa' },
  'post /leases/{id}/pause': { mode: 'extend', until: '2027-03-01T00:00:00Z' },
  'post /leases/{id}/resume': {},
  'post /leases/{id}/dispatched': { tracking: 'T-1' },
  'post /leases/{id}/delivered': {},
  'post /leases/{id}/out_of_stock': {},
  'post /leases/{id}/end_choice': { choice: 'extend', months: 6 },
  'post /leases/{id}/exchange': { device_code: 'PHONE', reason: 'broken', total_amount: 90_000 },
  'post /leases/{id}/lost': { how: 'lost' },
  'post /leases/{id}/buy_out': {},
  'post /cart': WANTED,
  'post /cart/checkout': { payment_method: 'pm_card_visa' },
  'post /employees/{id}/offboard': { payment_method: 'pm_card_visa' },
}

/** A body that each route takes, with every field there is in it, and ids of things that exist. */
async function exampleBodies() {
  const customer = { name: 'Amara Okafor', email: 'amara@example.com', phone: '+14165550123', locale: 'en-CA' }
  const made = await ask('POST', '/customers', { body: { ...customer, payment_method: 'pm_card_visa' } })
  const customer_id = made.body.customer_id
  const clock = await ask('POST', '/test_clocks', { body: { frozen_time: '2027-01-15T10:00:00Z' } })
  const quote = {
    customer_id,
    total_amount: 120_000,
    start_date: '2027-01-20',
    term_duration: 12,
    billing_day: 31,
    currency: 'USD',
    timezone: 'America/Toronto',
    billing_time: '09:00',
    payment_method: 'pm_card_visa',
    cancellation_terms: {
      type: 'tiered',
      tiers: [{ from_day: 0, refund_percent: 50 }],
      cooling_off_days: 14,
      fee: 100,
      collect_balance: true,
    },
    adjustment_policy: 'spread',
    retry_policy: { retries: 1, every_days: [1] },
    reminder_days: 3,
    payment_terms: { net: 30 },
    test_clock: clock.body.test_clock_id,
    metadata: { policy: 'P-1' },
  }
  const plan = await ask('POST', '/payment_terms', { body: quote })
  expect(plan.status).toBe(201)
  const endpoint = { url: 'https://8.8.8.8/hooks', event_types: ['payment.completed'], description: 'Books' }
  const hook = await ask('POST', '/webhook_endpoints', { body: endpoint })
  expect(hook.status).toBe(201)
  const client = await ask('POST', '/api_clients', { body: { name: 'Shop' } })
  const user = await ask('POST', '/users', { body: { email: 'ann@example.com', roles: ['broker'] } })
  expect([client.status, user.status]).toEqual([201, 201])
  const phone = {
    ...{
      code: 'phone-1',
      name: 'Phone',
      description: 'A phone',
      manufacturer: 'Maker',
      price: 100_000,
      currency: 'USD',
    },
    ...{ waiver_monthly_amount: 500, images: ['https://img.example/phone.png'] },
  }
  const model = await ask('POST', '/device_models', { body: phone })
  const device = await ask('POST', '/devices', { body: { imei: '490154203237518', model_code: phone.code } })
  expect([model.status, device.status]).toEqual([201, 201])
  const { code: _code, currency: _currency, ...phoneChange } = phone
  const company = await ask('POST', '/clients', { body: { ...CLIENT, test_clock: clock.body.test_clock_id } })
  const employee = await ask('POST', `/clients/${company.body.client_id}/employees`, { body: EMPLOYEE })
  expect([company.status, employee.status]).toEqual([201, 201])
  return {
    ids: {
      device_models: phone.code,
      devices: device.body.device_id,
      clients: company.body.client_id,
      employees: employee.body.employee_id,
      customers: customer_id,
      payment_terms: plan.body.payment_terms_id,
      test_clocks: clock.body.test_clock_id,
      webhook_endpoints: hook.body.webhook_endpoint_id,
      api_clients: client.body.client_id,
      users: user.body.user_id,
    },
    examples: {
      ...OF_LEASES,
      'post /payment_terms/quote': quote,
      'post /payment_terms': quote,
      'patch /payment_terms/{id}': { total_amount: 130_000 },
      'put /payment_terms/{id}/payment_method': { payment_method: 'pm_card_visa' },
      'post /payment_terms/{id}/payments': { amount: 100, payment_method: 'pm_card_visa' },
      'post /payment_terms/{id}/pause': { mode: 'extend', until: '2027-03-01T00:00:00Z' },
      'post /payment_terms/{id}/resume': {},
      'post /customers': { customer_id: 'somebody-new', ...customer, payment_method: 'pm_card_visa' },
      'patch /customers/{id}': { ...customer, payment_method: 'pm_card_visa' },
      'post /escalations/{id}/resolve': { action: 'mark_paid', reference: 'CHQ-1', note: 'by cheque' },
      'post /webhook_endpoints': endpoint,
      'post /webhook_endpoints/{id}/rotate_secret': {},
      'post /webhook_endpoints/{id}/replay': { event_id: 'evt_none', since: '2027-01-15T10:00:00Z' },
      'post /device_models': { ...phone, code: 'phone-2' },
      'patch /device_models/{id}': phoneChange,
      'post /devices': { imei: '356938035643809', model_code: phone.code },
      'patch /devices/{id}': { status: 'maintenance' },
      'post /sign_in': { tenant: 'acme', email: 'ann@example.com', password: 'not hers' },
      'post /api_clients': { name: 'Shop' },
      'post /api_clients/{id}/rotate_secret': {},
      'post /users': {
        ...{ email: 'bob@example.com', roles: ['customer'], customer_id, client_id: company.body.client_id },
      },
      'post /clients': { ...CLIENT, domains: ['new.example'], test_clock: clock.body.test_clock_id },
      'patch /clients/{id}': { ...CLIENT_CHANGE, status: 'suspended' },
      'put /clients/{id}/store': STORE,
      'post /clients/{id}/employees': { ...EMPLOYEE, email: 'new@acme.example' },
      'patch /employees/{id}': EMPLOYEE,
      'patch /users/{id}': {
        password: 'correct horse battery',
        roles: ['agent'],
        customer_id: 'c',
        client_id: 'c',
        disabled: false,
      },
      'post /test_clocks': { frozen_time: '2027-01-15T10:00:00Z' },
      'post /test_clocks/{id}/advance': { to: '2027-01-16T10:00:00Z' },
    } as Record<string, Json>,
  }
}

function operations(): { method: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
}

function addressOf(path: string, id = ids[path.split('/')[1] ?? ''] ?? 'none'): string {
  return path.replace('{id}', encodeURIComponent(id))
}

async function stored(): Promise<string> {
  const tables = [
    'plans',
    'installments',
    'transactions',
    'customers',
    'test_clocks',
    'notifications',
    'idempotency_keys',
    'webhook_endpoints',
    'api_clients',
    'users',
    'device_models',
    'devices',
    'clients',
    'client_domains',
    'employees',
    'leases',
    'cart_lines',
  ]
  const rows = await world.orm.em
    .fork()
    .execute(
      tables
        .map((table) => `select '${table}' as t, count(*)::int as n, max(xmin::text::bigint) as x from ${table}`)
        .join(' union all '),
    )
  return JSON.stringify(rows)
}

type Refused = {
  status: number
  headers: Record<string, unknown>
  text: string
  body: { errors?: unknown; code?: string }
}
function expectProblem(what: string, answer: Refused): void {
  const told = `${what} → ${answer.status} ${answer.text.slice(0, 300)}`
  const isProblem = String(answer.headers['content-type']).startsWith('application/problem+json')
  expect([told, answer.status >= 400 && answer.status < 500, isProblem]).toEqual([told, true, true])
  expect(answer.text).not.toMatch(/node_modules|at \w+ \(|select |insert /)
}

describe('bad input', () => {
  it('knows an example body for every route that takes one', () => {
    const taking = operations().filter(({ operation }) => operation.requestBody?.content['application/json'])
    expect(taking.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(Object.keys(examples).toSorted())
    for (const { method, path, operation } of taking) {
      const schema = resolved(document, operation.requestBody?.content['application/json']?.schema ?? {})
      const example = examples[`${method} ${path}`] as Record<string, Json>
      const untried = Object.keys(schema.properties ?? {}).filter((name) => !(name in example))
      expect(untried).toEqual(untried.filter((name) => name === 'coupon_code'))
    }
  })

  it('is refused on every field of every body, with nothing stored', async () => {
    const before = await stored()
    let tried = 0
    for (const { method, path, operation } of operations()) {
      const schema = operation.requestBody?.content['application/json']?.schema
      const example = examples[`${method} ${path}`]
      if (!schema || example === undefined) continue
      const send = async (what: string, raw: string) => {
        tried += 1
        expectProblem(`${method} ${path} ${what}`, await ask(method.toUpperCase(), addressOf(path), { raw }))
      }
      await send('an unknown field', withValue({ ...(example as object), isAdmin: null }, ['isAdmin'], 'true'))
      await send('__proto__', '{"__proto__": {"x": 1}}')
      await send('constructor', '{"constructor": {"prototype": {"x": 1}}}')
      for (const raw of ['{', '[]', 'null', '"x"', '1', '{"a":}', '\ufeff{}x', "{'a':1}"])
        await send(`the body ${raw}`, raw)
      for (const field of fieldsOf(document, schema, example)) {
        const name = field.path.join('.')
        if (field.required) await send(`${name} missing`, withValue(example, field.path, undefined))
        for (const [what, json] of NEVER) await send(`${name} ${what}`, withValue(example, field.path, json))
        for (const json of ODD) {
          if (mustRefuse(document, field.schema, json))
            await send(`${name} ${json.slice(0, 40)}`, withValue(example, field.path, json))
        }
      }
    }
    expect(tried).toBeGreaterThan(600)
    expect(await stored()).toBe(before)
  }, 240_000)

  it('names every field that is wrong at once', async () => {
    const raw =
      '{"customer_id":"","total_amount":"x","start_date":"2027-02-30","term_duration":121,"billing_day":0,"cancellation_terms":{"type":"tiered","tiers":[{"from_day":-1}]},"extra":1}'
    const answer = await ask('POST', '/payment_terms', { raw })
    expect(answer.status).toBe(400)
    expect([...new Set(answer.body.errors.map((error: { pointer: string }) => error.pointer))].toSorted()).toEqual([
      '/billing_day',
      '/cancellation_terms/tiers/0/from_day',
      '/cancellation_terms/tiers/0/refund_percent',
      '/customer_id',
      '/extra',
      '/start_date',
      '/term_duration',
      '/total_amount',
    ])
  })

  it('in free text is kept as it is, or refused', async () => {
    for (const [what, json] of MAYBE) {
      for (const [field, raw] of [
        ['name', `{"name":${json},"email":"a@example.com"}`],
        ['customer_id', `{"customer_id":${json},"name":"x","email":"a@example.com"}`],
      ] as const) {
        const answer = await ask('POST', '/customers', { raw })
        if (answer.status >= 400) expectProblem(`${field} ${what}`, answer)
        else expect(answer.body[field]).toBe(JSON.parse(json))
        if (field === 'customer_id' && answer.status === 201) {
          expect((await ask('GET', String(answer.headers.location))).body.customer_id).toBe(JSON.parse(json))
        }
      }
    }
    expect(await world.orm.em.fork().execute('select count(*) > 0 as there from plans')).toEqual([{ there: true }])
  })

  it('in a path names nothing', async () => {
    const evil = [
      'none',
      '%00',
      'a%00b',
      '%F0%9F%92%A9',
      "'%20or%201%3D1",
      '..%2F..%2Fetc',
      'x'.repeat(2000),
      '%ED%A0%80',
      '%',
      '%ff%fe',
      '%0d%0aX-A:1',
      '-1',
      'null',
      '__proto__',
      'constructor',
    ]
    for (const { method, path, operation } of operations()) {
      if (!path.includes('{id}')) continue
      for (const id of evil) {
        const body = operation.requestBody ? { body: examples[`${method} ${path}`] } : {}
        const answer = await ask(method.toUpperCase(), path.replace('{id}', id), body)
        expectProblem(`${method} ${path} with ${id.slice(0, 30)}`, answer)
        expect([path, method, id.slice(0, 30), answer.status]).toEqual([
          path,
          method,
          id.slice(0, 30),
          answer.status === 400 ? 400 : 404,
        ])
      }
    }
  })

  it('in a query is refused', async () => {
    const evil = [
      '',
      '%00',
      '-1',
      '0',
      '1.5',
      '101',
      '1e9',
      'x'.repeat(700),
      '%F0%9F%92%A9',
      'W10',
      'bnVsbA',
      Buffer.from('["2027-01-01T00:00:00Z","\\u0000"]').toString('base64url'),
      Buffer.from('["0000-00-00T",{}]').toString('base64url'),
    ]
    for (const { method, path, operation } of operations()) {
      const query = operation.parameters?.filter((parameter) => parameter.in === 'query') ?? []
      if (method !== 'get') continue
      if (operation.security === undefined) {
        const unknown = await ask('GET', `${addressOf(path)}?nonsense=1`)
        if (query.length > 0) expectProblem(`${path}?nonsense`, unknown)
      }
      for (const { name, schema } of query) {
        for (const value of evil) {
          const answer = await ask('GET', `${addressOf(path)}?${name}=${value}`)
          const what = `${path}?${name}=${value.slice(0, 30)}`
          if (name === 'cursor' || name === 'limit' || schema.enum) expectProblem(what, answer)
          else expect([what, answer.status < 500]).toEqual([what, true])
        }
      }
    }
  })

  it('in a header or as another media type is refused', async () => {
    const body = examples['post /payment_terms'] as object
    for (const key of ['', 'x'.repeat(256), 'a b', 'é', '\u0001']) {
      const answer = await ask('POST', '/payment_terms', { body, headers: { 'idempotency-key': key } })
      expectProblem(`Idempotency-Key ${key.slice(0, 20)}`, answer)
    }
    for (const type of [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'nonsense',
    ]) {
      const answer = await ask('POST', '/payment_terms', { raw: '{}', headers: { 'content-type': type } })
      expect([type, answer.status]).toEqual([type, 415])
      expectProblem(type, answer)
    }
    const large = await ask('POST', '/payment_terms', { raw: JSON.stringify({ a: 'x'.repeat(200_000) }) })
    expect(large.status).toBe(413)
    expectProblem('a large body', large)
    const notText = await ask('POST', '/payment_terms', {
      raw: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    })
    expect(notText).toMatchObject({ status: 400, body: { code: 'malformed_body' } })
  })

  it('to no route, or by another method, is a problem as well', async () => {
    expect(await ask('GET', '/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } })
    const wrong = await ask('PUT', '/payment_terms')
    expect(wrong).toMatchObject({ status: 405, headers: { allow: 'GET, POST' }, body: { code: 'method_not_allowed' } })
  })
})
