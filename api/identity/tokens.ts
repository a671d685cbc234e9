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
  client: id.optional(),
  email: z.string().max(254).optional().catch(undefined),
  email_verified: z.boolean().optional().catch(undefined),
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
/** The employee of the tenant with this address, whose company has the address's domain. */
export type FindEmployee = (tenant: string, email: string) => Promise<{ employee: string; client: string } | null>

/**
 * Checks bearer tokens: issuer, signature, audience, times, and whether the issuer may say what it says. Throws the
 * problem to answer with. An employee whom the token does not name is known by the address in it, which the issuer must
 * say is theirs.
 */
export function tokenVerifier(find: FindIssuer, findEmployee: FindEmployee = async () => null): TokenVerifier {
  return async (token) => {
    const issuer = await find(nameIn(token))
    if (!issuer) throw refused()
    const claims = Claims.safeParse(await verified(token, issuer))
    if (!claims.success) throw invalidToken('The token lacks a claim: it needs sub, tenant and role.')
    const { speaksFor, name } = issuer
    const caller = speaksFor === 'all' ? said(claims.data) : saidOfTenant(claims.data, name, speaksFor)
    return recognised(caller, claims.data, findEmployee)
  }
}

type Said = z.output<typeof Claims>

function said(claims: Said): Caller {
  const { sub, tenant, customer = null, client = null } = claims
  if (tenant === undefined) throw invalidToken('The token does not say for which tenant it is.')
  return { sub, tenant, roles: rolesIn(claims, ROLES), customer, client }
}

/**
 * The tenant is the one whose issuer it is, whatever the token says of it. Subjects are told apart from those of every
 * other issuer, since what a caller may repeat or is limited in goes by them.
 */
function saidOfTenant(claims: Said, name: string, { tenant, roles }: Exclude<Issuer['speaksFor'], 'all'>): Caller {
  if (claims.tenant !== undefined && claims.tenant !== tenant) throw refused()
  const { sub, customer = null, client = null } = claims
  return { sub: `${name}#${sub}`, tenant, roles: rolesIn(claims, roles), customer, client }
}

async function recognised(caller: Caller, { email, email_verified }: Said, find: FindEmployee): Promise<Caller> {
  const isNamed = caller.customer !== null || !caller.roles.includes('employee')
  if (isNamed || email === undefined || email_verified !== true) return caller
  const found = await find(caller.tenant, email)
  return found ? { ...caller, customer: found.employee, client: caller.client ?? found.client } : caller
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
