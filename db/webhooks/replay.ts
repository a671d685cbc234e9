import type { EntityManager } from '@mikro-orm/postgresql'
import type { Instant } from '../../domain/plans/terms.ts'
import { instantOf } from '../columns.ts'
import type { EventRow } from '../plans/events.ts'
import { WebhookDeliveries } from './deliveries.ts'
import type { WebhookEndpointRow } from './endpoints.ts'
import { queue } from './fan-out.ts'

const AGAIN = { status: 'pending' as const, attempts: 0, deliveredAt: null }

/**
 * Queues one event for an endpoint anew, also one that it was never to be told of. Answers 0 when it is queued already:
 * somebody may be sending it at this moment.
 */
export async function replayEvent(
  em: EntityManager,
  endpoint: WebhookEndpointRow,
  event: EventRow,
  now: Date,
): Promise<number> {
  const queued = await queue(em, endpoint, [event], now)
  if (queued > 0) return queued
  const over = { endpointId: endpoint.id, eventId: event.id, status: { $ne: 'pending' as const } }
  return em.nativeUpdate(WebhookDeliveries, over, { ...AGAIN, nextAttemptAt: instantOf(now) })
}

/** Queues anew what was queued since, whether it was delivered or is held; without `since`, all that is held. */
export async function replayAll(
  em: EntityManager,
  endpoint: WebhookEndpointRow,
  since: Instant | undefined,
  now: Date,
): Promise<number> {
  const which =
    since === undefined
      ? { status: 'held' as const }
      : { status: { $ne: 'pending' as const }, createdAt: { $gte: since } }
  return em.nativeUpdate(
    WebhookDeliveries,
    { endpointId: endpoint.id, ...which },
    { ...AGAIN, nextAttemptAt: instantOf(now) },
  )
}
