import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { instantOf } from '../../db/columns.ts'
import { insertOnce } from '../../db/insert-once.ts'
import { keysOf } from '../../db/keys.ts'
import { BY_CREATION, given, pageOf as readPage } from '../../db/pages.ts'
import { findEvent } from '../../db/plans/read-events.ts'
import { WebhookDeliveries } from '../../db/webhooks/deliveries.ts'
import { type WebhookEndpointRow, WebhookEndpoints } from '../../db/webhooks/endpoints.ts'
import { newestPosition } from '../../db/webhooks/fan-out.ts'
import { replayAll, replayEvent } from '../../db/webhooks/replay.ts'
import { type KeptSecret, validSecrets, withNewSecret } from '../../db/webhooks/secrets.ts'
import { parseInstant } from '../../domain/calendar.ts'
import { newSigningSecret } from '../../gateways/webhooks/signature.ts'
import { addressesOf, TargetRefused } from '../../gateways/webhooks/target.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { listQuery, pageOf, pathId } from '../http/fields.ts'
import { idempotencyHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { notFound, unavailable, unprocessable } from '../http/problem.ts'
import { type Caller, callerOf } from '../identity/caller.ts'
import {
  Delivery,
  deliveryQuery,
  Endpoint,
  EndpointBody,
  EndpointWithSecret,
  ReplayBody,
  Replayed,
  showDelivery,
  showEndpoint,
} from './shapes.ts'

const tags = [TAGS.webhooks]

/** Where a tenant wants to be told what happened; the worker sends, see workers/webhooks.ts. */
export function webhookEndpointRoutes(app: App, deps: ApiDeps): void {
  making(app, deps)
  reading(app, deps)
  deleting(app, deps)
  rotating(app, deps)
  replaying(app, deps)
  deliveries(app, deps)
}

function making(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Have events sent to a URL, from now on',
    headers: idempotencyHeader,
    body: EndpointBody,
    response: writeAnswers({ 201: json(EndpointWithSecret, 'Made; its secret is shown this once.') }, 409, 422),
  }
  app.post('/webhook_endpoints', { schema }, async (request, reply) => {
    const { tenant } = callerOf(request)
    const { url, event_types: eventTypes = null, description = null } = request.body
    await refuseBadTarget(deps, url)
    const em = deps.orm.em.fork()
    const id = idFor(request, 'whe_')
    const secrets = freshSecrets(deps, { id, secrets: [] })
    const cursorPosition = await newestPosition(em, tenant)
    const createdAt = instantOf(deps.now())
    await insertOnce(em, WebhookEndpoints, [
      { id, tenantId: tenant, url, eventTypes, description, secrets, cursorPosition, createdAt },
    ])
    // Whoever takes over the key of one who died finds the endpoint that was made, with its own secret.
    const row = await find(em, callerOf(request), id)
    return reply.code(201).header('location', `/webhook_endpoints/${id}`).send(withSecret(row, deps))
  })
}

function reading(app: App, deps: ApiDeps): void {
  const list = {
    tags,
    summary: 'Where events are sent to, newest first',
    querystring: listQuery,
    response: answers({ 200: json(pageOf(Endpoint, 'WebhookEndpoint'), 'One page.') }),
  }
  app.get('/webhook_endpoints', { schema: list }, async (request) => {
    const where = { tenantId: callerOf(request).tenant }
    const page = await readPage(deps.orm.em.fork(), WebhookEndpoints, where, BY_CREATION, {
      order: 'desc',
      ...request.query,
    })
    return { data: page.data.map(showEndpoint), next_cursor: page.nextCursor }
  })

  const one = {
    tags,
    summary: 'One endpoint, without its secret',
    params: pathId,
    response: answers({ 200: json(Endpoint, 'The endpoint.') }, 404),
  }
  app.get('/webhook_endpoints/:id', { schema: one }, async (request) =>
    showEndpoint(await find(deps.orm.em.fork(), callerOf(request), request.params.id)),
  )
}

function deleting(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Send nothing more, and forget what was queued',
    params: pathId,
    response: { ...writeAnswers({}, 404), 204: { description: 'Gone.' } },
  }
  app.delete('/webhook_endpoints/:id', { schema }, async (request, reply) => {
    const where = { id: request.params.id, tenantId: callerOf(request).tenant }
    const deleted = await deps.orm.em.fork().nativeDelete(WebhookEndpoints, where)
    if (deleted === 0) throw notFound('webhook endpoint')
    return reply.code(204).send()
  })
}

function rotating(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Give an endpoint a new secret; for 24 hours deliveries are signed with the old one too',
    params: pathId,
    headers: idempotencyHeader,
    body: z.strictObject({}).meta({ description: 'No body is needed.' }),
    response: writeAnswers({ 200: json(EndpointWithSecret, 'Its new secret, shown this once.') }, 404, 409, 422),
  }
  app.post('/webhook_endpoints/:id/rotate_secret', { schema }, async (request) => {
    const caller = callerOf(request)
    const { id } = request.params
    return deps.orm.em.fork().transactional(async (em) => {
      // Two who rotate at once: each one's secret is valid.
      await em.execute('select from webhook_endpoints where id = ? and tenant_id = ? for update', [id, caller.tenant])
      const row = await find(em, caller, id)
      row.secrets = freshSecrets(deps, row)
      return withSecret(row, deps)
    })
  })
}

function replaying(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Send again what was held, or what a receiver has lost',
    params: pathId,
    headers: idempotencyHeader,
    body: ReplayBody,
    response: writeAnswers({ 202: json(Replayed, 'So many deliveries are queued anew.') }, 404, 409, 422),
  }
  app.post('/webhook_endpoints/:id/replay', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const em = deps.orm.em.fork()
    const endpoint = await find(em, caller, request.params.id)
    const { event_id: eventId, since } = request.body
    if (eventId === undefined) {
      const queued = await replayAll(em, endpoint, since && parseInstant(since), deps.now())
      return reply.code(202).send({ queued })
    }
    const event = await findEvent(em, caller.tenant, eventId)
    if (!event) throw unprocessable('unknown_event', 'There is no such event.', '/event_id')
    return reply.code(202).send({ queued: await replayEvent(em, endpoint, event, deps.now()) })
  })
}

function deliveries(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'What an endpoint was or will be sent, newest first',
    params: pathId,
    querystring: deliveryQuery,
    response: answers({ 200: json(pageOf(Delivery, 'WebhookDelivery'), 'One page.') }, 404),
  }
  app.get('/webhook_endpoints/:id/deliveries', { schema }, async (request) => {
    const em = deps.orm.em.fork()
    const { id: endpointId } = await find(em, callerOf(request), request.params.id)
    const { limit, cursor, status } = request.query
    const where = { endpointId, ...given({ status }) }
    const page = await readPage(em, WebhookDeliveries, where, BY_CREATION, { order: 'desc', limit, cursor })
    return { data: page.data.map(showDelivery), next_cursor: page.nextCursor }
  })
}

async function refuseBadTarget({ config }: ApiDeps, url: string): Promise<void> {
  try {
    await addressesOf(new URL(url), { allowPrivate: config.webhooksToPrivate ?? false })
  } catch (error) {
    if (error instanceof TargetRefused) throw unprocessable('webhook_url_refused', error.message, '/url')
    throw unavailable('name_service_unreachable', 'The host of the URL cannot be looked up at the moment.', error)
  }
}

async function find(em: EntityManager, { tenant }: Caller, id: string): Promise<WebhookEndpointRow> {
  const endpoint = await em.findOne(WebhookEndpoints, { id, tenantId: tenant })
  if (!endpoint) throw notFound('webhook endpoint')
  return endpoint
}

function freshSecrets({ orm, now }: ApiDeps, { id, secrets }: { id: string; secrets: KeptSecret[] }): KeptSecret[] {
  return withNewSecret(secrets, newSigningSecret(), now(), { id, keys: keysOf(orm) })
}

function withSecret(row: WebhookEndpointRow, { orm, now }: ApiDeps): z.output<typeof EndpointWithSecret> {
  const [secret = ''] = validSecrets(row.secrets, now(), { id: row.id, keys: keysOf(orm) })
  return { ...showEndpoint(row), secret }
}
