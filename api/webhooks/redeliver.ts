import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { type DeliveryParts, redeliver } from './deliver.ts'

const EVERY_MS = 1_000

/** Goes on matching webhooks that came too early, or while Temporal was down. Returns how to stop it. */
export function keepRedelivering(parts: DeliveryParts, log: FastifyBaseLogger): () => Promise<void> {
  const stopping = new AbortController()
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await redeliver(parts).catch((error: unknown) => log.warn({ err: error }, 'webhooks wait'))
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()
  return async () => {
    stopping.abort()
    await loop
  }
}
