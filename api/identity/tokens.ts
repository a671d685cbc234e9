import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { ROLES } from '../../domain/identity/roles.ts'
import { Problem, unavailable } from '../http/problem.ts'
import type { Caller } from './caller.ts'

/** Signatures that are taken. Symmetric ones are not: a public key must never serve as a secret. */
const ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA']
const id = z.string().min(1).max(255)
const Claims = z.object({
  sub: id,
  tenant: id,
  role: z.enum(ROLES).optional(),
  roles: z.array(z.string()).max(50).optional(),
  customer: id.optional(),
})

export type TokenVerifier = (token: string) => Promise<Caller>

/** Checks bearer tokens of one issuer: signature, issuer, audience, times. Throws the problem to answer with. */
export function tokenVerifier(options: { issuer: string; audience: string; keys: JWTVerifyGetKey }): TokenVerifier {
  return async (token) => {
    const payload = await verified(token, options)
    const claims = Claims.safeParse(payload)
    if (!claims.success) throw invalidToken('The token lacks a claim: it needs sub, tenant and role.')
    const { sub, tenant, role, roles = [], customer = null } = claims.data
    const known = ROLES.filter((one) => one === role || roles.includes(one))
    if (known.length === 0) throw invalidToken('The token names no role that is known here.')
    return { sub, tenant, roles: known, customer }
  }
}

type Options = Parameters<typeof tokenVerifier>[0]

async function verified(token: string, { issuer, audience, keys }: Options): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, reachable(keys), {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: 5,
    })
    return payload
  } catch (error) {
    if (error instanceof Problem) throw error
    throw invalidToken('The token is not valid here, or not any more.')
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

function invalidToken(detail: string): Problem {
  return new Problem(401, 'invalid_token', detail, { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
}
