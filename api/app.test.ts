import { readFileSync } from 'node:fs'
import type { MikroORM } from '@mikro-orm/postgresql'
import { Client } from '@temporalio/client'
import type { FastifyInstance } from 'fastify'
import { openDatabase } from '../db/orm.ts'
import { stripeGateway } from '../gateways/stripe/gateway.ts'
import { buildApi } from './app.ts'
import type { ApiConfig } from './deps.ts'
import { lazyConnection } from './http/temporal.ts'
import type { Caller } from './identity/caller.ts'
import { accessTo, permittedRoutes } from './identity/permissions.ts'

let orm: MikroORM
const apps: FastifyInstance[] = []
beforeAll(async () => {
  orm = await openDatabase('postgres://127.0.0.1:1/none')
})
afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()))
  await orm.close()
})

/** Nothing that it needs can be reached: what is tried here gets no further than the door. */
async function door(config: Partial<ApiConfig> = {}, caller: Partial<Caller> = {}): Promise<FastifyInstance> {
  const app = await buildApi({
    orm,
    temporal: new Client({ connection: lazyConnection('127.0.0.1:1') }),
    payments: stripeGateway({ secretKey: 'sk_test_none', returnUrl: 'http://localhost' }),
    verifyToken: async () => ({ sub: 'x', tenant: 'acme', roles: ['admin'], customer: null, ...caller }),
    ownIssuer: { sign: async () => 'token' },
    readStripeWebhook: () => ({ id: 'evt_1', type: 'x', createdAt: '2027-01-15T00:00:00Z' }),
    renderReceipt: async () => Buffer.from(''),
    now: () => new Date('2027-01-15T00:00:00Z'),
    config: {
      taskQueue: 'q',
      temporalUiUrl: 'http://ui',
      testClocks: true,
      version: '1.2.3',
      logger: false,
      ...config,
    },
  })
  apps.push(app)
  return app
}

const authorization = 'Bearer x'

describe('the door', () => {
  it('names every route in the permission table, and has a route for every entry', async () => {
    const app = await door({ codecOpen: true })
    await app.ready()
    const routes = permittedRoutes().filter((entry) => {
      const [method = '', url = ''] = entry.split(' ')
      return !app.hasRoute({ method, url })
    })
    expect(routes).toEqual([])
    expect(() => accessTo('GET', '/new')).toThrow('Nothing in identity/permissions.ts says who may GET /new.')
    expect(() => accessTo('GET', 'constructor')).toThrow('Nothing')
    expect(() => app.get('/new', async () => 'x')).toThrow()
  })

  it('lets in only who may, and says who did not sign in', async () => {
    const app = await door({}, { roles: ['customer'], customer: 'c1' })
    expect((await app.inject('/payment_terms')).statusCode).toBe(401)
    expect((await app.inject({ url: '/payment_terms', headers: { authorization: 'Basic x' } })).statusCode).toBe(401)
    const forbidden = await app.inject({ url: '/events', headers: { authorization } })
    expect([forbidden.statusCode, forbidden.json().code]).toEqual([403, 'forbidden'])
    const unnamed = await door({}, { roles: ['customer'], customer: null })
    expect((await unnamed.inject({ url: '/payment_terms', headers: { authorization } })).statusCode).toBe(403)
  })

  it('answers 401 before it looks at a body, and never says whether a route’s thing exists', async () => {
    const app = await door()
    const answer = await app.inject({
      method: 'POST',
      url: '/payment_terms',
      payload: '{',
      headers: { 'content-type': 'application/json' },
    })
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'token_missing'])
  })

  it('limits what one caller may ask, and says when to come back', async () => {
    const app = await door({ limits: { reads: 2, writes: 1 } })
    const read = () => app.inject({ url: '/payment_terms?limit=0', headers: { authorization } })
    const statuses = [(await read()).statusCode, (await read()).statusCode]
    const limited = await read()
    expect([...statuses, limited.statusCode]).toEqual([400, 400, 429])
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
    expect(limited.json().code).toBe('rate_limited')
    expect((await app.inject('/health/live')).statusCode).toBe(200)
  })

  it('has no test clocks where they are off', async () => {
    const app = await door({ testClocks: false })
    const answer = await app.inject({ url: '/test_clocks/clk_1', headers: { authorization } })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'test_clocks_off'])
  })

  it('gives every answer its request id, the caller’s own when it is fit for a log', async () => {
    const app = await door()
    const own = await app.inject({ url: '/health/live', headers: { 'x-request-id': 'abc-1' } })
    expect(own.headers['x-request-id']).toBe('abc-1')
    for (const bad of ['a b', 'é', 'x'.repeat(129), '{"a":1}']) {
      const answer = await app.inject({ url: '/health/live', headers: { 'x-request-id': bad } })
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  it('describes itself as the committed file says, and on a page whose scripts its policy allows', async () => {
    const app = await door()
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    const committed = JSON.parse(readFileSync('api/openapi.json', 'utf8'))
    const said = (await app.inject('/openapi.json')).json()
    expect({ ...said, info: { ...said.info, version } }).toEqual(committed)
    const page = await app.inject('/docs/')
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-security-policy']).toContain("script-src 'self' 'unsafe-inline'")
    expect((await app.inject('/docs/js/scalar.js')).statusCode).toBe(200)
    expect((await app.inject('/health/live')).headers['content-security-policy']).toContain("default-src 'none'")
  })

  it('lets no operation be without the problems that it can answer with', async () => {
    const app = await door()
    const { paths } = (await app.inject('/openapi.json')).json() as {
      paths: Record<string, Record<string, { responses: object; security?: unknown[] }>>
    }
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { responses, security }] of Object.entries(methods)) {
        if (security) continue
        expect([method, path, Object.keys(responses)]).toEqual([
          method,
          path,
          expect.arrayContaining(['400', '401', '403', '429', '500', '503']),
        ])
        if (path.includes('{id}')) expect(Object.keys(responses)).toContain('404')
      }
    }
  })
})
