import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Fault, Faults } from '../faults.ts'
import { cutAnswer, cutConnection, pause, type RequestStats } from '../server.ts'
import { duplicate, notFound, SalesforceError } from './errors.ts'
import { query } from './query.ts'
import { asAnswer, type SalesforceRecords } from './records.ts'
import { fieldsOf, isExternalId, isKnownType } from './schema.ts'
import type { Sessions } from './sessions.ts'

type Parts = { version: string; type: string; id: string; value: string }
type Result = { status: number; body?: object }
type Handler = (org: Org, parts: Parts, request: FastifyRequest) => Result
export type Org = { records: SalesforceRecords; sessions: Sessions; faults: Faults; stats: RequestStats; url: string }

const ok = (body: object): Result => ({ status: 200, body })

/** What is asked of an external-id field that there is not. */
function externalField(type: string, field: string): string {
  if (isExternalId(field)) return field
  const message = `Provided external ID field does not exist or is not accessible: ${field} on ${type}`
  throw new SalesforceError(404, 'NOT_FOUND', message)
}

function fieldList(request: FastifyRequest): string[] | undefined {
  const { fields } = request.query as { fields?: string }
  return fields?.split(',').map((name) => name.trim())
}

const upsert: Handler = ({ records }, { type, id: field, value }, request) => {
  externalField(type, field)
  if (request.body !== null && typeof request.body === 'object' && (field in request.body || 'Id' in request.body)) {
    const message = `The ${field} field should not be specified in the sobject data.`
    throw new SalesforceError(400, 'INVALID_FIELD', message, [field])
  }
  const { id, created } = records.upsert(type, field, value, request.body)
  return { status: created ? 201 : 200, body: { id, success: true, errors: [], created } }
}

const ROUTES: Array<[method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, handler: Handler]> = [
  ['GET', '/limits', () => ok({ DailyApiRequests: { Max: 15000, Remaining: 14998 } })],
  ['GET', '/sobjects', () => ok({ encoding: 'UTF-8', sobjects: [{ name: 'Case' }, { name: 'CaseComment' }] })],
  [
    'GET',
    '/query',
    ({ records }, { version }, request) => ok(query(records, (request.query as { q?: string }).q ?? '', version)),
  ],
  [
    'POST',
    '/sobjects/:type',
    ({ records }, { type }, request) => {
      const { id } = records.create(type, request.body)
      return { status: 201, body: { id, success: true, errors: [] } }
    },
  ],
  [
    'GET',
    '/sobjects/:type/describe',
    ({ records }, { type }) => {
      const custom = records
        .all(type)
        .flatMap(({ fields }) => Object.keys(fields).filter((name) => name.endsWith('__c')))
      return ok({
        name: type,
        label: type,
        custom: false,
        fields: fieldsOf(type, ['Tenor_Escalation_Id__c', ...custom]),
      })
    },
  ],
  [
    'GET',
    '/sobjects/:type/:id',
    ({ records }, { type, id, version }, request) =>
      ok(asAnswer(records.mustGet(type, id), version, fieldList(request))),
  ],
  [
    'PATCH',
    '/sobjects/:type/:id',
    ({ records }, { type, id }, request) => {
      records.update(type, id, request.body)
      return { status: 204 }
    },
  ],
  [
    'DELETE',
    '/sobjects/:type/:id',
    ({ records }, { type, id }) => {
      records.remove(type, id)
      return { status: 204 }
    },
  ],
  [
    'GET',
    '/sobjects/:type/:id/:value',
    ({ records }, { type, id: field, value, version }, request) => {
      const found = records.byExternalId(type, externalField(type, field), value)
      if (!found) throw notFound()
      return ok(asAnswer(found, version, fieldList(request)))
    },
  ],
  ['PATCH', '/sobjects/:type/:id/:value', upsert],
]

/** The REST API under `/services/data`, and the token endpoint. */
export function salesforceRoutes(app: FastifyInstance, org: Org): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  )
  app.post('/services/oauth2/token', async (request, reply) => {
    const fault = org.faults.take('POST /services/oauth2/token')
    if (fault) return troubled(org, reply, fault, () => ok({}))
    const { status, body } = org.sessions.open(new URLSearchParams(String(request.body)), org.url)
    return reply.code(status).send(body)
  })
  app.get('/services/data', async () => [{ label: "Spring '26", url: '/services/data/v66.0', version: '66.0' }])
  for (const [method, path, handler] of ROUTES) {
    const url = `/services/data/:version${path}`
    app.route({ method, url, handler: (request, reply) => answer(org, handler, request, reply) })
  }
  app.all('/services/*', async (_request, reply) => reply.code(404).send(notFound().body))
}

async function answer(org: Org, handler: Handler, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const [path = ''] = request.url.split('?')
  org.stats.count(`${request.method} ${request.routeOptions.url ?? path}`)
  const parts = request.params as Parts
  const work = (): Result => {
    if (!org.sessions.isOpen(request.headers.authorization)) {
      throw new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
    }
    if (parts.type !== undefined && !isKnownType(parts.type)) throw notFound()
    return handler(org, parts, request)
  }
  const race = parts.value !== undefined && request.method === 'PATCH'
  const modes = race ? org.faults.modes : org.faults.modes.filter((mode) => mode !== 'duplicate_race')
  const fault = org.faults.take(`${request.method} ${path}`, modes)
  return fault ? troubled(org, reply, fault, work, parts) : send(reply, work)
}

function send(reply: FastifyReply, work: () => Result): FastifyReply {
  try {
    const { status, body } = work()
    return reply.code(status).send(body)
  } catch (error) {
    if (error instanceof SalesforceError) return reply.code(error.status).send(error.body)
    throw error
  }
}

const REFUSALS: Record<string, SalesforceError> = {
  error_500: new SalesforceError(
    500,
    'UNKNOWN_EXCEPTION',
    'An unexpected error occurred. Please include this ErrorId.',
  ),
  rate_limit: new SalesforceError(503, 'SERVER_UNAVAILABLE', 'The server is temporarily unable to handle the request'),
  limit_exceeded: new SalesforceError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'),
  row_lock: new SalesforceError(400, 'UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record', []),
}

async function troubled(
  org: Org,
  reply: FastifyReply,
  fault: Fault,
  work: () => Result,
  parts?: Parts,
): Promise<FastifyReply> {
  const refusal = REFUSALS[fault.mode]
  if (refusal) return reply.code(refusal.status).send(refusal.body)
  if (fault.mode === 'down') return cutConnection(reply)
  if (fault.mode === 'slow') await pause(fault.ms)
  if (fault.mode === 'session_expired') org.sessions.closeAll()
  if (fault.mode === 'duplicate_race' && parts) return send(reply, () => lostRace(org, parts, work))
  if (fault.mode !== 'lose_answer' && fault.mode !== 'cut_answer') return send(reply, work)
  try {
    work()
  } catch (error) {
    if (!(error instanceof SalesforceError)) throw error
  }
  return fault.mode === 'cut_answer' ? cutAnswer(reply) : cutConnection(reply)
}

/** Somebody else's upsert of the same external id was a moment earlier: the record is there, this request is refused. */
function lostRace(org: Org, { type, id: field, value }: Parts, work: () => Result): Result {
  const result = work()
  if (result.status !== 201) return result
  throw duplicate(field, org.records.byExternalId(type, field, value)?.id ?? '')
}
