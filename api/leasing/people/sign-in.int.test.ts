import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { TenantIssuers } from '../../../db/identity/tenant-issuers.ts'
import { employeeByEmail } from '../../../db/leasing/staff.ts'
import { inTenant } from '../../../db/tenancy/scope.ts'
import { type ApiWorld, ask, startApiWorld } from '../../../test/support/api-world.ts'
import { type OidcIssuer, startOidcIssuer } from '../../../test/support/oidc-issuer.ts'
import { DEV_AUDIENCE, DEV_ISSUER, type DevIssuer, devIssuer } from '../../../workers/stack/dev-issuer.ts'
import { tenantIssuers } from '../../identity/tenant-issuers.ts'
import { tokenVerifier } from '../../identity/tokens.ts'

/** Tokens as they are given and checked for real: by Tenor's own issuer, and by a tenant's. */
let world: ApiWorld
let app: FastifyInstance
let own: DevIssuer
let theirs: OidcIssuer
let admin: string
const home = mkdtempSync(join(tmpdir(), 'tenor-leasing-sign-in-'))

beforeAll(async () => {
  ;[world, own, theirs] = await Promise.all([startApiWorld({ worker: false }), devIssuer(home), startOidcIssuer()])
  const issuer = { name: DEV_ISSUER, audience: DEV_AUDIENCE, keys: own.keys, speaksFor: 'all' as const }
  const row = { issuer: theirs.url, tenantId: 'acme', audience: 'tenor', createdAt: new Date().toISOString() }
  await world.orm.em.fork().insert(TenantIssuers, row)
  const tenants = tenantIssuers(world.orm)
  const { orm } = world.deps
  const verifyToken = tokenVerifier(
    async (name) => (name === DEV_ISSUER ? issuer : tenants(name)),
    (tenant, email) => inTenant(tenant, () => employeeByEmail(orm.em.fork(), tenant, email)),
  )
  app = await world.another({}, { ownIssuer: own, verifyToken })
  admin = await own.sign({ sub: 'root', tenant: 'acme', role: 'admin' })
}, 120_000)
afterAll(async () => {
  await theirs?.close()
  await world?.close()
  rmSync(home, { recursive: true })
})

async function must(method: string, url: string, body?: unknown) {
  const answer = await ask(app, method, url, { token: admin, ...(body === undefined ? {} : { body }) })
  expect([method, url, answer.status < 300, answer.text]).toEqual([method, url, true, answer.text])
  return answer.body
}
const newClient = (domain: string) =>
  must('POST', '/clients', { name: domain, email: 'hr@x.example', domains: [domain] })
const newEmployee = (client: { client_id: string }, email: string) =>
  must('POST', `/clients/${client.client_id}/employees`, { name: 'E', email })
async function signIn({ email, password }: { email: string; password: string }) {
  const answer = await app.inject({ method: 'POST', url: '/sign_in', payload: { tenant: 'acme', email, password } })
  return { status: answer.statusCode, ...answer.json() }
}
const seen = async (token: string, employee: { employee_id: string }) =>
  (await ask(app, 'GET', `/employees/${employee.employee_id}`, { token })).status

describe('an employee who signs in', () => {
  it('is who has the address, where the company has its domain; from then on by name', async () => {
    const client = await newClient('known.example')
    const [ann, bob] = [await newEmployee(client, 'ann@known.example'), await newEmployee(client, 'bob@known.example')]
    const user = await must('POST', '/users', { email: 'Ann@Known.example', roles: ['employee'] })
    expect(user).toMatchObject({ customer_id: null, client_id: null })
    const { status, access_token } = await signIn(user)
    expect([status, await seen(access_token, ann), await seen(access_token, bob)]).toEqual([200, 200, 404])
    expect(await must('GET', `/users/${user.user_id}`)).toMatchObject({
      customer_id: ann.employee_id,
      client_id: client.client_id,
    })
    await must('PATCH', `/clients/${client.client_id}`, { domains: [] })
    expect(await seen((await signIn(user)).access_token, ann)).toBe(200)
    await must('DELETE', `/employees/${ann.employee_id}`)
    expect(await signIn(user)).toMatchObject({ status: 403, code: 'unknown_employee' })
  })

  it('is nobody where no company has the domain, or nobody the address', async () => {
    const client = await newClient('here.example')
    await newEmployee(client, 'eve@elsewhere.example')
    for (const email of ['eve@elsewhere.example', 'new@here.example']) {
      const user = await must('POST', '/users', { email, roles: ['employee'] })
      expect(await signIn(user)).toMatchObject({ status: 403, code: 'unknown_employee' })
      expect((await signIn({ ...user, password: 'wrong' })).code).toBe('sign_in_failed')
    }
  })

  it("by the tenant's own provider is known by an address that it has verified", async () => {
    const client = await newClient('oidc.example')
    const [ann, bob] = [await newEmployee(client, 'ann@oidc.example'), await newEmployee(client, 'bob@oidc.example')]
    const token = (more: object) =>
      theirs.token({ sub: 'ann', role: 'employee', email: 'ANN@oidc.example', email_verified: true, ...more })
    expect([await seen(await token({}), ann), await seen(await token({}), bob)]).toEqual([200, 404])
    expect(await seen(await token({ email_verified: false }), ann)).toBe(403)
    expect(await seen(await token({ email: 'zed@oidc.example' }), ann)).toBe(403)
    await must('DELETE', `/employees/${ann.employee_id}`)
    expect(await seen(await token({}), ann)).toBe(403)
  })
})

describe("a company's admin who signs in", () => {
  it('is of the company that the administrator named, which must be one', async () => {
    const [client, other] = [await newClient('adm.example'), await newClient('other.example')]
    const asked = { email: 'boss@adm.example', roles: ['client_admin'] }
    const refused = async (more: object) =>
      (await ask(app, 'POST', '/users', { token: admin, body: { ...asked, ...more } })).body.code
    expect(await refused({})).toBe('client_missing')
    expect(await refused({ client_id: 'cli_none' })).toBe('unknown_client')
    const user = await must('POST', '/users', { ...asked, client_id: client.client_id })
    const { access_token: token } = await signIn(user)
    const listed = async () => (await ask(app, 'GET', '/clients', { token })).body.data
    expect((await listed()).map(({ client_id }: { client_id: string }) => client_id)).toEqual([client.client_id])
    expect((await ask(app, 'GET', `/clients/${other.client_id}`, { token })).status).toBe(404)
    expect((await ask(app, 'GET', '/payment_terms', { token })).status).toBe(403)
  })

  it('who owes as well sees no more of what others owe', async () => {
    const client = await newClient('both.example')
    await must('POST', '/customers', { customer_id: 'cy', name: 'Cy', email: 'cy@x.example' })
    await must('POST', '/customers', { customer_id: 'di', name: 'Di', email: 'di@x.example' })
    const claims = { sub: 'cy', tenant: 'acme', roles: ['customer' as const, 'client_admin' as const] }
    const token = await own.sign({ ...claims, customer: 'cy', client: client.client_id })
    const status = async (id: string) => (await ask(app, 'GET', `/customers/${id}`, { token })).status
    expect([await status('cy'), await status('di')]).toEqual([200, 404])
  })
})
