import type { FastifyInstance } from 'fastify'
import { tooMany } from '../identity/authenticate.ts'

const DEFAULT_LIMITS = { reads: 6_000, writes: 3_000 }
const WINDOW_MS = 60_000
const READS = ['GET', 'HEAD', 'OPTIONS']

/** So many requests a minute for each caller, or address where there is no caller; reads and writes apart. */
export function limitRates(app: FastifyInstance, limits = DEFAULT_LIMITS): void {
  const of = (max: number) =>
    app.createRateLimit({
      max,
      timeWindow: WINDOW_MS,
      keyGenerator: ({ caller, ip }) => (caller ? JSON.stringify([caller.tenant, caller.sub]) : ip),
    })
  const [reads, writes] = [of(limits.reads), of(limits.writes)]
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.rateLimit === false) return
    const used = await (READS.includes(request.method) ? reads(request) : writes(request))
    if (!used.isAllowed && used.isExceeded) throw tooMany(used.ttlInSeconds)
  })
}
