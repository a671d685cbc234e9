import type { FastifyInstance } from 'fastify'

/** One line for each request: ids, never bodies, amounts or what is in the query. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, params } = request
    const quiet = routeOptions.config.rateLimit === false
    request.log[quiet ? 'debug' : 'info'](
      {
        method,
        route: routeOptions.url,
        id: (params as { id?: string } | undefined)?.id,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    )
  })
}
