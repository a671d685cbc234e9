import type { EntityManager } from '@mikro-orm/postgresql'
import { cursorOf, decodeCursor, given, type Keyset, type Page, type PageOptions } from '../pages.ts'
import { type EventRow, Events } from './events.ts'

export type EventFilter = { planId?: string; type?: string }

const BY_POSITION: Keyset = [
  { property: 'position', column: 'position', is: 'number' },
  { property: 'id', column: 'id', is: 'text' },
]

/**
 * What happened, in an order in which nothing turns up later before what was already read. Of one plan: at once, since
 * its writers hold its row and so come one after the other. Of a whole tenant: once every transaction that began before
 * the event's own has ended. Throws `InvalidCursor`.
 */
export async function listEvents(
  em: EntityManager,
  tenant: string,
  filter: EventFilter,
  page: Omit<PageOptions, 'order'>,
): Promise<Page<EventRow>> {
  const query = em
    .createQueryBuilder(Events)
    .select('*')
    .where({ ...given(filter), tenantId: tenant })
  if (filter.planId === undefined) query.andWhere('written_by < pg_snapshot_xmin(pg_current_snapshot())')
  if (page.cursor) query.andWhere(...after(page.cursor, filter))
  const found = await query
    .orderBy(filter.planId === undefined ? { writtenBy: 'asc', position: 'asc' } : { position: 'asc' })
    .limit(page.limit + 1)
    .getResultList()
  const data = found.slice(0, page.limit)
  const last = data.at(-1)
  return { data, nextCursor: found.length > page.limit && last ? eventCursor(last) : null }
}

function after(cursor: string, filter: EventFilter): [string, unknown[]] {
  const [position] = decodeCursor(cursor, BY_POSITION)
  if (filter.planId !== undefined) return ['position > ?', [position]]
  // The cursor names an event, not its transaction: transaction ids start anew when a dump is restored elsewhere.
  return [
    '(written_by, position) > ((select e.written_by from events e where e.position = ?), ?)',
    [position, position],
  ]
}

/** To go on after this event later, also when it was the last one so far. */
export function eventCursor(event: EventRow): string {
  return cursorOf(event, BY_POSITION)
}

export async function findEvent(em: EntityManager, tenant: string, id: string): Promise<EventRow | null> {
  return em.findOne(Events, { id, tenantId: tenant })
}

/** An event as whoever reads along sees it, by `GET /events` or in a webhook. */
export function showEvent(row: EventRow) {
  return { event_id: row.id, type: row.type, plan_id: row.planId ?? null, occurred_at: row.occurredAt, data: row.data }
}
