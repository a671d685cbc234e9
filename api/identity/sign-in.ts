import { z } from 'zod'
import { type UserRow, Users } from '../../db/identity/users.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import type { ApiDeps } from '../deps.ts'
import { json, problemAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { Problem } from '../http/problem.ts'
import type { CountAttempt } from './attempts.ts'
import { AccessToken, NOT_KEPT } from './oauth-routes.ts'
import { issuerHere, USER_TOKEN_SECONDS } from './own-issuer.ts'
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
    request.caller = { sub: user.id, tenant, roles: user.roles, customer: user.customerId ?? null }
    return reply.headers(NOT_KEPT).send({
      access_token: await issuer.sign(claimsOf(user), `${USER_TOKEN_SECONDS}s`),
      token_type: 'Bearer' as const,
      expires_in: USER_TOKEN_SECONDS,
    })
  })
}

function claimsOf({ id, tenantId, roles, customerId }: UserRow) {
  const claims = { sub: id, tenant: tenantId, roles }
  return customerId ? { ...claims, customer: customerId } : claims
}
