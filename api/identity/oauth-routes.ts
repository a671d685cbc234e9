import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type ApiClientRow, ApiClients, validHashes } from '../../db/identity/api-clients.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { tenantOfApiClient } from '../../db/tenancy/ways.ts'
import type { ApiDeps } from '../deps.ts'
import { json, problemAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { problemOf, sendProblem } from '../http/errors.ts'
import type { CountAttempt } from './attempts.ts'
import { CLIENT_TOKEN_SECONDS, issuerHere } from './own-issuer.ts'
import { hashSecret, isSecret, newSecret } from './passwords.ts'

export const AccessToken = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds.' }),
  })
  .meta({ id: 'AccessToken' })

const CODES = ['invalid_request', 'invalid_client', 'unsupported_grant_type', 'invalid_scope'] as const
const OAuthErrorShape = z
  .object({ error: z.enum(CODES), error_description: z.string() })
  .meta({ id: 'OAuthError', description: 'RFC 6749, section 5.2.' })

const text = z.string().max(1_000).optional()
/** What else is sent is ignored, as the RFC asks for. */
const TokenBody = z
  .object({
    grant_type: z.string().max(200).meta({ description: '`client_credentials`.', example: 'client_credentials' }),
    client_id: text.meta({ description: 'With `client_secret` here, or both by HTTP Basic.' }),
    client_secret: text,
    scope: text.meta({ description: 'There are none.' }),
  })
  .meta({ id: 'TokenBody' })
type Form = z.output<typeof TokenBody>

const FORM = 'application/x-www-form-urlencoded'

class OAuthError extends Error {
  readonly code: (typeof CODES)[number]
  constructor(code: (typeof CODES)[number], detail: string) {
    super(detail)
    this.code = code
  }
}

/** Tokens for programs: the client credentials of RFC 6749, with its body and its errors. */
export function oauthRoutes(app: App, deps: ApiDeps, countAttempt: CountAttempt): void {
  const schema = {
    tags: [TAGS.identity],
    summary: 'A token for an API client (RFC 6749, client credentials)',
    consumes: [FORM],
    body: TokenBody,
    response: {
      200: json(AccessToken, 'A token for a quarter of an hour.'),
      400: json(OAuthErrorShape, 'The request is none of RFC 6749.'),
      401: json(OAuthErrorShape, 'The client or its secret is not right; which of them, is not said.'),
      ...problemAnswers([403, 413, 414, 429, 500, 503]),
    },
  }
  // A scope of its own: nowhere else is a form a body.
  app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(FORM, { parseAs: 'string' }, async (_: FastifyRequest, body: string) => formIn(body))
    scope.setErrorHandler(answerOAuth)
    scope.post('/oauth/token', { schema }, async (request, reply) => {
      const issuer = issuerHere(deps)
      const { id, secret } = credentialsIn(request, request.body)
      await countAttempt(request, id)
      const client = await clientFor(deps, id, secret)
      if (!client) throw wrongClient()
      const claims = { sub: client.id, tenant: client.tenantId, roles: ['api_client' as const] }
      request.caller = { ...claims, customer: null, client: null }
      return reply.headers(NOT_KEPT).send({
        access_token: await issuer.sign(claims, `${CLIENT_TOKEN_SECONDS}s`),
        token_type: 'Bearer' as const,
        expires_in: CLIENT_TOKEN_SECONDS,
      })
    })
  })
}

export const NOT_KEPT = { 'cache-control': 'no-store', pragma: 'no-cache' }

/** A parameter that is sent without a value counts as not sent; one that is sent twice makes the request invalid. */
function formIn(text: string): Record<string, string> {
  const given = [...new URLSearchParams(text)].filter(([, value]) => value !== '')
  const form = Object.fromEntries(given)
  if (Object.keys(form).length < given.length) throw new OAuthError('invalid_request', 'A parameter is sent twice.')
  return form
}

function credentialsIn(request: FastifyRequest, form: Form): { id: string; secret: string } {
  if (form.grant_type !== 'client_credentials') {
    throw new OAuthError('unsupported_grant_type', 'The one grant_type here is client_credentials.')
  }
  if (form.scope !== undefined) throw new OAuthError('invalid_scope', 'There are no scopes here: leave it out.')
  const { authorization } = request.headers
  if (authorization === undefined) return { id: form.client_id ?? '', secret: form.client_secret ?? '' }
  if (form.client_secret !== undefined) {
    throw new OAuthError('invalid_request', 'Send the credentials once: by HTTP Basic or in the body.')
  }
  const pair = /^Basic +([\w+/=-]+)$/i.exec(authorization)?.[1]
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(pair ?? '', 'base64').toString()) ?? []
  if (id === undefined || secret === undefined) throw wrongClient()
  return { id: formDecoded(id), secret: formDecoded(secret) }
}

/** Both halves of the pair are encoded as forms are, before they are joined (section 2.3.1). */
function formDecoded(text: string): string {
  return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? ''
}

/** The client whose secret it is. What is not there is compared as well, so that it takes as long. */
async function clientFor(deps: ApiDeps, id: string, secret: string): Promise<ApiClientRow | null> {
  const row = CLIENT_ID.test(id) ? await clientBy(deps.orm.em.fork(), id) : null
  const isRight = isSecret(secret, row ? validHashes(row.secrets, deps.now()) : [NOBODYS])
  return isRight ? row : null
}

async function clientBy(em: EntityManager, id: string): Promise<ApiClientRow | null> {
  const tenant = await tenantOfApiClient(em, id)
  return tenant === null ? null : inTenant(tenant, () => em.findOne(ApiClients, { id, revokedAt: null }))
}

const CLIENT_ID = /^cli_[a-z2-7]{26}$/
const NOBODYS = hashSecret(newSecret())

const wrongClient = () => new OAuthError('invalid_client', 'The client or its secret is not right.')

/** What RFC 6749 has no word for is a problem as everywhere. */
function answerOAuth(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error)
  const isInvalid = [400, 415].includes(problem.status)
  if (!(error instanceof OAuthError) && !isInvalid) return sendProblem(problem, error, request, reply)
  const code = error instanceof OAuthError ? error.code : 'invalid_request'
  request.log.info({ code, client: request.signingInAs }, 'no token given')
  if (code === 'invalid_client') reply.header('www-authenticate', 'Basic realm="tenor"')
  const detail = error instanceof OAuthError ? error.message : problem.message
  return reply
    .code(code === 'invalid_client' ? 401 : 400)
    .headers(NOT_KEPT)
    .type('application/json')
    .send({ error: code, error_description: detail.replace(/[^\x20-\x7e]|["\\]/g, "'") })
}
