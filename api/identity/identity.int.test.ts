import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { TenantIssuers } from '../../db/identity/tenant-issuers.ts'
import { type Answer, type ApiWorld, ask, startApiWorld } from '../../test/support/api-world.ts'
import { type OidcIssuer, startOidcIssuer } from '../../test/support/oidc-issuer.ts'
import { DEV_AUDIENCE, DEV_ISSUER, type DevIssuer, devIssuer } from '../../workers/stack/dev-issuer.ts'
import { tenantIssuers } from './tenant-issuers.ts'
import { tokenVerifier } from './tokens.ts'

/** Tokens as they are given and checked for real: by Tenor's own issuer, and by a tenant's. */
let world: ApiWorld
let app: FastifyInstance
let own: DevIssuer
let theirs: OidcIssuer
let admin: string
let now = Date.now()
const home = mkdtempSync(join(tmpdir(), 'tenor-identity-'))

beforeAll(async () => {
  ;[world, own, theirs] = await Promise.all([startApiWorld({ worker: false }), devIssuer(home), startOidcIssuer()])
  const issuer = { name: DEV_ISSUER, audience: DEV_AUDIENCE, keys: own.keys, speaksFor: 'all' as const }
  const tenants = tenantIssuers(world.orm, () => now)
  app = await world.another(
    {},
    { ownIssuer: own, verifyToken: tokenVerifier(async (name) => (name === DEV_ISSUER ? issuer : tenants(name))) },
  )
  admin = await own.sign({ sub: 'root', tenant: 'acme', role: 'admin' })
}, 120_000)
afterAll(async () => {
  await theirs?.close()
  await world?.close()
  rmSync(home, { recursive: true })
})

const asAdmin = (method: string, url: string, body?: unknown, headers?: Record<string, string>) =>
  ask(app, method, url, { token: admin, ...(body ? { body } : {}), ...(headers ? { headers } : {}) })

let address = 0
/** Each test calls from an address of its own, unless it says otherwise. */
beforeEach(() => {
  address += 1
})

async function token(form: string | Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await app.inject({
    method: 'POST',
    url: '/oauth/token',
    remoteAddress: `10.0.0.${address}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(form).toString(),
  })
  return { status: answer.statusCode, headers: answer.headers, body: answer.json(), text: answer.body }
}
const grant_type = 'client_credentials'
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})

async function newClient(): Promise<{ client_id: string; client_secret: string }> {
  const made = await asAdmin('POST', '/api_clients', { name: 'Shop' })
  expect(made.status).toBe(201)
  return made.body
}

describe('an API client', () => {
  it('gets a token by its secret, in the body or by HTTP Basic, and is let in with it', async () => {
    const { client_id, client_secret } = await newClient()
    const answers = [
      await token({ grant_type, client_id, client_secret }),
      await token({ grant_type }, basic(client_id, client_secret)),
      await token({ grant_type, client_id, made_up: 'x' }, basic(client_id, client_secret)),
    ]
    for (const { status, headers, body } of answers) {
      expect([status, headers['cache-control'], body.token_type, body.expires_in]).toEqual([
        200,
        'no-store',
        'Bearer',
        900,
      ])
      expect((await ask(app, 'GET', '/payment_terms', { token: body.access_token })).status).toBe(200)
      expect((await ask(app, 'GET', '/api_clients', { token: body.access_token })).status).toBe(403)
    }
  })

  it('has its secret shown once, and kept only as a hash', async () => {
    const headers = { 'idempotency-key': 'make-client' }
    const made = await asAdmin('POST', '/api_clients', { name: 'Once' }, headers)
    expect(made.status).toBe(201)
    const { client_id, client_secret } = made.body
    const again = await asAdmin('POST', '/api_clients', { name: 'Once' }, headers)
    expect([again.status, again.body.code]).toEqual([409, 'secret_shown_once'])
    const shown = await asAdmin('GET', `/api_clients/${client_id}`)
    expect(shown.body).toMatchObject({ client_id, name: 'Once', revoked_at: null })
    const everything = await world.orm.em.fork().execute<{ text: string }[]>(
      `select (select json_agg(c) from api_clients c)::text || (select json_agg(k) from idempotency_keys k)::text ||
        (select json_agg(a) from audit_log a)::text as text`,
    )
    expect(everything[0]?.text).toContain(client_id)
    expect(everything[0]?.text).not.toContain(client_secret)
  })

  it('is rotated without a gap: the secret before is good beside the new one, an older one is not', async () => {
    const { client_id, client_secret: first } = await newClient()
    const rotate = async () => (await asAdmin('POST', `/api_clients/${client_id}/rotate_secret`)).body.client_secret
    const second = await rotate()
    const works = async (client_secret: string) => (await token({ grant_type, client_id, client_secret })).status
    expect([await works(first), await works(second)]).toEqual([200, 200])
    const third = await rotate()
    expect([await works(first), await works(second), await works(third)]).toEqual([401, 200, 200])
    await world.orm.em
      .fork()
      .execute(
        `update api_clients set secrets = jsonb_set(secrets, '{1,validUntil}', '"2020-01-01T00:00:00Z"') where id = ?`,
        [client_id],
      )
    expect([await works(second), await works(third)]).toEqual([401, 200])
  })

  it('gets nothing any more once it is revoked', async () => {
    const { client_id, client_secret } = await newClient()
    expect((await asAdmin('DELETE', `/api_clients/${client_id}`)).status).toBe(204)
    expect((await token({ grant_type, client_id, client_secret })).status).toBe(401)
    expect((await asAdmin('POST', `/api_clients/${client_id}/rotate_secret`)).body.code).toBe('api_client_revoked')
    expect((await asAdmin('GET', `/api_clients/${client_id}`)).body.revoked_at).not.toBeNull()
    expect((await asAdmin('DELETE', `/api_clients/${client_id}`)).status).toBe(204)
  })

  it('is refused in the words of RFC 6749', async () => {
    const { client_id, client_secret } = await newClient()
    const good = { grant_type, client_id, client_secret }
    const cases: [string, Answer][] = [
      ['invalid_request', await token('')],
      ['invalid_request', await token({ client_id, client_secret })],
      ['invalid_request', await token(`grant_type=${grant_type}&grant_type=${grant_type}`)],
      ['invalid_request', await token(good, basic(client_id, client_secret))],
      ['invalid_request', await token(JSON.stringify(good), { 'content-type': 'application/json' })],
      ['invalid_request', await token({ ...good, client_id: 'x\0' })],
      ['unsupported_grant_type', await token({ ...good, grant_type: 'password' })],
      ['invalid_scope', await token({ ...good, scope: 'admin' })],
    ]
    for (const [error, { status, body }] of cases) {
      expect({ status, error: body.error, keys: Object.keys(body) }).toEqual({
        status: 400,
        error,
        keys: ['error', 'error_description'],
      })
    }
  })

  it('learns nothing of what was wrong', async () => {
    const { client_id, client_secret } = await newClient()
    const { client_id: revoked, client_secret: its } = await newClient()
    await asAdmin('DELETE', `/api_clients/${revoked}`)
    const wrong = [
      await token({ grant_type }),
      await token({ grant_type, client_id }),
      await token({ grant_type, client_id, client_secret: `${client_secret}x` }),
      await token({ grant_type, client_id: `cli_${'a'.repeat(26)}`, client_secret }),
      await token({ grant_type, client_id: 'nobody', client_secret }),
      await token({ grant_type, client_id: revoked, client_secret: its }),
      await token({ grant_type }, basic(client_id, 'wrong')),
      await token({ grant_type }, { authorization: 'Basic !' }),
      await token({ grant_type }, { authorization: `Bearer ${admin}` }),
    ]
    for (const { status, headers, body } of wrong) {
      expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="tenor"'])
      expect(body).toEqual({ error: 'invalid_client', error_description: 'The client or its secret is not right.' })
    }
  })

  it('is not let in by the guess after the last allowed one, from wherever it comes', async () => {
    const { client_id, client_secret } = await newClient()
    const statuses: number[] = []
    for (let i = 0; i < 21; i += 1) {
      address += 1
      statuses.push((await token({ grant_type, client_id, client_secret: `guess-${i}` })).status)
    }
    expect(statuses).toEqual([...Array(20).fill(401), 429])
    const late = await token({ grant_type, client_id, client_secret })
    expect([late.status, Number(late.headers['retry-after']) > 0]).toEqual([429, true])
  })

  it('cannot be looked for by trying many names from one address', async () => {
    const statuses = new Set<number>()
    for (let i = 0; i < 61; i += 1) {
      statuses.add((await token({ grant_type, client_id: `nobody-${i}`, client_secret: 'x' })).status)
    }
    expect([...statuses]).toEqual([401, 429])
  })
})

describe('a user', () => {
  const signIn = (body: Record<string, unknown>) =>
    app.inject({ method: 'POST', url: '/sign_in', remoteAddress: `10.0.1.${address}`, payload: body })
  const newUser = async (email: string, more: Record<string, unknown> = { roles: ['broker'] }) => {
    const made = await asAdmin('POST', '/users', { email, ...more })
    expect(made.status).toBe(201)
    return made.body
  }

  it('signs in with the password, and is who the administrator said', async () => {
    const { user_id, password } = await newUser('Ann@Example.com')
    const answer = await signIn({ tenant: 'acme', email: 'ann@example.COM', password })
    expect([answer.statusCode, answer.json().expires_in]).toEqual([200, 3600])
    const { access_token } = answer.json()
    expect((await ask(app, 'GET', '/escalations', { token: access_token })).status).toBe(200)
    expect((await ask(app, 'GET', '/users', { token: access_token })).status).toBe(403)
    const [kept] = await world.orm.em
      .fork()
      .execute<{ password_hash: string }[]>('select password_hash from users where id = ?', [user_id])
    expect(kept?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  it('has another password when given one, and none when disabled', async () => {
    const { user_id, password } = await newUser('bob@example.com')
    const status = async (tried: string) =>
      (await signIn({ tenant: 'acme', email: 'bob@example.com', password: tried })).statusCode
    const next = 'ünusual long passphrase'
    expect((await asAdmin('PATCH', `/users/${user_id}`, { password: next })).status).toBe(200)
    expect([await status(password), await status(next), await status(next.normalize('NFD'))]).toEqual([401, 200, 200])
    expect((await asAdmin('PATCH', `/users/${user_id}`, { disabled: true })).body.disabled).toBe(true)
    expect(await status(next)).toBe(401)
    expect((await asAdmin('PATCH', `/users/${user_id}`, { disabled: false })).body.disabled).toBe(false)
    expect(await status(next)).toBe(200)
  })

  it('learns nothing of what was wrong', async () => {
    const { password } = await newUser('cy@example.com')
    for (const [tenant, email, tried] of [
      ['acme', 'cy@example.com', 'wrong'],
      ['acme', 'nobody@example.com', password],
      ['other', 'cy@example.com', password],
    ]) {
      const answer = await signIn({ tenant, email, password: tried })
      expect(answer.statusCode).toBe(401)
      expect(answer.json()).toMatchObject({
        code: 'sign_in_failed',
        detail: 'Tenant, e-mail address or password is not right.',
      })
    }
  })

  it('is not let in by the guess after the last allowed one', async () => {
    const { password } = await newUser('dan@example.com')
    const statuses: number[] = []
    for (let i = 0; i < 20; i += 1) {
      address += 1
      statuses.push((await signIn({ tenant: 'acme', email: 'dan@example.com', password: `guess ${i}` })).statusCode)
    }
    expect(new Set(statuses)).toEqual(new Set([401]))
    expect((await signIn({ tenant: 'acme', email: 'DAN@example.com', password })).statusCode).toBe(429)
  })

  it('who owes must be some customer; one address is one user of a tenant', async () => {
    const orphan = await asAdmin('POST', '/users', { email: 'e@example.com', roles: ['customer'] })
    expect([orphan.status, orphan.body.code]).toEqual([422, 'customer_missing'])
    const eve = { email: 'e@example.com', roles: ['customer'], customer_id: 'eve' }
    expect((await asAdmin('POST', '/users', eve)).body.code).toBe('unknown_customer')
    await asAdmin('POST', '/customers', { customer_id: 'eve', name: 'Eve', email: 'e@example.com' })
    const user = await newUser('e@example.com', eve)
    const { access_token } = (await signIn({ tenant: 'acme', email: 'e@example.com', password: user.password })).json()
    expect((await ask(app, 'GET', '/payment_terms?customer_id=amara', { token: access_token })).body.data).toEqual([])
    const twice = await asAdmin('POST', '/users', { email: 'E@example.com', roles: ['broker'] })
    expect([twice.status, twice.body.code]).toEqual([409, 'user_exists'])
  })
})

describe("a tenant's own OIDC provider", () => {
  it('is taken from when it is in the database until it is not, for its tenant alone', async () => {
    const as = async (claims: Record<string, unknown>) => {
      const signed = await theirs.token({ sub: 'ann', ...claims })
      return ask(app, 'GET', '/payment_terms', { token: signed })
    }
    expect((await as({ role: 'agent' })).status).toBe(401)
    const row = { issuer: theirs.url, tenantId: 'acme', audience: 'tenor', createdAt: new Date().toISOString() }
    await world.orm.em.fork().insert(TenantIssuers, row)
    expect((await as({ role: 'agent' })).status).toBe(401)
    now += 31_000
    expect((await as({ role: 'agent' })).status).toBe(200)
    expect((await as({ role: 'agent', tenant: 'other' })).status).toBe(401)
    expect((await as({ role: 'admin' })).status).toBe(401)
    await world.orm.em.fork().nativeDelete(TenantIssuers, { issuer: theirs.url })
    now += 31_000
    expect((await as({ role: 'agent' })).status).toBe(401)
  })
})

it('where tokens come from elsewhere, none are given here, and there is nobody to manage', async () => {
  const production = await world.another({}, { ownIssuer: null })
  const urls = [
    ['POST', '/sign_in', { tenant: 'acme', email: 'a@example.com', password: 'x' }],
    ['POST', '/api_clients', { name: 'x' }],
    ['GET', '/users', undefined],
  ] as const
  for (const [method, url, body] of urls) {
    const token = Buffer.from(JSON.stringify({ sub: 'x', tenant: 'acme', roles: ['admin'], customer: null })).toString(
      'base64url',
    )
    const answer = await ask(production, method, url, { token, ...(body ? { body } : {}) })
    expect([url, answer.status, answer.body.code]).toEqual([url, 403, 'issuer_elsewhere'])
  }
})

describe('the audit trail', () => {
  const entries = async (query: string) => (await asAdmin('GET', `/audit_entries?${query}`)).body.data

  it('has every write with who did it, on what, and how it ended; and no reads', async () => {
    const headers = { 'x-request-id': 'req-made' }
    const { client_id } = (await asAdmin('POST', '/api_clients', { name: 'Audited' }, headers)).body
    await asAdmin('GET', `/api_clients/${client_id}`)
    await asAdmin('DELETE', `/api_clients/${client_id}`)
    const seen = await entries(`object_id=${client_id}`)
    const by = { actor: 'root', roles: ['admin'], object_id: client_id, code: null }
    expect(seen).toEqual([
      expect.objectContaining({ ...by, action: 'DELETE /api_clients/:id', status: 204 }),
      expect.objectContaining({ ...by, action: 'POST /api_clients', status: 201, request_id: 'req-made' }),
    ])
    expect(await entries('request_id=req-made')).toHaveLength(1)
  })

  it('has what was refused, and who signed in', async () => {
    const { client_id, client_secret } = await newClient()
    const { access_token } = (await token({ grant_type, client_id, client_secret })).body
    await ask(app, 'POST', '/users', { token: access_token, body: {}, headers: { 'x-request-id': 'req-refused' } })
    await ask(app, 'POST', '/payment_terms', { token: 'x.y.z', body: {}, headers: { 'x-request-id': 'req-nobody' } })
    expect(await entries(`actor=${client_id}`)).toEqual([
      expect.objectContaining({ action: 'POST /users', status: 403, code: 'forbidden', request_id: 'req-refused' }),
      expect.objectContaining({ action: 'POST /oauth/token', status: 200, roles: ['api_client'] }),
    ])
    expect(await entries('request_id=req-nobody')).toEqual([])
  })

  it('has one entry for one thing done, however often it was sent', async () => {
    const sent = { frozen_time: '2027-01-15T10:00:00Z' }
    const key = { 'idempotency-key': 'audit-once' }
    const first = await asAdmin('POST', '/test_clocks', sent, key)
    expect([first.status, (await asAdmin('POST', '/test_clocks', sent, key)).status]).toEqual([201, 201])
    expect(await entries(`object_id=${first.body.test_clock_id}`)).toHaveLength(1)
  })

  it('is of the own tenant, in pages, and cannot be changed', async () => {
    const other = await own.sign({ sub: 'root', tenant: 'other', role: 'admin' })
    expect((await ask(app, 'GET', '/audit_entries', { token: other })).body.data).toEqual([])
    const page = await asAdmin('GET', '/audit_entries?limit=1')
    const next = await asAdmin('GET', `/audit_entries?limit=1&cursor=${page.body.next_cursor}`)
    expect(Number(next.body.data[0].audit_entry_id)).toBeLessThan(Number(page.body.data[0].audit_entry_id))
    await expect(world.orm.em.fork().execute('delete from audit_log')).rejects.toThrow('append-only')
    await expect(world.orm.em.fork().execute(`update audit_log set actor = 'x'`)).rejects.toThrow('append-only')
  })
})
