import type { EntityManager } from '@mikro-orm/postgresql'
import { ENDED, type PlanStatus } from '../../domain/plans/plan.ts'
import { BY_CREATION, given, type Page, type PageOptions, pageOf } from '../pages.ts'
import { type PlanRow, Plans } from '../plans/plans.ts'
import { Leases } from './leases.ts'

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

/**
 * The leases of an employee or of a company that run, or that pay still owes for: also for a device that is back, of which
 * a pause has held back months, for instance. Oldest first; `most` of them, or all.
 */
export async function openLeases(
  em: EntityManager,
  { tenantId, ...of }: { tenantId: string } & ({ employeeId: string } | { clientId: string }),
  most: number | null = null,
): Promise<string[]> {
  const [column, id] = 'employeeId' in of ? ['employee_id', of.employeeId] : ['client_id', of.clientId]
  const rows = await em.execute<{ id: string }[]>(
    `select l.plan_id as id from leases l join plans p on p.id = l.plan_id
      where l.tenant_id = ? and l.${column} = ?
        and (l.is_running or (l.payer = 'payroll' and p.lifecycle not in (?)))
      order by l.created_at, l.plan_id limit ?`,
    [tenantId, id, ENDED, most],
  )
  return rows.map((row) => row.id)
}
