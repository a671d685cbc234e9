import type { EntityManager } from '@mikro-orm/postgresql'
import type { Instant } from '../../domain/plans/terms.ts'
import { insertOnce } from '../insert-once.ts'
import { Events } from '../plans/events.ts'

type Told = {
  tenantId: string
  at: Instant
  type: `${'client' | 'employee'}.${'created' | 'changed' | 'deleted'}`
  /** One for each event; ids only. */
  data: Record<string, string>[]
}

/** Tells those who read along, in the transaction in which it happens; these events are of no plan. */
export async function happenedTo(em: EntityManager, { tenantId, at, type, data }: Told): Promise<void> {
  const rows = data.map((one) => ({
    id: `evt_${crypto.randomUUID().replaceAll('-', '')}`,
    ...{ tenantId, planId: null, type, data: one, occurredAt: at },
  }))
  await insertOnce(em, Events, rows)
}
