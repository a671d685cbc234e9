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
import { exampleBodies } from '../test/support/example-bodies.ts'

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
  ;({ examples, ids } = await exampleBodies(ask))
}, 120_000)
afterAll(async () => world?.close())

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
