import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { instantOf } from '../../db/columns.ts'
import { type IdempotencyKeyRow, IdempotencyKeys } from '../../db/identity/idempotency-keys.ts'
import { type Claim, isSameRequest, keptAnswer, requestHash, sealedAnswer } from '../../db/identity/kept-answers.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { callerOf } from '../identity/caller.ts'
import { IDEMPOTENCY_KEY } from './headers.ts'
import { canonicalJson } from './plain-values.ts'
import { conflict, invalidRequest, unprocessable } from './problem.ts'

const KEPT_MS = 48 * 3_600_000
/** Longer than any request takes: after it, whoever held the key is taken to be gone. */
const LOCK_MS = 60_000
const WAIT_MS = 20_000
const LOOK_EVERY_MS = 100
const LONG_AGO = '1970-01-01T00:00:00Z'
const KEPT_HEADERS = ['content-type', 'location', 'etag']

type Scope = { claim: Claim; owned: boolean; takenOver: boolean }

declare module 'fastify' {
  interface FastifyRequest {
    idempotency: Scope | null
  }
  interface FastifyContextConfig {
    /** What this route answers is shown once: it is not kept for whoever repeats the request. */
    answerHoldsSecret?: boolean
  }
}

/**
 * One answer for every POST that is sent again with the same `Idempotency-Key`: the work is done once, also when both
 * come at the same moment or the one who did it died before answering. Whoever takes over a key from the dead does the
 * work again, so what a POST makes has an id that comes from the key (`idFor`).
 */
export function answerOnce(app: FastifyInstance, orm: MikroORM): void {
  app.decorateRequest('idempotency', null)
  app.addHook('preHandler', async (request, reply) => {
    const key = keyOf(request)
    if (key === undefined) return
    const caller = callerOf(request)
    const path = request.url.split('?')[0] ?? request.url
    const claim = { tenantId: caller.tenant, caller: caller.sub, route: `POST ${path}`, key }
    request.idempotency = { claim, owned: false, takenOver: false }
    const found = await claimOrAnswer(orm, request.idempotency, hashOf(request))
    if (found) return replay(reply, found)
  })
  app.addHook('onSend', async (request, reply, payload) => {
    const scope = request.idempotency
    if (!scope?.owned) return
    scope.owned = false
    const answer = toKeep(request, reply, payload)
    await inTenant(scope.claim.tenantId, () => keep(orm, scope.claim, answer)).catch((error: unknown) =>
      // The work is done: whoever repeats it finds it by its id.
      request.log.error({ err: error }, 'the answer could not be kept for its Idempotency-Key'),
    )
  })
}

/** The id of what this request makes or does: from its key when it has one, so that a repeat finds the same. */
export function idFor(request: FastifyRequest, prefix: string): string {
  const { idempotency } = request
  return idFrom(prefix, idempotency ? Object.values(idempotency.claim) : [crypto.randomUUID()])
}

/** The same id for the same names. */
export function idFrom(prefix: string, names: string[]): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([prefix, ...names]))
    .digest()
  return `${prefix}${base32(hash).slice(0, 26)}`
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
function base32(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five, 2)]).join('')
}

function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined || request.method !== 'POST' || !request.caller) return undefined
  if (typeof key === 'string' && IDEMPOTENCY_KEY.test(key)) return key
  throw invalidRequest([{ pointer: '/Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }])
}

/** The body as it was sent, so that a new default changes nothing. */
function hashOf(request: FastifyRequest): string {
  const body: unknown = request.rawBody?.length ? sent(request.rawBody.toString(), request) : null
  return createHash('sha256')
    .update(canonicalJson([body, request.query]))
    .digest('base64url')
}

function sent(text: string, { headers }: FastifyRequest): unknown {
  return headers['content-type']?.toLowerCase().startsWith('application/json') ? JSON.parse(text) : text
}

type Answer = { status: number; headers: Record<string, string>; body: string }

/** The answer to give again; undefined when the work is this request's to do. */
async function claimOrAnswer(orm: MikroORM, scope: Scope, request: string): Promise<Answer | undefined> {
  const deadline = Date.now() + WAIT_MS
  while (Date.now() < deadline) {
    const em = orm.em.fork()
    const now = Date.now()
    const fresh = {
      ...scope.claim,
      requestHash: requestHash(orm, request),
      state: 'in_progress' as const,
      lockedUntil: instantOf(new Date(now + LOCK_MS)),
      createdAt: instantOf(new Date(now)),
      expiresAt: instantOf(new Date(now + KEPT_MS)),
    }
    const row = await em.findOne(IdempotencyKeys, scope.claim)
    if (!row) {
      await em.insert(IdempotencyKeys, { ...fresh, status: null, headers: null, body: null }).then(
        () => (scope.owned = true),
        (error: { code?: string }) => {
          if (error.code !== UNIQUE_VIOLATION) throw error
        },
      )
      if (scope.owned) return undefined
      continue
    }
    const isOver = Date.parse(row.expiresAt) < now
    if (!isOver && !isSameRequest(orm, request, row.requestHash)) {
      throw unprocessable('idempotency_key_reused', 'This Idempotency-Key was sent before with another request.')
    }
    if (!isOver && row.state === 'done') return answerIn(orm, row)
    if (isOver || Date.parse(row.lockedUntil ?? '') < now) {
      const same = { ...scope.claim, lockedUntil: row.lockedUntil, state: row.state, createdAt: row.createdAt }
      const reset = { ...fresh, status: null, headers: null, body: null }
      const taken = await em.nativeUpdate(IdempotencyKeys, same, isOver ? reset : { lockedUntil: fresh.lockedUntil })
      if (taken === 1) {
        scope.owned = true
        scope.takenOver = !isOver
        return undefined
      }
    }
    await sleep(LOOK_EVERY_MS)
  }
  throw conflict('request_in_progress', 'The first request with this Idempotency-Key is still being worked on.')
}

const UNIQUE_VIOLATION = '23505'

function answerIn(orm: MikroORM, row: IdempotencyKeyRow): Answer {
  const body = row.body ? keptAnswer(orm, row, row.body) : ''
  return { status: row.status ?? 200, headers: row.headers ?? {}, body }
}

function replay(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  // Sent as it was: bytes pass the serialiser by.
  return reply.code(status).headers(headers).header('idempotent-replayed', 'true').send(Buffer.from(body))
}

async function keep(orm: MikroORM, claim: Claim, { status, headers, body }: Answer): Promise<void> {
  const em = orm.em.fork()
  if ([400, 401, 403, 429].includes(status)) {
    await em.nativeDelete(IdempotencyKeys, claim)
    return
  }
  if (status >= 500) {
    // The work may be done all the same: the key stays bound to its request, and is free to be tried again at once.
    await em.nativeUpdate(IdempotencyKeys, claim, { lockedUntil: LONG_AGO })
    return
  }
  const done = { state: 'done' as const, status, headers, body: sealedAnswer(orm, claim, body), lockedUntil: null }
  await em.nativeUpdate(IdempotencyKeys, claim, done)
}

function toKeep(request: FastifyRequest, reply: FastifyReply, payload: unknown): Answer {
  const status = reply.statusCode
  if (status < 300 && request.routeOptions.config.answerHoldsSecret) return shownOnce(request)
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name)
      return value === undefined ? [] : [[name, String(value)]]
    }),
  )
  return { status, headers, body: typeof payload === 'string' ? payload : '' }
}

/** A secret that is only kept hashed must not lie beside it in the clear. */
function shownOnce(request: FastifyRequest): Answer {
  const problem = conflict(
    'secret_shown_once',
    'This was done when the key was first sent, and the secret in the answer was shown only then. Ask for a new one.',
  )
  const body = JSON.stringify(problem.toBody(`urn:tenor:request:${request.id}`))
  return { status: problem.status, headers: { 'content-type': 'application/problem+json' }, body }
}
