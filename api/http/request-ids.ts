import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const SOUND = /^[\w.:-]{1,128}$/

/** The caller's `X-Request-Id` when it can be logged as it is, else a new one. */
export function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && SOUND.test(given) ? given : randomUUID()
}

export function returnRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => returnId(request, reply))
}

export function returnId({ id }: FastifyRequest, reply: FastifyReply): void {
  void reply.header('x-request-id', id)
}
