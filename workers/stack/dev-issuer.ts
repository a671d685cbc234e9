import * as fs from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import type { Role } from '../../domain/identity/roles.ts'

export const DEV_ISSUER = 'tenor-dev'
export const DEV_AUDIENCE = 'tenor'
export const DEFAULT_TENANT = 'tenor'

export type DevClaims = {
  sub: string
  tenant: string
  role: Role
  /** The customer whose plans somebody with the role `customer` may see. */
  customer?: string
}

export type DevIssuer = {
  /** A bearer token (ES256, issuer `tenor-dev`, audience `tenor`); `ttl` like `8h` or `30m`. */
  sign: (claims: DevClaims, ttl?: string) => Promise<string>
  /** The file with the public keys, a JWKS: what DEV_ISSUER_KEY_FILE names. */
  jwksFile: string
}

/** The development issuer of a data folder. Its key is made when there is none, and only its owner can read it. */
export async function devIssuer(home: string): Promise<DevIssuer> {
  const key = await keyIn(home)
  const jwksFile = join(home, 'dev-issuer.jwks.json')
  const { d: _, ...publicKey } = key
  fs.writeFileSync(jwksFile, `${JSON.stringify({ keys: [publicKey] }, null, 2)}\n`)
  const privateKey = await importJWK(key, 'ES256')
  return {
    jwksFile,
    sign: ({ sub, ...claims }, ttl = '8h') =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: key.kid })
        .setSubject(sub)
        .setIssuer(DEV_ISSUER)
        .setAudience(DEV_AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(ttl)
        .sign(privateKey),
  }
}

async function keyIn(home: string): Promise<JWK> {
  const file = join(home, 'dev-issuer.key.json')
  if (!fs.existsSync(file)) {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const key = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: `dev-${Date.now()}` }
    fs.mkdirSync(home, { recursive: true })
    // Linked into place, so that of two that start together both take the same key, and whole.
    const draft = `${file}.${process.pid}`
    fs.writeFileSync(draft, JSON.stringify(key), { mode: 0o600 })
    try {
      fs.linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      fs.rmSync(draft)
    }
  }
  return JSON.parse(fs.readFileSync(file, 'utf8'))
}
