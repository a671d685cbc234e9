import type { EntityManager } from '@mikro-orm/postgresql'
import type { EscalationReason, Recipient } from '../../domain/plans/effects.ts'
import type { PlanKind, PlanStatus } from '../../domain/plans/plan.ts'
import { Leases } from '../leasing/leases.ts'
import { BY_CREATION, given, type Page, type PageOptions, pageOf } from '../pages.ts'
import { type EscalationRow, Escalations } from './escalations.ts'
import { type NotificationRow, Notifications } from './notifications.ts'
import { type PlanRow, Plans } from './plans.ts'
import { type ReceiptRow, Receipts } from './receipts.ts'
import { type TransactionRow, type TransactionStatus, Transactions } from './transactions.ts'

export async function findPlan(em: EntityManager, tenant: string, id: string): Promise<PlanRow | null> {
  return em.findOne(Plans, { id, tenantId: tenant })
}

export type PlanFilter = { kind?: PlanKind; customerId?: string; status?: PlanStatus; testClockId?: string }

/** Newest first. */
export async function listPlans(
  em: EntityManager,
  tenant: string,
  filter: PlanFilter,
  page: PageOptions,
): Promise<Page<PlanRow>> {
  return pageOf(em, Plans, { ...given(filter), tenantId: tenant }, BY_CREATION, { order: 'desc', ...page })
}

export type TransactionFilter = { planId: string; type?: 'charge' | 'refund'; status?: TransactionStatus }

/** Oldest first. */
export async function listTransactions(
  em: EntityManager,
  tenant: string,
  filter: TransactionFilter,
  page: PageOptions,
): Promise<Page<TransactionRow>> {
  return pageOf(em, Transactions, { ...given(filter), tenantId: tenant }, BY_CREATION, { order: 'asc', ...page })
}

/** Oldest first. */
export async function listReceipts(
  em: EntityManager,
  tenant: string,
  filter: { planId: string },
  page: PageOptions,
): Promise<Page<ReceiptRow>> {
  return pageOf(em, Receipts, { ...filter, tenantId: tenant }, byMoment('issuedAt', 'issued_at'), {
    order: 'asc',
    ...page,
  })
}

export async function findReceipt(em: EntityManager, tenant: string, id: string): Promise<ReceiptRow | null> {
  return em.findOne(Receipts, { id, tenantId: tenant })
}

export type EscalationFilter = {
  status?: 'open' | 'resolved'
  planId?: string
  customerId?: string
  reason?: EscalationReason
}

/** Newest first. */
export async function listEscalations(
  em: EntityManager,
  tenant: string,
  filter: EscalationFilter,
  page: PageOptions,
): Promise<Page<EscalationRow>> {
  return pageOf(em, Escalations, { ...given(filter), tenantId: tenant }, byMoment('openedAt', 'opened_at'), {
    order: 'desc',
    ...page,
  })
}

export async function findEscalation(em: EntityManager, tenant: string, id: string): Promise<EscalationRow | null> {
  return em.findOne(Escalations, { id, tenantId: tenant })
}

export type NotificationFilter = {
  recipient?: Recipient
  /** To this company: as who owes its statements, and as whose lease it is. */
  clientId?: string
  planId?: string
  customerId?: string
  status?: 'queued' | 'sent' | 'failed'
  type?: string
}

/** Newest first. */
export async function listNotifications(
  em: EntityManager,
  tenantId: string,
  { clientId, ...filter }: NotificationFilter,
  page: PageOptions,
): Promise<Page<NotificationRow>> {
  const where = { ...given(filter), ...(clientId === undefined ? {} : ofClient(em, tenantId, clientId)), tenantId }
  return pageOf(em, Notifications, where, BY_CREATION, { order: 'desc', ...page })
}

function ofClient(em: EntityManager, tenantId: string, clientId: string): object {
  const leases = em.createQueryBuilder(Leases).select('planId').where({ tenantId, clientId })
  return { $or: [{ customerId: clientId }, { recipient: 'client', planId: { $in: leases.getNativeQuery() } }] }
}

function byMoment(property: string, column: string) {
  return [{ property, column, is: 'instant' }, BY_CREATION[1]] as const
}
