import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { ROLES, type Role } from '../../domain/identity/roles.ts'
import { Problem, unavailable } from '../http/problem.ts'
import type { Caller } from './caller.ts'

/** Signatures that are taken. Symmetric ones are not: a public key must never serve as a secret. */
const ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA']
/** How far our clock and an issuer's may be apart. */
const LEEWAY_SECONDS = 5
// PostgreSQL has no NUL in text.
const id = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\0]*$/)
const Claims = z.object({
  sub: id,
  tenant: id.optional(),
  role: z.enum(ROLES).optional().catch(undefined),
  roles: z.array(z.string()).max(50).optional(),
  customer: id.optional(),
})

/** Somebody whose tokens are taken. */
export type Issuer = {
  /** As it stands in `iss`. */
  name: string
  audience: string
  keys: JWTVerifyGetKey
  /** Whom it speaks for: the one tenant whose provider it is, with the roles that it may give; or all, as they say. */
  speaksFor: { tenant: string; roles: readonly Role[] } | 'all'
}

/** The issuer of that name, `null` when tokens of it are not taken. */
export type FindIssuer = (name: string) => Promise<Issuer | null>
export type TokenVerifier = (token: string) => Promise<Caller>

/**
 * Checks bearer tokens: issuer, signature, audience, times, and whether the issuer may say what it says. Throws the
 * problem to answer with.
 */
export function tokenVerifier(find: FindIssuer): TokenVerifier {
  return async (token) => {
    const issuer = await find(nameIn(token))
    if (!issuer) throw refused()
    const claims = Claims.safeParse(await verified(token, issuer))
    if (!claims.success) throw invalidToken('The token lacks a claim: it needs sub, tenant and role.')
    return issuer.speaksFor === 'all' ? said(claims.data) : saidOfTenant(claims.data, issuer.name, issuer.speaksFor)
  }
}

type Said = z.output<typeof Claims>

function said(claims: Said): Caller {
  const { sub, tenant, customer = null } = claims
  if (tenant === undefined) throw invalidToken('The token does not say for which tenant it is.')
  return { sub, tenant, roles: rolesIn(claims, ROLES), customer }
}

/**
 * The tenant is the one whose issuer it is, whatever the token says of it. Subjects are told apart from those of every
 * other issuer, since what a caller may repeat or is limited in goes by them.
 */
function saidOfTenant(claims: Said, name: string, { tenant, roles }: Exclude<Issuer['speaksFor'], 'all'>): Caller {
  if (claims.tenant !== undefined && claims.tenant !== tenant) throw refused()
  return { sub: `${name}#${claims.sub}`, tenant, roles: rolesIn(claims, roles), customer: claims.customer ?? null }
}

function rolesIn({ role, roles = [] }: Said, allowed: readonly Role[]): Role[] {
  const known = allowed.filter((one) => one === role || roles.includes(one))
  if (known.length === 0) throw invalidToken('The token names no role that its issuer can give here.')
  return known
}

/** Not believed yet: it only says whose keys to try. */
function nameIn(token: string): string {
  try {
    const { iss } = decodeJwt(token)
    if (iss !== undefined) return iss
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
  }
  throw refused()
}

async function verified(token: string, { name, audience, keys }: Issuer): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, reachable(keys), {
      issuer: name,
      audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: LEEWAY_SECONDS,
    })
    return payload
  } catch (error) {
    if (error instanceof Problem) throw error
    throw refused()
  }
}

const ABOUT_TOKEN = ['ERR_JWKS_NO_MATCHING_KEY', 'ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'ERR_JOSE_NOT_SUPPORTED']

/** Keys that cannot be fetched say nothing about the token: that is a fault of ours, not of the caller's. */
function reachable(keys: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, input) => {
    try {
      return await keys(header, input)
    } catch (error) {
      if (error instanceof errors.JOSEError && ABOUT_TOKEN.includes(error.code)) throw error
      throw unavailable('issuer_unreachable', 'The keys that tokens are checked with cannot be fetched.', error)
    }
  }
}

/** One answer whatever was wrong: whoever tries tokens learns nothing from it. */
function refused(): Problem {
  return invalidToken('The token is not valid here, or not any more.')
}

function invalidToken(detail: string): Problem {
  return new Problem(401, 'invalid_token', detail, { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
}
