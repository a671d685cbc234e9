import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Refused } from './metrics.ts'
import { Problem } from './problem.ts'

/** Routes that cost alike: reading, changing something, signing in, and what gateways tell. */
export type RouteClass = 'reads' | 'writes' | 'signIns' | 'webhooks'
/** Requests a minute. */
export type Limits = Record<RouteClass, number>

/**
 * For one caller. A billing day's webhooks come from a handful of addresses, some three for each charge; a person signs
 * in once, and a program fetches a token an hour.
 */
export const DEFAULT_LIMITS: Limits = { reads: 6_000, writes: 3_000, signIns: 60, webhooks: 60_000 }
/** One address may be many callers behind a partner's proxy; it may ask as much as so many of them. */
const CALLERS_AT_AN_ADDRESS = 5
const WINDOW_MS = 60_000
/** Callers and addresses that are counted at once, for each class; whoever asked longest ago is forgotten first. */
const COUNTED = 20_000
/** Who they sign in as is counted apart, in identity/attempts.ts. */
const SIGN_INS = ['/oauth/token', '/sign_in']
const CLASSES = Object.keys(DEFAULT_LIMITS) as RouteClass[]

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which limit holds; from method and path when it is not said. */
    routeClass?: RouteClass
  }
}

/**
 * Before anything else is done, and so before a token is looked at: so many requests a minute for each address and class
 * of routes. IPv6 addresses count by their /64, which is what one customer of a provider has.
 */
export function limitAddresses(app: FastifyInstance, limits: Limits, refused: Refused): void {
  limit(app, (of) => limits[of] * CALLERS_AT_AN_ADDRESS, undefined, refused, 'address')
}

/** For each caller, once it is known who asks. */
export function limitCallers(app: FastifyInstance, limits: Limits, refused: Refused): void {
  const key = ({ caller }: FastifyRequest) => JSON.stringify([caller?.tenant, caller?.sub])
  limit(app, (of) => limits[of], key, refused, 'caller')
}

function limit(
  app: FastifyInstance,
  most: (of: RouteClass) => number,
  keyGenerator: ((request: FastifyRequest) => string) | undefined,
  refused: Refused,
  by: 'address' | 'caller',
): void {
  const options = { timeWindow: WINDOW_MS, cache: COUNTED, ...(keyGenerator ? { keyGenerator } : {}) }
  const limiters = Object.fromEntries(CLASSES.map((of) => [of, app.createRateLimit({ ...options, max: most(of) })]))
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.rateLimit === false || (by === 'caller' && !request.caller)) return
    const of = classOf(request)
    const used = await limiters[of]?.(request)
    if (!used || used.isAllowed || !used.isExceeded) return
    refused.inc({ reason: `rate_${by}`, class: of })
    throw tooMany(used.ttlInSeconds)
  })
}

function classOf({ method, routeOptions: { config, url = '' } }: FastifyRequest): RouteClass {
  if (config.routeClass) return config.routeClass
  if (url.startsWith('/webhooks/')) return 'webhooks'
  if (SIGN_INS.includes(url)) return 'signIns'
  return ['GET', 'HEAD', 'OPTIONS'].includes(method) ? 'reads' : 'writes'
}

export function tooMany(seconds: number): Problem {
  return new Problem(429, 'rate_limited', `Too many requests. Try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  })
}
