import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Fault } from '../faults.ts'
import { cutConnection, pause, type RequestStats } from '../server.ts'
import { customerEndpoints } from './customers.ts'
import type { Endpoint, Ids } from './endpoint.ts'
import { Answer, type ErrorBody, RATE_LIMITED, Refusal, SERVER_ERROR } from './errors.ts'
import { expandObject } from './expand.ts'
import type { Kept } from './idempotency.ts'
import { newId } from './ids.ts'
import { decodeForm, refusalOf } from './params.ts'
import { paymentIntentEndpoints } from './payment-intents.ts'
import { paymentMethodEndpoints } from './payment-methods.ts'
import { readEndpoints } from './reads.ts'
import { refundEndpoints } from './refunds.ts'
import { API_VERSION, type Call, type Sandbox } from './sandbox.ts'

const ENDPOINTS = [
  ...customerEndpoints,
  ...paymentMethodEndpoints,
  ...paymentIntentEndpoints,
  ...refundEndpoints,
  ...readEndpoints,
]

type Incoming = { call: Call; path: string; params: Record<string, unknown>; ids: Ids; fault: Fault | undefined }

/** All of Stripe's endpoints under `/v1`. */
export function stripeRoutes(app: FastifyInstance, sandbox: Sandbox, stats: RequestStats): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  )
  for (const endpoint of ENDPOINTS) {
    app.route({
      method: endpoint.method,
      url: endpoint.path,
      handler: (request, reply) => answer(sandbox, stats, endpoint, request, reply),
    })
  }
  app.all('/v1/*', async (request, reply) => {
    const message = `Unrecognized request URL (${request.method}: ${request.url}). The sandbox does not have it, or it does not exist.`
    return reply.code(404).send({ error: { type: 'invalid_request_error', message } })
  })
}

async function answer(
  sandbox: Sandbox,
  stats: RequestStats,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const [path = ''] = request.url.split('?')
  const inThisSecond = stats.count(`${request.method} ${endpoint.path}`)
  const call = callOf(request)
  headers(reply, call)
  const { requestsPerSecond } = sandbox.options
  const fault = sandbox.faults.take(`${request.method} ${path}`)
  if (fault?.mode === 'down') return cutConnection(reply)
  if (fault?.mode === 'rate_limit' || (requestsPerSecond !== undefined && inThisSecond > requestsPerSecond)) {
    reply.header('stripe-rate-limited-reason', 'global-rate')
    return send(reply, 429, { error: RATE_LIMITED })
  }
  const wrongKey = keyProblem(request.headers.authorization)
  if (wrongKey) return send(reply, 401, { error: wrongKey })

  const text = endpoint.method === 'POST' ? String(request.body ?? '') : (request.url.split('?')[1] ?? '')
  const incoming: Incoming = { call, path, params: decodeForm(text), ids: request.params as Ids, fault }
  try {
    return call.key === null
      ? await finish(reply, await perform(sandbox, endpoint, incoming), fault)
      : await once(sandbox, endpoint, incoming, call.key, reply)
  } catch (error) {
    if (error instanceof Refusal) return send(reply, error.status, { error: error.error })
    throw error
  }
}

/** The work of a request with an idempotency key: done once, answered as often as asked. */
async function once(
  sandbox: Sandbox,
  endpoint: Endpoint,
  incoming: Incoming,
  key: string,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const use = { key, path: incoming.path, params: JSON.stringify(incoming.params) }
  const payment = /^\/v1\/payment_intents\/([^/]+)/.exec(incoming.path)?.[1] ?? incoming.params.payment_intent
  const kept = sandbox.keys.take(use)
  if (typeof payment === 'string') sandbox.keys.belongsTo(use, payment)
  if (kept) {
    reply.header('idempotent-replayed', 'true').header('original-request', kept.request)
    return finish(reply, kept, incoming.fault)
  }
  try {
    const result = await perform(sandbox, endpoint, incoming, (result, made = result) => {
      const payment = paymentOf(made.body)
      if (payment) sandbox.keys.belongsTo(use, payment)
      sandbox.keys.keep(use, result)
    })
    return await finish(reply, result, incoming.fault)
  } finally {
    sandbox.keys.release(key)
  }
}

/** Does the work, and `keep`s its result in the same transaction, so that neither is ever without the other. */
async function perform(
  sandbox: Sandbox,
  endpoint: Endpoint,
  { call, params, ids, fault }: Incoming,
  keep: (result: Kept, made?: Kept) => void = () => {},
): Promise<Kept> {
  const result = (status: number, body: object): Kept => ({
    status,
    body: JSON.stringify(body, null, 2),
    request: call.id,
  })
  if (fault?.mode === 'slow') await pause(fault.ms)
  if (fault?.mode === 'error_500') {
    const failed = result(500, { error: SERVER_ERROR })
    keep(failed)
    return failed
  }
  const parsed = endpoint.params.safeParse(params)
  if (!parsed.success) throw refusalOf(parsed.error)
  try {
    return sandbox.change(() => {
      const made = endpoint.run(sandbox, parsed.data as never, ids)
      const done =
        made instanceof Answer ? result(made.status, made.body) : result(200, expanded(sandbox, made, params))
      keep(fault?.mode === 'error_500_after' ? result(500, { error: SERVER_ERROR }) : done, done)
      return done
    }, call)
  } catch (error) {
    if (!(error instanceof Refusal) || error.beforeWork) throw error
    const refused = result(error.status, { error: error.error })
    keep(refused)
    return refused
  }
}

function expanded(sandbox: Sandbox, made: object, params: Record<string, unknown>): object {
  return Array.isArray(params.expand) ? expandObject(sandbox.records, made, params.expand.map(String)) : made
}

/** Sends a result, unless the fault wants it lost. */
async function finish(reply: FastifyReply, result: Kept, fault: Fault | undefined): Promise<FastifyReply> {
  if (fault?.mode === 'lose_answer') return cutConnection(reply)
  if (fault?.mode === 'error_500_after') return send(reply, 500, { error: SERVER_ERROR })
  return reply.code(result.status).type('application/json').send(result.body)
}

function send(reply: FastifyReply, status: number, body: object): FastifyReply {
  return reply
    .code(status)
    .type('application/json')
    .send(JSON.stringify(body, null, 2))
}

/** The payment intent that an answer is or speaks of. */
function paymentOf(body: string): string | undefined {
  const answer = JSON.parse(body) as Record<string, unknown> & { error?: { payment_intent?: { id: string } } }
  if (answer.object === 'payment_intent') return String(answer.id)
  return typeof answer.payment_intent === 'string' ? answer.payment_intent : answer.error?.payment_intent?.id
}

function callOf(request: FastifyRequest): Call {
  const header = (name: string) => request.headers[name]?.toString()
  const key = request.method === 'POST' ? (header('idempotency-key') ?? null) : null
  return { id: newId('req', 14), key, version: header('stripe-version') ?? API_VERSION }
}

function headers(reply: FastifyReply, call: Call): void {
  reply.header('request-id', call.id).header('stripe-version', call.version)
  if (call.key !== null) reply.header('idempotency-key', call.key)
}

/** Any test key will do, as bearer token or as user name. */
function keyProblem(authorization: string | undefined): ErrorBody | undefined {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ')
  const basic = scheme.toLowerCase() === 'basic' && Buffer.from(value, 'base64').toString().split(':')[0]
  const key = scheme.toLowerCase() === 'bearer' ? value : basic || ''
  if (/^[rs]k_test_\w+$/.test(key)) return undefined
  const message =
    key === ''
      ? 'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.'
      : `Invalid API Key provided: ${key.slice(0, 8)}****`
  return { type: 'invalid_request_error', message }
}
