import { readFileSync } from 'node:fs'
import { type Door, newDoor } from '../test/support/door.ts'
import { accessTo, permittedRoutes } from './identity/permissions.ts'

let entrance: Door
beforeAll(async () => {
  entrance = await newDoor()
})
afterAll(() => entrance.close())
const door: Door['open'] = (...how) => entrance.open(...how)

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
    const early = await app.inject({ url: '/payment_terms/%zz', headers: { 'x-request-id': 'abc-2' } })
    expect([early.statusCode, early.headers['x-request-id']]).toEqual([400, 'abc-2'])
  })

  it('refuses a query, and a body, that a route has no use for, and names what is in it', async () => {
    const app = await door()
    const ask = (method: 'DELETE' | 'POST' | 'GET', url: string, payload?: object) =>
      app.inject({ method, url, headers: { authorization }, ...(payload && { payload }) })
    const pointers = async (answer: ReturnType<typeof ask>) => {
      const { statusCode, payload } = await answer
      return [statusCode, ...(JSON.parse(payload).errors ?? []).map(({ pointer }: { pointer: string }) => pointer)]
    }
    // Asked for as a preview that there is none of, it would be done.
    expect(await pointers(ask('POST', '/payment_terms/pt_1/pause?preview=true', { mode: 'extend' }))).toEqual([
      400,
      '/preview',
    ])
    expect(await pointers(ask('GET', '/payment_terms/pt_1?expand=customer'))).toEqual([400, '/expand'])
    // Nobody chooses the day of a cancellation.
    expect(await pointers(ask('DELETE', '/payment_terms/pt_1', { effective_date: '2027-05-01' }))).toEqual([
      400,
      '/effective_date',
    ])
    expect(await pointers(ask('POST', '/devices/dev_1/check_in', []))).toEqual([400, ''])
    expect((await ask('DELETE', '/payment_terms/pt_1', {})).statusCode).toBe(503)
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
        expect([method, path, Object.keys(responses)]).toEqual([method, path, expect.arrayContaining(['414'])])
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

  it('says what a key, a tag or a body can be refused with, and takes a tag wherever it gave one', async () => {
    const app = await door()
    const { paths } = (await app.inject('/openapi.json')).json() as {
      paths: Record<string, Record<string, { responses: object; parameters?: { name: string }[] }>>
    }
    for (const [path, methods] of Object.entries(paths)) {
      const takes = (method: string, header: string) =>
        methods[method]?.parameters?.some(({ name }) => name === header) ?? false
      for (const [method, { responses }] of Object.entries(methods)) {
        const refusals = [
          ...(takes(method, 'Idempotency-Key') ? ['409', '422'] : []),
          ...(takes(method, 'If-Match') ? ['412'] : []),
          ...(method === 'get' ? [] : ['413']),
        ]
        expect([method, path, Object.keys(responses)]).toEqual([method, path, expect.arrayContaining(refusals)])
        const changes = ['put', 'patch', 'delete'].includes(method) && takes('get', 'If-None-Match')
        if (changes) expect([method, path, takes(method, 'If-Match')]).toEqual([method, path, true])
      }
    }
  })
})
