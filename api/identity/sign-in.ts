import { z } from 'zod'
import { type UserRow, Users } from '../../db/identity/users.ts'
import { employeeByEmail } from '../../db/leasing/staff.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { isOwingOnly } from '../../domain/identity/roles.ts'
import type { ApiDeps } from '../deps.ts'
import { json, problemAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { Problem } from '../http/problem.ts'
import type { CountAttempt } from './attempts.ts'
import type { Caller } from './caller.ts'
import { AccessToken, NOT_KEPT } from './oauth-routes.ts'
import { issuerHere, type OwnClaims, USER_TOKEN_SECONDS } from './own-issuer.ts'
import { isPassword } from './passwords.ts'

const SignInBody = z
  .strictObject({
    tenant: z.string().min(1).max(255).meta({ example: 'tenor' }),
    email: z.string().min(1).max(254),
    password: z.string().min(1).max(200),
  })
  .meta({ id: 'SignInBody' })

/** People sign in with a password; RFC 6749's way for that is no longer to be used, so it is a route of its own. */
export function signInRoute(app: App, deps: ApiDeps, countAttempt: CountAttempt): void {
  const schema = {
    tags: [TAGS.identity],
    summary: 'Sign in with a password',
    body: SignInBody,
    response: {
      200: json(AccessToken, 'A token for an hour.'),
      ...problemAnswers([400, 401, 403, 413, 414, 415, 429, 500, 503]),
    },
  }
  app.post('/sign_in', { schema }, async (request, reply) => {
    const issuer = issuerHere(deps)
    const { tenant, password } = request.body
    const email = request.body.email.toLowerCase()
    await countAttempt(request, JSON.stringify([tenant, email]))
    const wanted = { tenantId: tenant, email, disabledAt: null }
    const user = await inTenant(tenant, () => deps.orm.em.fork().findOne(Users, wanted))
    if (!(await isPassword(password, user?.passwordHash ?? null)) || !user) {
      request.log.info('sign-in failed')
      throw new Problem(401, 'sign_in_failed', 'Tenant, e-mail address or password is not right.')
    }
    const who = await inTenant(tenant, () => whoIs(deps, user))
    request.caller = { sub: user.id, tenant, roles: user.roles, ...who }
    if (isOwingOnly(user.roles) && who.customer === null) throw unknownEmployee()
    return reply.headers(NOT_KEPT).send({
      access_token: await issuer.sign(claimsOf(request.caller), `${USER_TOKEN_SECONDS}s`),
      token_type: 'Bearer' as const,
      expires_in: USER_TOKEN_SECONDS,
    })
  })
}

const unknownEmployee = () =>
  new Problem(403, 'unknown_employee', 'No company here has an employee with your e-mail address.')

/** An employee whom nobody has named is known by the address, and named so from then on. */
async function whoIs({ orm }: ApiDeps, user: UserRow): Promise<Pick<Caller, 'customer' | 'client'>> {
  const { id, tenantId, roles } = user
  const named = { customer: user.customerId ?? null, client: user.clientId ?? null }
  if (named.customer !== null || !roles.includes('employee')) return named
  const em = orm.em.fork()
  const found = await employeeByEmail(em, tenantId, user.email)
  if (!found) return named
  const client = named.client ?? found.client
  await em.nativeUpdate(Users, { id, tenantId, customerId: null }, { customerId: found.employee, clientId: client })
  return { customer: found.employee, client }
}

function claimsOf({ sub, tenant, roles, customer, client }: Caller): OwnClaims {
  return { sub, tenant, roles, ...(customer !== null && { customer }), ...(client !== null && { client }) }
}
