import { createHmac } from 'node:crypto'
import { exportSPKI, type JWTPayload } from 'jose'
import { TENANT_ROLES } from '../../domain/identity/roles.ts'
import { type OidcIssuer, startOidcIssuer } from '../../test/support/oidc-issuer.ts'
import { Problem } from '../http/problem.ts'
import { keysOfIssuer } from './issuers.ts'
import { type TokenVerifier, tokenVerifier } from './tokens.ts'

/** `ours` speaks for every tenant, `theirs` is acme's own. */
let ours: OidcIssuer
let theirs: OidcIssuer
let stranger: OidcIssuer
let verify: TokenVerifier
let now: number
beforeEach(async () => {
  ;[ours, theirs, stranger] = await Promise.all([startOidcIssuer(), startOidcIssuer(), startOidcIssuer()])
  now = 1_000_000
  const known = (issuer: OidcIssuer) => ({
    name: issuer.url,
    audience: 'tenor',
    keys: keysOfIssuer(issuer.url, () => now),
  })
  const issuers = [
    { ...known(ours), speaksFor: 'all' as const },
    { ...known(theirs), speaksFor: { tenant: 'acme', roles: TENANT_ROLES } },
  ]
  verify = tokenVerifier(async (name) => issuers.find((one) => one.name === name) ?? null)
})
afterEach(async () => void (await Promise.all([ours, theirs, stranger].map((one) => one.close()))))

const BROKER = { sub: 'user-1', tenant: 'acme', role: 'broker' }

async function problemOf(token: string): Promise<Problem> {
  const thrown = await verify(token).then(
    (caller) => caller,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(Problem)
  return thrown as Problem
}
const refusal = { status: 401, code: 'invalid_token' }

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claimsOf = (issuer: OidcIssuer, claims: JWTPayload) => ({
  iss: issuer.url,
  aud: 'tenor',
  exp: Math.floor(Date.now() / 1000) + 3600,
  ...claims,
})

describe('a bearer token', () => {
  it('says who calls', async () => {
    expect(await verify(await ours.token(BROKER))).toEqual({
      sub: 'user-1',
      tenant: 'acme',
      roles: ['broker'],
      customer: null,
      client: null,
    })
    const claims = { sub: 'c', tenant: 'acme', roles: ['customer', 'unheard-of'], customer: 'cust_1' }
    expect(await verify(await ours.token(claims))).toEqual({
      sub: 'c',
      tenant: 'acme',
      roles: ['customer'],
      customer: 'cust_1',
      client: null,
    })
  })

  it('is refused when it is not ours, not for us, over, not yet good, or says too little', async () => {
    const bad = [
      'nonsense',
      'a.b.c',
      await stranger.token(BROKER),
      await stranger.token(BROKER, { issuer: ours.url, kid: ours.keys[0]?.kid ?? '' }),
      await ours.token(BROKER, { issuer: theirs.url }),
      await ours.token(BROKER, { audience: 'other' }),
      await ours.token(BROKER, { expires: '-10s' }),
      await ours.token(BROKER, { notBefore: '10s' }),
      await ours.token({ tenant: 'acme', role: 'admin' }),
      await ours.token({ sub: 'x', role: 'admin' }),
      await ours.token({ sub: 'x', tenant: 'acme' }),
      await ours.token({ sub: 'x', tenant: 'acme', role: 'root' }),
      await ours.token({ sub: 'x', tenant: ['acme'], role: 'admin' }),
    ]
    for (const [index, one] of bad.entries()) {
      const { status, code } = await problemOf(one)
      expect({ index, status, code }).toEqual({ index, ...refusal })
    }
  })

  it('may be some seconds early or late', async () => {
    expect(await verify(await ours.token(BROKER, { notBefore: '3s' }))).toMatchObject({ sub: 'user-1' })
    expect(await verify(await ours.token(BROKER, { expires: '-2s' }))).toMatchObject({ sub: 'user-1' })
  })

  it('is refused without a signature, and with one that a public key served as the secret of', async () => {
    const key = ours.keys[0]
    const claims = encoded(claimsOf(ours, BROKER))
    const asSecrets = [JSON.stringify(key?.jwk), String(key?.jwk.x), await exportSPKI(await publicKeyOf(key?.jwk))]
    const confused = asSecrets.map((secret) => {
      const text = `${encoded({ alg: 'HS256', kid: key?.kid })}.${claims}`
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
    })
    for (const alg of ['none', 'None', 'NONE']) confused.push(`${encoded({ alg })}.${claims}.`)
    const [, , signature] = (await ours.token(BROKER)).split('.')
    confused.push(`${encoded({ alg: 'ES256', kid: key?.kid })}.${claims}.${signature}`)
    for (const one of confused) expect(await problemOf(one)).toMatchObject(refusal)
    // The keys that a token brings along or points to are nobody's.
    const [mine] = stranger.keys
    const brought = { alg: 'ES256', kid: key?.kid, jwk: mine?.jwk, jku: `${stranger.url}/keys` }
    const [, body, by] = (await stranger.token(claimsOf(ours, BROKER), { issuer: ours.url })).split('.')
    expect(await problemOf(`${encoded(brought)}.${body}.${by}`)).toMatchObject(refusal)
  })

  it('is refused when its algorithm is not on the list, though its issuer uses it', async () => {
    await ours.rotate({ alg: 'ES512' })
    expect(await problemOf(await ours.token(BROKER))).toMatchObject(refusal)
    now += 60_000
    await ours.rotate({ alg: 'RS256' })
    expect(await verify(await ours.token(BROKER))).toMatchObject({ sub: 'user-1' })
  })
})

async function publicKeyOf(jwk: object | undefined) {
  return crypto.subtle.importKey('jwk', { ...jwk, key_ops: ['verify'] }, { name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'verify',
  ])
}

describe("a tenant's own issuer", () => {
  it('speaks for its tenant, whose name a token need not say', async () => {
    const token = await theirs.token({ sub: 'ann', roles: ['client_admin'] })
    expect(await verify(token)).toEqual({
      sub: `${theirs.url}#ann`,
      tenant: 'acme',
      roles: ['client_admin'],
      customer: null,
      client: null,
    })
  })

  it('never speaks for another tenant, and gives no role of ours', async () => {
    expect(await problemOf(await theirs.token({ sub: 'ann', tenant: 'other', role: 'client_admin' }))).toMatchObject(
      refusal,
    )
    for (const role of ['admin', 'broker']) {
      expect(await problemOf(await theirs.token({ sub: 'ann', role }))).toMatchObject(refusal)
      const more = await theirs.token({ sub: 'ann', role, roles: [role, 'employee'] })
      expect((await verify(more)).roles).toEqual(['employee'])
    }
  })

  it('has subjects of its own: none is taken for one of another issuer', async () => {
    const mine = await verify(await theirs.token({ sub: BROKER.sub, role: 'api_client' }))
    expect(mine.sub).not.toBe((await verify(await ours.token(BROKER))).sub)
  })
})

describe('an employee whom the token does not name', () => {
  const asked: string[] = []
  const findEmployee = async (tenant: string, email: string) => {
    asked.push(`${tenant} ${email}`)
    return email === 'ann@acme.example' ? { employee: 'emp_ann', client: 'cli_acme' } : null
  }
  const callerOf = async (claims: JWTPayload) => {
    const issuer = { name: theirs.url, audience: 'tenor', keys: keysOfIssuer(theirs.url) }
    const knowing = tokenVerifier(
      async () => ({ ...issuer, speaksFor: { tenant: 'acme', roles: TENANT_ROLES } }),
      findEmployee,
    )
    return knowing(await theirs.token({ sub: 'ann', ...claims }))
  }
  const ann = { role: 'employee', email: 'ann@acme.example', email_verified: true }
  beforeEach(() => void asked.splice(0))

  it('is known by an address that the issuer has verified', async () => {
    expect(await callerOf(ann)).toMatchObject({ customer: 'emp_ann', client: 'cli_acme', roles: ['employee'] })
    expect(await callerOf({ ...ann, email: 'bob@acme.example' })).toMatchObject({ customer: null, client: null })
    expect(asked).toEqual(['acme ann@acme.example', 'acme bob@acme.example'])
  })

  it.each([
    ['the address is not verified', { email_verified: false }, null],
    ['nothing says that it is verified', { email_verified: undefined }, null],
    ['there is no address', { email: undefined }, null],
    ['the role is another', { role: 'client_admin' }, null],
    ['the token names somebody', { customer: 'emp_bob' }, 'emp_bob'],
  ])('is not looked for when %s', async (_, claims, customer) => {
    expect((await callerOf({ ...ann, ...claims })).customer).toBe(customer)
    expect(asked).toEqual([])
  })
})

describe("an issuer's keys", () => {
  it('are fetched once, also for many at the same moment', async () => {
    const token = await ours.token(BROKER)
    await Promise.all(Array.from({ length: 20 }, () => verify(token)))
    expect(ours.visits).toEqual({ discovery: 1, keys: 1 })
  })

  it('are rotated while running: the new key is taken at once, the old one until it is gone', async () => {
    const old = await ours.token(BROKER)
    await verify(old)
    now += 60_000
    await ours.rotate({ keep: true })
    expect(await verify(await ours.token(BROKER))).toMatchObject({ sub: 'user-1' })
    expect(await verify(old)).toMatchObject({ sub: 'user-1' })
    await ours.rotate()
    now += 11 * 60_000
    await verify(await ours.token(BROKER))
    expect(await problemOf(old)).toMatchObject(refusal)
  })

  it('are not looked for again at every made-up key id', async () => {
    await verify(await ours.token(BROKER))
    for (let i = 0; i < 50; i += 1) {
      expect(await problemOf(await ours.token(BROKER, { kid: `made-up-${i}` }))).toMatchObject(refusal)
    }
    expect(ours.visits.keys).toBe(1)
    now += 31_000
    await Promise.all([1, 2, 3].map(async (i) => problemOf(await ours.token(BROKER, { kid: `more-${i}` }))))
    expect(ours.visits.keys).toBe(2)
  })

  it('are held while the issuer cannot be asked, for a day', async () => {
    const token = await ours.token(BROKER, { expires: '3d' })
    await verify(token)
    ours.fault = 'down'
    now += 3_600_000
    expect(await verify(token)).toMatchObject({ sub: 'user-1' })
    now += 24 * 3_600_000
    expect(await problemOf(token)).toMatchObject({ status: 503, code: 'issuer_unreachable' })
    ours.fault = undefined
    now += 31_000
    expect(await verify(token)).toMatchObject({ sub: 'user-1' })
  })

  it.each(['down', 'speaks for another'] as const)(
    'that cannot be had are no fault of the caller: %s',
    async (fault) => {
      ours.fault = fault
      const token = await ours.token(BROKER)
      for (let i = 0; i < 20; i += 1) {
        expect(await problemOf(token)).toMatchObject({ status: 503, code: 'issuer_unreachable' })
      }
      expect(ours.visits.discovery).toBeLessThanOrEqual(1)
      ours.fault = undefined
      now += 2_000
      expect(await verify(token)).toMatchObject({ sub: 'user-1' })
    },
  )
})
