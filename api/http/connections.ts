import type { FastifyInstance } from 'fastify'
import { Problem } from './problem.ts'

/** In milliseconds and bytes. */
export type ConnectionLimits = {
  /** All headers must have come by then, */
  headersMs: number
  /** and the whole request by then, however busily it trickles in. */
  requestMs: number
  /** A connection on which nothing comes or goes is closed, */
  silentMs: number
  /** one that is kept alive between two requests sooner. */
  keepAliveMs: number
  headerBytes: number
  /** At once, in one process; more are not accepted. */
  connections: number
}

/** Longer than load balancers keep theirs (60 s as a rule), so that none sends a request into a connection that closes. */
const KEEP_ALIVE_MS = 72_000

export const CONNECTIONS: ConnectionLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  silentMs: 80_000,
  keepAliveMs: KEEP_ALIVE_MS,
  headerBytes: 16 * 1024,
  connections: 5_000,
}

/** Path and query; a cursor and all filters of a list need a tenth of it. */
export const LONGEST_URL = 8 * 1024
/** Node looks for requests that are late only so often, by itself twice a minute. */
const LATE_CHECKS_EACH = 10

/** What of this Fastify and Node's server have to be told, so that slow or endless requests hold nobody up. */
export function connectionLimits(given: Partial<ConnectionLimits> = {}) {
  const { headersMs, requestMs, silentMs, keepAliveMs, headerBytes } = { ...CONNECTIONS, ...given }
  return {
    requestTimeout: requestMs,
    connectionTimeout: silentMs,
    keepAliveTimeout: keepAliveMs,
    http: {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.ceil(headersMs / LATE_CHECKS_EACH),
      maxHeaderSize: headerBytes,
    },
  }
}

export function limitConnections(app: FastifyInstance, { connections }: Partial<ConnectionLimits> = {}): void {
  app.server.maxConnections = connections ?? CONNECTIONS.connections
}

export function refuseLongUrls(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ url }) => {
    if (url.length > LONGEST_URL) throw new Problem(414, 'url_too_long', 'The address is longer than is taken here.')
  })
}
