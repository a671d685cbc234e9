import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/**
 * Everything that happened, for those who read along: never changed, never deleted. A position is taken before its
 * transaction commits, so that a later one may be visible first; whoever reads in order of position alone misses
 * events. `writtenBy` is the transaction that wrote it: readers go by both and stop before the oldest one still open.
 */
export const Events = defineEntity({
  ...ofTenant,
  name: 'Event',
  tableName: 'events',
  properties: {
    id: text().primary(),
    position: p.bigint('number').autoincrement(),
    writtenBy: p.text().columnType('xid8').defaultRaw('pg_current_xact_id()'),
    tenantId: text(),
    /** Null for what happens to no plan. */
    planId: text().nullable(),
    type: text(),
    data: p.json<Record<string, unknown>>(),
    occurredAt: instant(),
  },
  indexes: [
    { name: 'events_tenant', properties: ['tenantId', 'writtenBy', 'position'] },
    {
      name: 'events_plan',
      properties: ['planId', 'position'],
      where: 'plan_id is not null',
    },
    { name: 'events_type', properties: ['tenantId', 'type', 'writtenBy', 'position'] },
  ],
  uniques: [{ name: 'events_position', properties: ['position'] }],
})

export type EventRow = InferEntity<typeof Events>
