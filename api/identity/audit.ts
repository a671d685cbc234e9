import type { MikroORM } from '@mikro-orm/postgresql'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { instantOf } from '../../db/columns.ts'
import { AuditLog } from '../../db/identity/audit-log.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import type { Caller } from './caller.ts'

const READS = ['GET', 'HEAD', 'OPTIONS']
/** Nobody has shown who it is, or nothing was looked at: whoever sends these could fill the trail at will. */
const NOT_KEPT = [401, 429]

declare module 'fastify' {
  interface FastifyRequest {
    isAudited: boolean
  }
}

/**
 * One entry for each write by a caller, refused ones too, before its answer leaves: whoever was answered is in the
 * trail. It holds ids only: nothing of what bodies, amounts or tokens say.
 */
export function keepAuditTrail(app: FastifyInstance, orm: MikroORM, now: () => Date): void {
  app.decorateRequest('isAudited', false)
  app.addHook('onSend', async (request, reply, payload) => {
    const { caller, method, isAudited } = request
    if (!caller || isAudited || READS.includes(method) || NOT_KEPT.includes(reply.statusCode)) return
    // What was done before and is only answered again is there already.
    if (reply.hasHeader('idempotent-replayed')) return
    request.isAudited = true
    const entry = { ...entryOf(request, reply, caller, payload), at: instantOf(now()) }
    await inTenant(caller.tenant, () => orm.em.fork().insert(AuditLog, entry)).catch((error: unknown) =>
      request.log.error({ err: error, entry }, 'not in the audit trail'),
    )
  })
}

function entryOf(request: FastifyRequest, reply: FastifyReply, caller: Caller, payload: unknown) {
  const { preview } = (request.query ?? {}) as { preview?: unknown }
  const isPreview = preview === true || preview === 'true'
  return {
    tenantId: caller.tenant,
    actor: caller.sub,
    role: caller.roles.join(','),
    action: `${request.method} ${request.routeOptions.url}${isPreview ? '?preview=true' : ''}`,
    subjectId: subjectOf(request, reply),
    requestId: request.id,
    status: reply.statusCode,
    code: reply.statusCode >= 400 ? codeIn(payload) : null,
  }
}

/** What the path names, or what was made. Of a path, no more than an id can be: callers choose it. */
function subjectOf({ params }: FastifyRequest, reply: FastifyReply): string | null {
  const named = (params as { id?: unknown } | undefined)?.id
  if (typeof named === 'string') return named.replaceAll('\0', '').slice(0, 300)
  const made = /^\/[^/]+\/([^/]+)/.exec(String(reply.getHeader('location') ?? ''))?.[1]
  return made === undefined ? null : decodeURIComponent(made)
}

function codeIn(payload: unknown): string | null {
  try {
    const { code } = JSON.parse(String(payload)) as { code?: unknown }
    return typeof code === 'string' ? code : null
  } catch {
    return null
  }
}
