import type { EntityManager } from '@mikro-orm/postgresql'
import { cursorOf, decodeCursor, given, type Keyset, type Page, type PageOptions } from '../pages.ts'
import { type EventRow, Events } from './events.ts'

export type EventFilter = { planId?: string; type?: string }

const BY_POSITION: Keyset = [
  { property: 'position', column: 'position', is: 'number' },
  { property: 'id', column: 'id', is: 'text' },
]

/**
 * What happened to a tenant's plans, in an order in which nothing can turn up later before what was already read: an
 * event is shown once every transaction that began before its own has ended. Throws `InvalidCursor`.
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
    .andWhere('written_by < pg_snapshot_xmin(pg_current_snapshot())')
  if (page.cursor) {
    const [position] = decodeCursor(page.cursor, BY_POSITION)
    query.andWhere('(written_by, position) > ((select e.written_by from events e where e.position = ?), ?)', [
      position,
      position,
    ])
  }
  const found = await query
    .orderBy({ writtenBy: 'asc', position: 'asc' })
    .limit(page.limit + 1)
    .getResultList()
  const data = found.slice(0, page.limit)
  const last = data.at(-1)
  return { data, nextCursor: found.length > page.limit && last ? eventCursor(last) : null }
}

/** To go on after this event later, also when it was the last one so far. */
export function eventCursor(event: EventRow): string {
  return cursorOf(event, BY_POSITION)
}

export async function findEvent(em: EntityManager, tenant: string, id: string): Promise<EventRow | null> {
  return em.findOne(Events, { id, tenantId: tenant })
}
