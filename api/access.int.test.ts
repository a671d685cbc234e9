import { ROLES, type Role } from '../domain/identity/roles.ts'
import { bodiesNaming, EXAMPLES, freshNames } from '../test/support/access-examples.ts'
import { type Answer, type ApiWorld, startApiWorld } from '../test/support/api-world.ts'
import type { Document, Json, Parameter } from '../test/support/bad-values.ts'
import { type Holding, makeHolding } from '../test/support/holdings.ts'
import { type OidcIssuer, startOidcIssuer } from '../test/support/oidc-issuer.ts'
import { keysOfIssuer } from './identity/issuers.ts'
import { type Access, accessTo, permittedRoutes } from './identity/permissions.ts'
import { tokenVerifier } from './identity/tokens.ts'

/**
 * Every route, with every role, on what is the caller's own and what is somebody else's: made from the routes that are
 * registered, so that a new one is tried at once, and fails here until there is an example to try it with.
 */

let world: ApiWorld
let app: ApiWorld['app']
let issuer: OidcIssuer
let theirIssuer: OidcIssuer
let document: Document
/** Of acme; its neighbour's, another customer of acme; and another tenant's. */
let mine: Holding
let neighbours: Holding
let foreign: Holding
let tried = 0

const OWING: readonly Role[] = ['customer', 'employee']
/** Who sees no more than is of somebody whom the token names. */
const LIMITED: readonly Role[] = [...OWING, 'client_admin']
const routes = permittedRoutes().map((entry) => {
  const [method = '', url = ''] = entry.split(' ')
  return { entry, method, url, access: accessTo(method, url) }
})
const closed = routes.flatMap(({ access, ...route }) => (access === 'public' ? [] : [{ ...route, access }]))

type Route = { entry: string; method: string; url: string; access: Exclude<Access, 'public'> }
type Sent = { token?: string; body?: Json | undefined; headers?: Record<string, string> }

beforeAll(async () => {
  ;[world, issuer, theirIssuer] = await Promise.all([startApiWorld(), startOidcIssuer(), startOidcIssuer()])
  mine = await makeHolding(world, { tenant: 'acme', customer: 'amara', name: 'Amara Okafor' })
  neighbours = await makeHolding(world, { tenant: 'acme', customer: 'zoe-next-door', name: 'Zoe Nextdoor' })
  foreign = await makeHolding(world, { tenant: 'rival', customer: 'rita-of-rival', name: 'Rita Rivalova' })
  foreign.marks.push(foreign.ids.device_models ?? '')
  const speaking = { audience: 'tenor', keys: keysOfIssuer(issuer.url) }
  const theirs = { name: theirIssuer.url, audience: 'tenor', keys: keysOfIssuer(theirIssuer.url) }
  const issuers = [
    { name: issuer.url, ...speaking, speaksFor: 'all' as const },
    { ...theirs, speaksFor: { tenant: 'rival', roles: ROLES } },
  ]
  const verifyToken = tokenVerifier(async (name) => issuers.find((one) => one.name === name) ?? null)
  const config = { limits: { reads: 1e6, writes: 1e6 }, operatorsTenant: 'acme' }
  app = await world.another(config, { verifyToken })
  document = (await app.inject('/openapi.json')).json()
}, 240_000)
afterAll(async () => {
  process.stdout.write(`Access: ${tried} combinations of route, caller and object tried.\n`)
  await Promise.all([issuer?.close(), theirIssuer?.close()])
  await world?.close()
})

async function send(method: string, url: string, { token, body, headers = {} }: Sent = {}): Promise<Answer> {
  tried += 1
  const answer = await app.inject({
    method: method as 'GET',
    url,
    // So many tries from one address would be taken for guessing.
    remoteAddress: `10.${(tried >> 16) % 256}.${(tried >> 8) % 256}.${tried % 256}`,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' }),
      ...headers,
    },
    // A body that is text is CSV.
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const isJson = String(answer.headers['content-type']).includes('json')
  const text = answer.body
  return { status: answer.statusCode, headers: answer.headers, body: isJson ? JSON.parse(text) : undefined, text }
}

const tokens = new Map<string, Promise<string>>()
/** A token of acme, unless it says otherwise; it names the holding's customer or company where its role is theirs. */
function tokenOf(
  role: Role,
  { tenant = 'acme', customer = mine.customer, sub = `acme-${role}` } = {},
): Promise<string> {
  const named = OWING.includes(role) ? { customer } : role === 'client_admin' ? { client: mine.client } : {}
  const claims = { sub, tenant, role, ...named }
  const key = JSON.stringify(claims)
  const made = tokens.get(key) ?? issuer.token(claims, { expires: '2h' })
  tokens.set(key, made)
  return made
}

/** Something new to do a thing to that can be done only once, else what there is. */
async function ownId({ entry, url }: Route, token: string): Promise<string> {
  const make = async (at: string, body: Json) => {
    const { headers } = await send('POST', at, { token, body })
    return String(headers.location).split('/')[2] ?? ''
  }
  return (await EXAMPLES[entry]?.fresh?.(make, mine)) ?? idIn(mine, url)
}

const idIn = ({ ids }: Holding, url: string) => ids[url.split('/')[1] ?? ''] ?? 'no example'
const addressOf = (url: string, id: string) => url.replace(':id', encodeURIComponent(id))
/** What changes a plan comes late, and what ends it last, so that the others find it as it was. */
const inOrder = (all: Route[]) => all.toSorted((a, b) => lateness(a) - lateness(b))
const lateness = ({ method, url }: Route) => Number(method === 'DELETE') * 2 + Number(url.startsWith('/payment_terms'))
const bodyFor = ({ entry }: Route, holding: Holding) => EXAMPLES[entry]?.body?.(holding)

/** Nothing of somebody else's is in the answer, in its headers, or in the cursor that it gives. */
function expectNothingOf(others: Holding[], what: string, { text, headers, body }: Answer): void {
  const cursor = Buffer.from(String(body?.next_cursor ?? ''), 'base64url').toString()
  const whole = `${text} ${JSON.stringify(headers)} ${cursor}`
  const seen = others.flatMap(({ marks }) => marks).filter((mark) => whole.includes(mark))
  expect({ what, seen }).toEqual({ what, seen: [] })
}
const othersTo = (role: Role) => (LIMITED.includes(role) ? [neighbours, foreign] : [foreign])

/** Everything that the other tenant has, apart from what it did itself meanwhile. */
async function stored(tenant: string): Promise<string> {
  const em = world.orm.em.fork()
  const tables = await em.execute<{ name: string }[]>(
    `select table_name as name from information_schema.columns where table_schema = current_schema() and column_name = 'tenant_id'
      and table_name not in ('audit_log', 'idempotency_keys') order by 1`,
  )
  expect(tables.length).toBeGreaterThan(10)
  const hashes = tables.map(
    ({ name }) =>
      `select '${name}' as t, md5(string_agg(r::text, '|' order by r::text)) as h from ${name} r where tenant_id = '${tenant}'`,
  )
  return JSON.stringify(await em.execute(hashes.join(' union all ')))
}

describe('access', () => {
  it('has an example for every route that names a thing or takes a body, and none for a route that is gone', () => {
    for (const route of closed) {
      if (route.url.includes(':id')) expect([route.entry, idIn(mine, route.url)]).not.toContain('no example')
      const operation = document.paths[route.url.replace(':id', '{id}')]?.[route.method.toLowerCase()]
      // What is no part of the OpenAPI says less of itself.
      const takes = operation ? operation.requestBody !== undefined : route.method === 'POST'
      expect([route.entry, takes]).toEqual([route.entry, EXAMPLES[route.entry]?.body !== undefined])
    }
    const known = new Set(closed.map(({ entry }) => entry))
    expect(Object.keys(EXAMPLES).filter((entry) => !known.has(entry))).toEqual([])
    expect(mine.marks.filter((mark) => foreign.marks.includes(mark))).toEqual([])
    expect(foreign.marks.length).toBeGreaterThan(30)
  })

  it('without a token is for these alone', () => {
    expect(routes.flatMap(({ entry, access }) => (access === 'public' ? [entry] : []))).toEqual([
      'POST /oauth/token',
      'POST /sign_in',
      'OPTIONS /codec*',
      'POST /ui_codec/decode',
      'POST /ui_codec/encode',
      'OPTIONS /ui_codec*',
      'POST /webhooks/stripe',
      'GET /health/live',
      'GET /health/ready',
      'GET /metrics',
      'GET /openapi.json',
      'GET /docs',
      'GET /docs/',
      'GET /docs/js/scalar.js',
    ])
  })

  it('shows in lists what is the own, on every page and by every filter', async () => {
    for (const route of closed.filter(({ method }) => method === 'GET')) {
      const query = queryOf(route)
      if (!query.includes('cursor')) continue
      const url = addressOf(route.url, idIn(mine, route.url))
      const theirs = addressOf(route.url, idIn(foreign, route.url))
      const token = await tokenOf('admin', { tenant: 'rival', sub: 'rival-admin' })
      const page = await send('GET', `${theirs}?limit=1`, { token })
      for (const role of route.access) {
        const sent = { token: await tokenOf(role) }
        expect([route.entry, role, await listed(url, role)]).toEqual([route.entry, role, expect.any(Number)])
        const other = page.body.next_cursor
        if (other)
          expectNothingOf(
            othersTo(role),
            `${url} from another's cursor`,
            await send('GET', `${url}?cursor=${other}`, sent),
          )
        for (const filter of query.filter((name) => NAMING.test(name))) {
          for (const holding of othersTo(role)) await expectNone(`${url}?${filter}=`, holding, sent, role)
        }
      }
    }
  })

  it('is for nobody without a token that is good here', async () => {
    const claims = { sub: 'x', tenant: 'acme', role: 'admin' }
    const bad: Record<string, string | undefined> = {
      none: undefined,
      nonsense: 'x.y.z',
      expired: await issuer.token(claims, { expires: '-1m' }),
      'not yet good': await issuer.token(claims, { notBefore: '1m' }),
      'for another audience': await issuer.token(claims, { audience: 'another' }),
      "of another tenant's issuer": await theirIssuer.token(claims),
      'in the name of our issuer': await theirIssuer.token(claims, { issuer: issuer.url }),
    }
    for (const route of closed) {
      for (const [what, token] of Object.entries(bad)) {
        const sent = { body: bodyFor(route, mine), ...(token === undefined ? {} : { token }) }
        const { status } = await send(route.method, addressOf(route.url, idIn(mine, route.url)), sent)
        expect([route.entry, what, status]).toEqual([route.entry, what, 401])
      }
    }
  })

  it('is refused to every role that the table does not name, whosever the thing is', async () => {
    for (const route of closed) {
      for (const role of ROLES.filter((one) => !route.access.includes(one))) {
        for (const holding of [mine, foreign]) {
          const sent = { token: await tokenOf(role), body: bodyFor(route, holding) }
          const { status } = await send(route.method, addressOf(route.url, idIn(holding, route.url)), sent)
          expect([route.entry, role, status]).toEqual([route.entry, role, 403])
        }
      }
    }
  })

  it('is refused to who is of one customer or company when the token does not say of which', async () => {
    for (const route of closed) {
      for (const role of LIMITED.filter((one) => route.access.includes(one))) {
        const token = await issuer.token({ sub: 'x', tenant: 'acme', role })
        const { status } = await send(route.method, addressOf(route.url, idIn(mine, route.url)), {
          token,
          body: bodyFor(route, mine),
        })
        expect([route.entry, role, status]).toEqual([route.entry, role, 403])
      }
    }
  })

  it("to another's thing is as if it were not there, and nothing of it changes", async () => {
    const before = await stored('rival')
    for (const route of closed.filter(({ url }) => url.includes(':id'))) {
      for (const role of route.access) {
        for (const holding of othersTo(role)) {
          const what = `${role}: ${route.entry} of ${holding.customer}`
          const sent = { token: await tokenOf(role), body: bodyFor(route, holding) }
          const answer = await send(route.method, addressOf(route.url, idIn(holding, route.url)), sent)
          expect([what, answer.status]).toEqual([what, 404])
          expectNothingOf([neighbours, foreign], what, answer)
        }
      }
    }
    expect(await stored('rival')).toBe(before)
  })

  it("does not reach another's thing by naming it in a body", async () => {
    const before = await stored('rival')
    for (const route of closed) {
      const own = bodyFor(route, mine)
      if (own === undefined) continue
      for (const role of route.access) {
        for (const holding of othersTo(role)) {
          for (const body of bodiesNaming(route, own, mine, holding)) {
            const what = `${role}: ${route.entry} ${JSON.stringify(body)}`
            const id = await ownId(route, await tokenOf(role))
            const answer = await send(route.method, addressOf(route.url, id), { token: await tokenOf(role), body })
            expect([what, answer.status]).toEqual([what, 422])
            expectNothingOf([holding], what, answer)
          }
        }
      }
    }
    expect(await stored('rival')).toBe(before)
  })

  it("answers nobody by another's Idempotency-Key", async () => {
    for (const route of closed.filter(isPlainPost).filter(({ access }) => access.includes('admin'))) {
      const headers = { 'idempotency-key': `the-same-for-all ${route.entry}`.replaceAll(' ', '-') }
      const token = await tokenOf('admin', { tenant: 'rival', sub: 'same-sub' })
      const first = await send('POST', route.url, { token, headers, body: bodyFor(route, foreign) })
      expect([route.entry, first.status < 300]).toEqual([route.entry, true])
      const body = bodyFor(route, mine)
      for (const sub of ['same-sub', 'another-sub']) {
        for (const role of route.access.filter((one) => !OWING.includes(one))) {
          const sent = {
            token: await tokenOf(role, { sub: `${sub}${role === 'admin' ? '' : role}` }),
            headers,
            body: freshNames(body),
          }
          const answer = await send('POST', route.url, sent)
          const replayed = answer.headers['idempotent-replayed']
          expect([route.entry, sub, role, answer.status < 300, replayed]).toEqual([
            route.entry,
            sub,
            role,
            true,
            undefined,
          ])
          expectNothingOf([foreign], `${route.entry} by the same key`, answer)
        }
      }
    }
  })

  it('to what is of every tenant is for those who run Tenor alone', async () => {
    const token = await tokenOf('admin', { tenant: 'rival', sub: 'rival-admin' })
    for (const way of ['encode', 'decode']) {
      const answer = await send('POST', `/codec/${way}`, { token, body: { payloads: [] } })
      expect([way, answer.status]).toEqual([way, 403])
    }
  })

  it('is granted to every role that the table names, to what is its own', async () => {
    const done = new Set<string>()
    for (const route of inOrder(closed)) {
      for (const role of route.access) {
        const token = await tokenOf(role)
        const id = await ownId(route, token)
        const answer = await send(route.method, addressOf(route.url, id), { token, body: bodyFor(route, mine) })
        const what = `${role}: ${route.entry} answers ${answer.status} ${answer.text.slice(0, 200)}`
        // A state may forbid what a role may do; whoever was first has changed it.
        const granted = answer.status < 300 || (route.method !== 'GET' && [409, 422].includes(answer.status))
        expect([what, granted]).toEqual([what, true])
        expectNothingOf(othersTo(role), what, answer)
        if (answer.status < 300) done.add(route.entry)
      }
    }
    expect(closed.map(({ entry }) => entry).filter((entry) => !done.has(entry))).toEqual([])
  }, 240_000)
})

/** That makes something, or answers a question of one tenant. */
const isPlainPost = ({ method, url }: Route) => method === 'POST' && !url.includes(':id') && url in document.paths

/** Query parameters that name a thing or somebody. */
const NAMING = /_id$|^(test_clock|actor)$/

function queryOf({ method, url }: Route): string[] {
  const operation = document.paths[url.replace(':id', '{id}')]?.[method.toLowerCase()]
  return (operation?.parameters ?? []).filter((one: Parameter) => one.in === 'query').map(({ name }) => name)
}

/** Goes through all pages of a list; returns how many rows there were, at least one. */
async function listed(url: string, role: Role): Promise<number> {
  let rows = 0
  for (let cursor: string | null = ''; cursor !== null; ) {
    const answer = await send('GET', `${url}?limit=3${cursor && `&cursor=${cursor}`}`, { token: await tokenOf(role) })
    expect([url, role, answer.status]).toEqual([url, role, 200])
    expectNothingOf(othersTo(role), `${role}: ${url}`, answer)
    rows += answer.body.data.length
    cursor = answer.body.next_cursor
  }
  expect([url, role, rows > 0]).toEqual([url, role, true])
  return rows
}

/** By whatever of somebody else's a list is filtered, it has nothing. */
async function expectNone(address: string, holding: Holding, sent: Sent, role: Role): Promise<void> {
  const { ids, customer, clock } = holding
  for (const value of new Set([customer, clock, ...Object.values(ids), `owner-of-${customer}`])) {
    const answer = await send('GET', `${address}${encodeURIComponent(value)}`, sent)
    const what = `${role}: ${address}${value}`
    expect([what, answer.status < 500, answer.body.data ?? []]).toEqual([what, true, []])
    expectNothingOf(othersTo(role), what, answer)
  }
}
