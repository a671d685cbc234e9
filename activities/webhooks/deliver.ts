import type { EntityManager } from '@mikro-orm/postgresql'
import { instantOf } from '../../db/columns.ts'
import { keysOf } from '../../db/keys.ts'
import { Events } from '../../db/plans/events.ts'
import { showEvent } from '../../db/plans/read-events.ts'
import { acrossTenants, inTenant } from '../../db/tenancy/scope.ts'
import { WebhookDeliveries, type WebhookDeliveryRow } from '../../db/webhooks/deliveries.ts'
import { WebhookEndpoints } from '../../db/webhooks/endpoints.ts'
import { catchUp, endpointsBehind } from '../../db/webhooks/fan-out.ts'
import { validSecrets } from '../../db/webhooks/secrets.ts'
import type { SendWebhook, WebhookPost } from '../../gateways/webhooks/send.ts'
import { signatureHeaders } from '../../gateways/webhooks/signature.ts'
import { backOffMs, MOST_ATTEMPTS } from '../telling/back-off.ts'
import { claim, each, inWords, nowOf, type OutboxDeps } from '../telling/outbox.ts'

const OUTBOX = {
  table: 'webhook_deliveries',
  waiting: `status = 'pending'`,
  attempts: 'attempts',
  nextAttemptAt: 'next_attempt_at',
}

/** Queues what happened for the endpoints that want to be told, and answers how many events it looked at. */
export async function queueWebhooks(deps: OutboxDeps): Promise<number> {
  let looked = 0
  for (const { id, tenant } of await acrossTenants(() => endpointsBehind(deps.em()))) {
    looked += await inTenant(tenant, () => catchUp(deps.em(), id, nowOf(deps)))
  }
  return looked
}

/**
 * Sends an endpoint what is due for it, and answers how many it took. What is not answered by a 2xx is sent again for
 * three days, and is then held until somebody replays it.
 */
export async function deliverWebhooks(deps: OutboxDeps & { send: SendWebhook }, endpointId: string): Promise<number> {
  const claimed = await claim(deps, { ...OUTBOX, only: { column: 'endpoint_id', is: endpointId } })
  await each(claimed, (id) => deliver(deps, id))
  return claimed.length
}

async function deliver(deps: OutboxDeps & { send: SendWebhook }, id: string): Promise<void> {
  const row = await deps.em().findOne(WebhookDeliveries, { id })
  const post = row && (await postOf(deps.em(), row, nowOf(deps)))
  // The endpoint was deleted, and what was queued for it went with it.
  if (!post) return
  const { lastStatus, lastError } = await tried(deps.send, post)
  const isOver = lastError === null || row.attempts >= MOST_ATTEMPTS
  const status = lastError === null ? 'delivered' : isOver ? 'held' : 'pending'
  const now = nowOf(deps)
  const later = new Date(now.getTime() + backOffMs(row.attempts, deps.random?.() ?? Math.random()))
  await deps.em().nativeUpdate(
    WebhookDeliveries,
    { id, status: 'pending' },
    {
      status,
      nextAttemptAt: isOver ? null : instantOf(later),
      deliveredAt: status === 'delivered' ? instantOf(now) : null,
      lastStatus,
      lastError,
    },
  )
  deps.onTold?.('webhook', OUTCOMES[status])
}

const OUTCOMES = { delivered: 'sent', pending: 'delayed', held: 'failed' } as const

/** The event as `GET /events/{id}` shows it, signed for this moment. */
async function postOf(em: EntityManager, row: WebhookDeliveryRow, now: Date): Promise<WebhookPost | null> {
  const endpoint = await em.findOne(WebhookEndpoints, { id: row.endpointId })
  if (!endpoint) return null
  const event = await em.findOneOrFail(Events, { id: row.eventId })
  const body = JSON.stringify(showEvent(event))
  const signature = signatureHeaders(
    event.id,
    now,
    body,
    validSecrets(endpoint.secrets, now, { id: endpoint.id, keys: keysOf(em) }),
  )
  const headers = { 'content-type': 'application/json', 'user-agent': 'Tenor-Webhooks/1', ...signature }
  return { url: endpoint.url, headers, body }
}

/** No error when the receiver took it. */
async function tried(
  send: SendWebhook,
  post: WebhookPost,
): Promise<{ lastStatus: number | null; lastError: string | null }> {
  try {
    const status = await send(post)
    const isTaken = status >= 200 && status < 300
    return { lastStatus: status, lastError: isTaken ? null : `Answered ${status}` }
  } catch (error) {
    return { lastStatus: null, lastError: inWords(error) }
  }
}
