import type { FastifyInstance, FastifyRequest } from 'fastify'
import { tooMany } from '../http/limits.ts'

const A_MINUTE = 60_000
const BY_ADDRESS = 60
const BY_NAME = 20

declare module 'fastify' {
  interface FastifyRequest {
    /** Who somebody who has not yet shown it says to be. */
    signingInAs: string | null
  }
}

/** Counts one attempt to sign in; throws a 429 when there were too many. */
export type CountAttempt = (request: FastifyRequest, name: string) => Promise<void>

/**
 * So many attempts a minute from one address and for one name, good ones included: counted before a secret is looked
 * at, so that the guess after the last allowed one is none. Each API process counts for itself.
 */
export function attemptCounter(app: FastifyInstance): CountAttempt {
  app.decorateRequest('signingInAs', null)
  const of = (max: number, keyGenerator: (request: FastifyRequest) => string) =>
    app.createRateLimit({ max, timeWindow: A_MINUTE, keyGenerator })
  const limits = [of(BY_ADDRESS, ({ ip }) => `address ${ip}`), of(BY_NAME, ({ signingInAs }) => `name ${signingInAs}`)]
  return async (request, name) => {
    request.signingInAs = name
    for (const count of limits) {
      const used = await count(request)
      if (!used.isAllowed && used.isExceeded) throw tooMany(used.ttlInSeconds)
    }
  }
}
