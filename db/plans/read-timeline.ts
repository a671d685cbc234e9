import type { EntityManager } from '@mikro-orm/postgresql'
import { type EscalationRow, Escalations } from './escalations.ts'
import { type EventRow, Events } from './events.ts'
import { type InstallmentRow, Installments } from './installments.ts'
import { type NotificationRow, Notifications } from './notifications.ts'
import { type TransactionRow, Transactions } from './transactions.ts'

/** All that a plan's timeline is told from, each oldest first. `installments` has the balance too, as number 0. */
export type TimelineMaterial = {
  installments: InstallmentRow[]
  transactions: TransactionRow[]
  events: EventRow[]
  notifications: NotificationRow[]
  escalations: EscalationRow[]
}

export async function timelineMaterial(em: EntityManager, tenant: string, planId: string): Promise<TimelineMaterial> {
  const where = { planId, tenantId: tenant }
  return {
    installments: await em.find(Installments, where, { orderBy: { number: 'asc' } }),
    transactions: await em.find(Transactions, where, { orderBy: { createdAt: 'asc', id: 'asc' } }),
    events: await em.find(Events, where, { orderBy: { occurredAt: 'asc', position: 'asc' } }),
    notifications: await em.find(Notifications, where, { orderBy: { createdAt: 'asc', id: 'asc' } }),
    escalations: await em.find(Escalations, where, { orderBy: { openedAt: 'asc', id: 'asc' } }),
  }
}
