import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { InvalidCursor } from '../../db/pages.ts'
import { RuleBroken } from '../../domain/errors.ts'
import { NoAnswer } from '../../gateways/payments.ts'
import { KeyMissing } from '../../secrets/key-ring.ts'
import { databaseProblem } from './database-errors.ts'
import { invalidRequest, Problem, unavailable } from './problem.ts'
import { returnId } from './request-ids.ts'
import { temporalProblem } from './temporal-errors.ts'

/** The one place where errors become statuses. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendProblem(problemOf(error), error, request, reply))
  app.setNotFoundHandler((request, reply) => sendProblem(nothingThere(app, request), undefined, request, reply))
}

/** Answers what leads to no route before its body is looked at: what is wrong with that matters to nobody. */
export function answerUnknownRoutes(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw nothingThere(app, request)
  })
}

function nothingThere(app: FastifyInstance, { url, method }: FastifyRequest): Problem {
  const methods = methodsAt(app, url)
  if (methods.length === 0 || methods.includes(method)) {
    return new Problem(404, 'not_found', 'There is nothing at this address.')
  }
  const headers = { allow: methods.join(', ') }
  return new Problem(405, 'method_not_allowed', `${method} is not possible here.`, { headers })
}

/** For errors that Fastify finds before any route: they reach no hook, and no error handler. */
export function answerFrameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  returnId(request, reply)
  sendProblem(problemOf(error), error, request, reply)
}

const BROKEN: Record<string, [number, string, string]> = {
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large', 'The headers are larger than is taken here.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request_timeout', 'The request did not come in time.'],
}
const BROKEN_OTHERWISE: [number, string, string] = [
  400,
  'malformed_request',
  'This is not an HTTP request that can be understood.',
]

/** For what is no HTTP at all: there is no request to answer, only a socket. */
export function answerBrokenRequests(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const problem = new Problem(...(BROKEN[error.code ?? ''] ?? BROKEN_OTHERWISE))
  const body = JSON.stringify(problem.toBody('urn:tenor:request:unknown'))
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.toBody('').title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}

/** RFC 9110 wants every 401 to say how one signs in. */
const CHALLENGE = { 'www-authenticate': 'Bearer' }

export function sendProblem(
  problem: Problem,
  cause: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (problem.status >= 500) request.log.error({ err: cause, code: problem.code }, 'request failed')
  else request.log.info({ code: problem.code, status: problem.status }, 'request refused')
  return reply
    .headers({ ...(problem.status === 401 ? CHALLENGE : {}), ...problem.headers })
    .code(problem.status)
    .type('application/problem+json')
    .send(problem.toBody(`urn:tenor:request:${request.id}`))
}

/** What an error is told as. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof RuleBroken) return ruleProblem(error)
  if (error instanceof InvalidCursor) return invalidRequest([{ pointer: '/cursor', message: 'is none of this list' }])
  if (error instanceof NoAnswer)
    return unavailable('gateway_unreachable', 'The payment gateway gives no answer.', error)
  if (error instanceof KeyMissing) return unavailable('key_missing', error.message, error)
  return fastifyProblem(error) ?? databaseProblem(error) ?? temporalProblem(error) ?? unexpected(error)
}

/** Conflicts with the present state are 409, what no state would allow is 422. */
function ruleProblem({ code, detail, kind, errors }: RuleBroken): Problem {
  return new Problem(kind === 'conflict' ? 409 : 422, code, detail, errors ? { errors } : {})
}

function unexpected(cause: unknown): Problem {
  return new Problem(500, 'internal_error', 'This request could not be completed. Its id finds it in the logs.', {
    cause,
  })
}

const FASTIFY_CODES: Record<string, [number, string, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body_too_large', 'The body is larger than is taken here.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported_media_type', 'Bodies are JSON: Content-Type: application/json.'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'malformed_body', 'The body is not JSON that is taken here.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'malformed_body', 'The body is not as long as Content-Length says.'],
  FST_ERR_BAD_URL: [400, 'malformed_url', 'The address is not properly percent-encoded.'],
  FST_ERR_MAX_PARAM_LENGTH: [404, 'not_found', 'There is nothing at this address.'],
}

/** Errors of Fastify itself and of its plugins. */
function fastifyProblem(error: unknown): Problem | undefined {
  const { code, statusCode, message } = error as Partial<FastifyError>
  const known = code === undefined ? undefined : FASTIFY_CODES[code]
  if (known) return new Problem(...known)
  if (error instanceof SyntaxError && statusCode === 400) {
    return new Problem(400, 'malformed_body', 'The body is not JSON that is taken here.')
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Problem(statusCode, 'bad_request', message ?? 'The request cannot be understood.')
  }
  return undefined
}

/** Of a parameter in a path. */
export const LONGEST_ID = 1024

const patterns = new WeakMap<FastifyInstance, { pattern: RegExp; isFixed: boolean; method: string }[]>()

/** Remembers every route, so that a wrong method on a right address is told as what it is. */
export function rememberRoutes(app: FastifyInstance): void {
  const known: { pattern: RegExp; isFixed: boolean; method: string }[] = []
  patterns.set(app, known)
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(
      `^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, `[^/]{1,${LONGEST_ID}}`)}/?$`,
    )
    for (const one of [method].flat()) known.push({ pattern, isFixed: !url.includes(':'), method: one })
  })
}

function methodsAt(app: FastifyInstance, url: string): string[] {
  const path = url.split('?')[0] ?? ''
  const found = (patterns.get(app) ?? []).filter(({ pattern }) => pattern.test(path))
  // An address that is a route by itself is not also the id of something.
  const own = found.filter(({ isFixed }) => isFixed)
  return [...new Set((own.length > 0 ? own : found).map(({ method }) => method))].sort()
}
