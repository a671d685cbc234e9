import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { Problem } from '../http/problem.ts'
import { keysOfIssuer } from './issuers.ts'
import { tokenVerifier } from './tokens.ts'

const ISSUER = 'https://issuer.test/'
const AUDIENCE = 'tenor'
const mine = await generateKeyPair('ES256', { extractable: true })
const jwk = { ...(await exportJWK(mine.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
const verify = tokenVerifier({ issuer: ISSUER, audience: AUDIENCE, keys: createLocalJWKSet({ keys: [jwk] }) })

type Made = {
  claims?: JWTPayload
  alg?: string
  key?: Parameters<SignJWT['sign']>[0]
  issuer?: string
  audience?: string
  expires?: string
}
function token({
  claims,
  alg = 'ES256',
  key = mine.privateKey,
  issuer = ISSUER,
  audience = AUDIENCE,
  expires = '1h',
}: Made = {}) {
  return new SignJWT(claims ?? { sub: 'user-1', tenant: 'acme', role: 'broker' })
    .setProtectedHeader({ alg, kid: 'k1' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(key)
}

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(Problem)
  return thrown as Problem
}

describe('a bearer token', () => {
  it('says who calls', async () => {
    expect(await verify(await token())).toEqual({ sub: 'user-1', tenant: 'acme', roles: ['broker'], customer: null })
    const claims = { sub: 'c', tenant: 'acme', roles: ['customer', 'unheard-of'], customer: 'cust_1' }
    expect(await verify(await token({ claims }))).toEqual({
      sub: 'c',
      tenant: 'acme',
      roles: ['customer'],
      customer: 'cust_1',
    })
  })

  it('is refused when it is not ours, not for us, over, or says too little', async () => {
    const other = await generateKeyPair('ES256')
    const publicBytes = new TextEncoder().encode(JSON.stringify(jwk))
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"x","tenant":"acme","role":"admin"}').toString('base64url')}.`
    const bad = [
      'nonsense',
      'a.b.c',
      unsigned,
      await token({ key: other.privateKey }),
      await token({ alg: 'HS256', key: publicBytes }),
      await token({ issuer: 'https://evil.test/' }),
      await token({ audience: 'other' }),
      await token({ expires: '-1m' }),
      await token({ claims: { tenant: 'acme', role: 'admin' } }),
      await token({ claims: { sub: 'x', role: 'admin' } }),
      await token({ claims: { sub: 'x', tenant: 'acme' } }),
      await token({ claims: { sub: 'x', tenant: 'acme', role: 'root' } }),
      await token({ claims: { sub: 'x', tenant: ['acme'], role: 'admin' } }),
    ]
    for (const one of bad) {
      expect(await problemOf(verify(one))).toMatchObject({ status: 401, code: 'invalid_token' })
    }
  })
})

describe('an OIDC issuer', () => {
  it('is asked for its keys by discovery, and its absence is not the caller’s fault', async () => {
    let isUp = false
    const server = createServer((request, response) => {
      if (!isUp) return void response.writeHead(500).end()
      const body = request.url === '/jwks' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks` }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const remote = tokenVerifier({ issuer, audience: AUDIENCE, keys: keysOfIssuer(issuer) })
    const good = await token({ issuer })
    expect(await problemOf(remote(good))).toMatchObject({ status: 503, code: 'issuer_unreachable' })
    isUp = true
    expect(await remote(good)).toMatchObject({ sub: 'user-1' })
    await new Promise((resolve) => server.close(resolve))
  })
})
