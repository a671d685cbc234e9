import type { FastifyInstance, FastifyRequest } from 'fastify'
import { inTenant, withoutTenant } from '../../db/tenancy/scope.ts'
import { isOfCompanyOnly, isOwingOnly } from '../../domain/identity/roles.ts'
import { tooMany } from '../http/limits.ts'
import { Problem } from '../http/problem.ts'
import type { Caller } from './caller.ts'
import { type Access, accessTo } from './permissions.ts'
import type { TokenVerifier } from './tokens.ts'

const FAILURES_A_MINUTE = 120

/**
 * Lets nobody through to a route whom the permission table does not name, and nobody beyond their tenant. A route that the table does not know fails
 * the start, so that none is ever open by omission.
 */
export function authenticate(app: FastifyInstance, verify: TokenVerifier): void {
  app.decorateRequest('caller', null)
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) accessTo(one, url)
  })
  const failures = app.createRateLimit({ max: FAILURES_A_MINUTE, timeWindow: 60_000, keyGenerator: ({ ip }) => ip })
  app.addHook('onRequest', async (request) => {
    if (request.is404) return
    const access = accessTo(request.method, request.routeOptions.url ?? '')
    if (access === 'public') return
    request.caller = await verify(bearerToken(request)).catch(async (problem: unknown) => {
      const guesses = await failures(request)
      if (!guesses.isAllowed && guesses.isExceeded) throw tooMany(guesses.ttlInSeconds)
      throw problem
    })
    request.log = request.log.child({ caller: request.caller.sub, tenant: request.caller.tenant })
    request.caller = allowed(request.caller, access)
  })
  // Not earlier: reading a body loses whose work it is. From here on the database knows this caller's tenant only.
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.caller) inTenant(request.caller.tenant, done)
    else withoutTenant(done)
  })
}

/**
 * The caller with the roles that count on this route. The others do not widen what may be seen there: a company's admin
 * who owes as well sees no more of where only who owes may look.
 */
function allowed(caller: Caller, access: Exclude<Access, 'public'>): Caller {
  const roles = caller.roles.filter((role) => access.includes(role))
  if (roles.length === 0) throw new Problem(403, 'forbidden', 'Your role does not allow this.')
  if (isOwingOnly(roles) && caller.customer === null) {
    throw new Problem(403, 'forbidden', 'The token does not say which customer you are.')
  }
  if (isOfCompanyOnly(roles) && caller.client === null) {
    throw new Problem(403, 'forbidden', 'The token does not say which company you are of.')
  }
  return { ...caller, roles }
}

function bearerToken(request: FastifyRequest): string {
  const token = /^Bearer +([\w.~+/=-]+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token) return token
  throw new Problem(401, 'token_missing', 'Send a token: Authorization: Bearer ….', {
    headers: { 'www-authenticate': 'Bearer' },
  })
}
