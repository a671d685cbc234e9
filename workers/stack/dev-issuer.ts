import * as fs from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, type JWK, type JWTVerifyGetKey, SignJWT } from 'jose'
import type { Role } from '../../domain/identity/roles.ts'
import { writeOnce } from './write-once.ts'

export const DEV_ISSUER = 'tenor-dev'
export const DEV_AUDIENCE = 'tenor'
export const DEFAULT_TENANT = 'tenor'

export type DevClaims = {
  sub: string
  tenant: string
  /** One, or several. */
  role?: Role
  roles?: Role[]
  /** The customer whose plans somebody with a role of those who owe may see. */
  customer?: string
  /** The company of its admin. */
  client?: string
}

export type DevIssuer = {
  /** A bearer token (ES256, issuer `tenor-dev`, audience `tenor`); `ttl` like `8h` or `30m`. */
  sign: (claims: DevClaims, ttl?: string) => Promise<string>
  /** What its tokens are checked with. */
  keys: JWTVerifyGetKey
  /** The file with its key: what DEV_ISSUER_KEY_FILE names. */
  keyFile: string
}

/** The development issuer of a data folder. */
export function devIssuer(home: string): Promise<DevIssuer> {
  return devIssuerOf(join(home, 'dev-issuer.key.json'))
}

/** The development issuer whose key is in a file. It is made when there is none, and only its owner can read it. */
export async function devIssuerOf(keyFile: string): Promise<DevIssuer> {
  const key = await keyIn(keyFile)
  const { d: _, ...publicKey } = key
  const privateKey = await importJWK(key, 'ES256')
  return {
    keyFile,
    keys: createLocalJWKSet({ keys: [publicKey] }),
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

async function keyIn(file: string): Promise<JWK> {
  if (!fs.existsSync(file)) {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const key = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: `dev-${Date.now()}` }
    writeOnce(file, JSON.stringify(key))
  }
  return JSON.parse(fs.readFileSync(file, 'utf8'))
}
