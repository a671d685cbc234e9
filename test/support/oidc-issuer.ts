import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

type Key = { kid: string; alg: string; privateKey: Parameters<SignJWT['sign']>[0]; jwk: JWK }
type Made = { issuer?: string; audience?: string; expires?: string | number; notBefore?: string; kid?: string }

/** A small OIDC provider that tests can rotate, break and count the visits of. */
export type OidcIssuer = {
  url: string
  /** How often it was asked for what. */
  visits: { discovery: number; keys: number }
  /** What it answers instead of what it should. */
  fault: 'down' | 'speaks for another' | 'no keys' | undefined
  keys: Key[]
  /** A token of it, signed by its newest key. */
  token(claims: JWTPayload, made?: Made): Promise<string>
  /** From now on it signs with a new key; the old ones are shown as well when `keep` is true. */
  rotate(options?: { keep?: boolean; alg?: string }): Promise<void>
  close(): Promise<void>
}

let made = 0

export async function startOidcIssuer(): Promise<OidcIssuer> {
  const keys = [await newKey('ES256')]
  const server = createServer((request, response) => {
    const send = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (issuer.fault === 'down') return void send({}, 500)
    if (request.url === '/.well-known/openid-configuration') {
      issuer.visits.discovery += 1
      const name = issuer.fault === 'speaks for another' ? 'https://another.test' : issuer.url
      return void send({ issuer: name, jwks_uri: `${issuer.url}/keys` })
    }
    if (request.url !== '/keys') return void send({}, 404)
    issuer.visits.keys += 1
    send({ keys: issuer.fault === 'no keys' ? [] : keys.map(({ jwk }) => jwk) })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer: OidcIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    visits: { discovery: 0, keys: 0 },
    fault: undefined,
    keys,
    token: (claims, options = {}) => sign(keys[0] as Key, issuer.url, claims, options),
    async rotate({ keep = false, alg = 'ES256' } = {}) {
      const next = await newKey(alg)
      if (!keep) keys.length = 0
      keys.unshift(next)
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return issuer
}

async function newKey(alg: string): Promise<Key> {
  made += 1
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const kid = `key-${made}`
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

function sign(key: Key, url: string, claims: JWTPayload, options: Made): Promise<string> {
  const { issuer = url, audience = 'tenor', expires = '1h', notBefore, kid = key.kid } = options
  const draft = new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(expires)
  if (notBefore !== undefined) draft.setNotBefore(notBefore)
  return draft.sign(key.privateKey)
}
