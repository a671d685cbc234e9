import type { EntityManager } from '@mikro-orm/postgresql'
import type { PlanStatus } from '../../domain/plans/plan.ts'
import { BY_CREATION, given, type Page, type PageOptions, pageOf } from '../pages.ts'
import { type PlanRow, Plans } from '../plans/plans.ts'
import { type LeaseRow, Leases } from './leases.ts'

export type LeaseFilter = {
  clientId?: string | undefined
  employeeId?: string | undefined
  modelCode?: string | undefined
  status?: PlanStatus | undefined
  testClockId?: string | undefined
}

/** Newest first. */
export async function listLeases(
  em: EntityManager,
  tenant: string,
  { clientId, employeeId, modelCode, status, testClockId }: LeaseFilter,
  page: PageOptions,
): Promise<Page<PlanRow>> {
  // What leases alone have; that of plans is looked for there.
  const ofLeases = given({ clientId, modelCode })
  const found = em
    .createQueryBuilder(Leases)
    .select('planId')
    .where({ ...ofLeases, tenantId: tenant })
  const narrowed = Object.keys(ofLeases).length > 0 ? { id: { $in: found.getNativeQuery() } as never } : {}
  const ofPlans = given({ customerId: employeeId, status, testClockId })
  return pageOf(em, Plans, { ...ofPlans, ...narrowed, tenantId: tenant, kind: 'lease' }, BY_CREATION, {
    order: 'desc',
    ...page,
  })
}

export async function runningLeases(em: EntityManager, tenant: string, employeeId: string): Promise<LeaseRow[]> {
  return em.find(
    Leases,
    { tenantId: tenant, employeeId, isRunning: true },
    { orderBy: { createdAt: 'asc', planId: 'asc' } },
  )
}
