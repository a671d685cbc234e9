import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { MikroORM } from '@mikro-orm/postgresql'
import type { FastifyInstance } from 'fastify'
import { poolOf } from '../../db/orm.ts'
import type { Refused } from './metrics.ts'
import { Problem } from './problem.ts'

/** Milliseconds that work waits for its turn in this process, on average; a request takes several turns. */
const LONGEST_DELAY_MS = 1_000
const RESOLUTION_MS = 20
const WINDOW_MS = 500
/** A single stall, such as a garbage collection or the start itself, is over before anybody could come back later. */
const WINDOWS_IN_A_ROW = 4
/** Twenty that wait for each connection, at a hundred milliseconds a query, wait two seconds of the three they would. */
const WAITING_FOR_EACH_CONNECTION = 20
const RETRY_AFTER_S = 2

/**
 * Answers 503 with `Retry-After` while there is more to do than can be done in time, instead of doing all of it too late.
 * Health and metrics always answer: a process that is busy must not be taken for one that is dead.
 */
export function refuseWhenBusy(
  app: FastifyInstance,
  orm: MikroORM,
  refused: Refused,
  longestDelayMs = LONGEST_DELAY_MS,
): void {
  const isLoopBusy = watchLoop(app, longestDelayMs)
  const isPoolBusy = () => {
    const { waiting, most } = poolOf(orm)
    return waiting > most * WAITING_FOR_EACH_CONNECTION
  }
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.rateLimit === false) return
    const reason = isLoopBusy() ? 'event_loop' : isPoolBusy() ? 'database_pool' : undefined
    if (!reason) return
    refused.inc({ reason, class: 'all' })
    const headers = { 'retry-after': String(RETRY_AFTER_S) }
    throw new Problem(503, 'overloaded', 'Too much is going on here at the moment.', { headers })
  })
}

function watchLoop(app: FastifyInstance, longestDelayMs: number): () => boolean {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  let late = 0
  delay.enable()
  const timer = setInterval(() => {
    // Without a single turn in all of the window there is no mean at all.
    const isShort = delay.mean / 1e6 - RESOLUTION_MS <= longestDelayMs
    late = isShort ? 0 : late + 1
    delay.reset()
  }, WINDOW_MS).unref()
  app.addHook('onClose', async () => {
    clearInterval(timer)
    delay.disable()
  })
  return () => late >= WINDOWS_IN_A_ROW
}
