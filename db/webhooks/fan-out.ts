import type { EntityManager } from '@mikro-orm/postgresql'
import { instantOf } from '../columns.ts'
import { insertOnce } from '../insert-once.ts'
import { WebhookDeliveries } from './deliveries.ts'
import { type WebhookEndpointRow, WebhookEndpoints } from './endpoints.ts'

const MOST_EVENTS = 500

/** Events of endpoint `e`'s tenant that it was not yet told of, and behind which none can turn up later; see read-events.ts. */
const AFTER_CURSOR = `v.tenant_id = e.tenant_id and v.written_by < pg_snapshot_xmin(pg_current_snapshot())
  and (v.written_by, v.position) > (
    coalesce((select c.written_by from events c where c.position = e.cursor_position), '0'::xid8), e.cursor_position)`

/** The last event that cannot be overtaken, where a new endpoint begins; 0 when there is none. */
export async function newestPosition(em: EntityManager, tenant: string): Promise<number> {
  const [newest] = await em.execute<{ position: string }[]>(
    `select position from events where tenant_id = ? and written_by < pg_snapshot_xmin(pg_current_snapshot())
      order by written_by desc, position desc limit 1`,
    [tenant],
  )
  return Number(newest?.position ?? 0)
}

/** Endpoints whose tenant has had events since. */
export async function endpointsBehind(em: EntityManager): Promise<{ id: string; tenant: string }[]> {
  return em.execute(
    `select e.id, e.tenant_id as tenant from webhook_endpoints e where exists (select from events v where ${AFTER_CURSOR})`,
  )
}

/**
 * Queues the next events of an endpoint and moves its cursor behind them, both or neither. Answers how many it looked
 * at: 0 as well while another process is at it, or when the endpoint is gone.
 */
export async function catchUp(em: EntityManager, endpointId: string, now: Date): Promise<number> {
  return em.transactional(async (tx) => {
    const [endpoint] = await tx.execute<{ id: string }[]>(
      'select id from webhook_endpoints where id = ? for update skip locked',
      [endpointId],
    )
    if (!endpoint) return 0
    const row = await tx.findOneOrFail(WebhookEndpoints, { id: endpointId })
    const events = await tx.execute<(EventHead & { position: string })[]>(
      `select v.id, v.position, v.type from events v, webhook_endpoints e
        where e.id = ? and ${AFTER_CURSOR} order by v.written_by, v.position limit ${MOST_EVENTS}`,
      [endpointId],
    )
    const last = events.at(-1)
    if (!last) return 0
    await queue(
      tx,
      row,
      events.filter(({ type }) => row.eventTypes?.includes(type) ?? true),
      now,
    )
    await tx.nativeUpdate(WebhookEndpoints, { id: endpointId }, { cursorPosition: Number(last.position) })
    return events.length
  })
}

type EventHead = { id: string; type: string }

/** Queues events for an endpoint; what was queued for it before stays as it is. Answers how many are new. */
export async function queue(
  em: EntityManager,
  endpoint: WebhookEndpointRow,
  events: EventHead[],
  now: Date,
): Promise<number> {
  const at = instantOf(now)
  const rows = events.map(({ id, type }) => ({
    id: `whd_${crypto.randomUUID().replaceAll('-', '')}`,
    tenantId: endpoint.tenantId,
    endpointId: endpoint.id,
    eventId: id,
    eventType: type,
    status: 'pending' as const,
    nextAttemptAt: at,
    createdAt: at,
  }))
  return insertOnce(em, WebhookDeliveries, rows, ['endpointId', 'eventId'])
}

/** Endpoints, but these, for which something is due. */
export async function endpointsDue(em: EntityManager, but: string[], most: number, now: Date): Promise<string[]> {
  const rows = await em.execute<{ id: string }[]>(
    `select e.id from webhook_endpoints e
      where e.id <> all (select jsonb_array_elements_text(?::jsonb)) and exists (
        select from webhook_deliveries d
         where d.endpoint_id = e.id and d.status = 'pending' and d.next_attempt_at <= ?)
      limit ?`,
    [JSON.stringify(but), now.toISOString(), most],
  )
  return rows.map(({ id }) => id)
}
