import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { instantOf } from '../../db/columns.ts'
import { type ApiClientRow, ApiClients, withNewHash } from '../../db/identity/api-clients.ts'
import { insertOnce } from '../../db/insert-once.ts'
import { BY_CREATION, pageOf as readPage } from '../../db/pages.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { instant, line, listQuery, pageOf, pathId } from '../http/fields.ts'
import { idempotencyHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { conflict, notFound } from '../http/problem.ts'
import { type Caller, callerOf } from './caller.ts'
import { onlyWithOwnIssuer } from './own-issuer.ts'
import { hashSecret, newSecret } from './passwords.ts'

const ApiClient = z
  .object({
    client_id: z.string(),
    name: z.string(),
    created_at: instant,
    rotated_at: instant.nullable(),
    revoked_at: instant.nullable(),
  })
  .meta({ id: 'ApiClient' })
const ApiClientWithSecret = z
  .object({ ...ApiClient.shape, client_secret: z.string().meta({ description: 'Shown this once.' }) })
  .meta({ id: 'ApiClientWithSecret' })
const ApiClientBody = z.strictObject({ name: line(200) }).meta({ id: 'ApiClientBody' })

const tags = [TAGS.identity]
const preHandler = onlyWithOwnIssuer
const config = { answerHoldsSecret: true }

/** The programs of a tenant and their secrets, where Tenor is its own issuer. */
export function apiClientRoutes(app: App, deps: ApiDeps): void {
  making(app, deps)
  reading(app, deps)
  rotating(app, deps)
  revoking(app, deps)
}

function making(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Make an API client; its secret is shown once',
    headers: idempotencyHeader,
    body: ApiClientBody,
    response: writeAnswers({ 201: json(ApiClientWithSecret, 'Made.') }, 409, 422),
  }
  app.post('/api_clients', { schema, config, preHandler: preHandler(deps) }, async (request, reply) => {
    const caller = callerOf(request)
    const id = idFor(request, 'cli_')
    const secret = newSecret()
    const em = deps.orm.em.fork()
    const made = {
      ...{ id, tenantId: caller.tenant, name: request.body.name, createdAt: instantOf(deps.now()) },
      ...{ secrets: withNewHash([], hashSecret(secret), deps.now()), rotatedAt: null, revokedAt: null },
    }
    // Whoever takes over the key of one who died before answering: nobody was shown that one's secret.
    const isNew = (await insertOnce(em, ApiClients, [made])) > 0
    if (!isNew) await em.nativeUpdate(ApiClients, { id, tenantId: caller.tenant }, { secrets: made.secrets })
    const row = await find(em, caller, id)
    return reply
      .code(201)
      .header('location', `/api_clients/${id}`)
      .send({ ...show(row), client_secret: secret })
  })
}

function reading(app: App, deps: ApiDeps): void {
  const list = {
    tags,
    summary: 'API clients, newest first, revoked ones too',
    querystring: listQuery,
    response: answers({ 200: json(pageOf(ApiClient, 'ApiClient'), 'One page.') }),
  }
  app.get('/api_clients', { schema: list, preHandler: preHandler(deps) }, async (request) => {
    const where = { tenantId: callerOf(request).tenant }
    const options = { order: 'desc' as const, ...request.query }
    const page = await readPage(deps.orm.em.fork(), ApiClients, where, BY_CREATION, options)
    return { data: page.data.map(show), next_cursor: page.nextCursor }
  })

  const one = {
    tags,
    summary: 'One API client, without its secret',
    params: pathId,
    response: answers({ 200: json(ApiClient, 'The client.') }, 404),
  }
  app.get('/api_clients/:id', { schema: one, preHandler: preHandler(deps) }, async (request) =>
    show(await find(deps.orm.em.fork(), callerOf(request), request.params.id)),
  )
}

function rotating(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Give an API client a new secret; the one before it is good for another 24 hours',
    params: pathId,
    headers: idempotencyHeader,
    body: z.strictObject({}).meta({ description: 'No body is needed.' }),
    response: writeAnswers({ 200: json(ApiClientWithSecret, 'Its new secret.') }, 404, 409, 422),
  }
  const options = { schema, config, preHandler: preHandler(deps) }
  app.post('/api_clients/:id/rotate_secret', options, async (request) => {
    const caller = callerOf(request)
    const { id } = request.params
    return deps.orm.em.fork().transactional(async (em) => {
      // Two who rotate at once: each one's secret is good.
      await em.execute('select from api_clients where id = ? and tenant_id = ? for update', [id, caller.tenant])
      const row = await find(em, caller, id)
      if (row.revokedAt) throw conflict('api_client_revoked', 'This API client was revoked: make a new one.')
      const secret = newSecret()
      row.secrets = withNewHash(row.secrets, hashSecret(secret), deps.now())
      row.rotatedAt = instantOf(deps.now())
      return { ...show(row), client_secret: secret }
    })
  })
}

function revoking(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Revoke an API client: it gets no more tokens, and those it has expire within a quarter of an hour',
    params: pathId,
    response: { ...writeAnswers({}, 404), 204: { description: 'Revoked.' } },
  }
  app.delete('/api_clients/:id', { schema, preHandler: preHandler(deps) }, async (request, reply) => {
    const em = deps.orm.em.fork()
    const row = await find(em, callerOf(request), request.params.id)
    const revokedAt = row.revokedAt ?? instantOf(deps.now())
    await em.nativeUpdate(ApiClients, { id: row.id, tenantId: row.tenantId }, { revokedAt, secrets: [] })
    return reply.code(204).send()
  })
}

async function find(em: EntityManager, { tenant }: Caller, id: string): Promise<ApiClientRow> {
  const row = await em.findOne(ApiClients, { id, tenantId: tenant })
  if (!row) throw notFound('API client')
  return row
}

function show(row: ApiClientRow): z.output<typeof ApiClient> {
  return {
    client_id: row.id,
    name: row.name,
    created_at: row.createdAt,
    rotated_at: row.rotatedAt ?? null,
    revoked_at: row.revokedAt ?? null,
  }
}
