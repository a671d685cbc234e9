import type { EntityManager } from '@mikro-orm/postgresql'
import { type Customer, findCustomers } from '../customers/people.ts'
import { given, type Keyset, type Page, type PageOptions, pageOf } from '../pages.ts'
import { type PlanRow, Plans } from '../plans/plans.ts'
import { TestClocks } from '../plans/test-clocks.ts'
import { Clients } from './clients.ts'
import { openedAddress } from './companies.ts'
import { type LeaseRow, Leases } from './leases.ts'
import { type DeviceRow, Devices } from './stock.ts'

/** A device that is not with its employee yet, with all that sending it needs. */
export type Dispatch = {
  lease: LeaseRow & { dispatchBy: string }
  plan: PlanRow
  unit: DeviceRow | null
  employee: Customer | null
  client: Customer | null
  officeAddress: string | null
  /** Where the lease's test clock stands; `null` for the real one. */
  clock: string | null
}

export type BoardFilter = {
  clientId?: string | undefined
  employeeId?: string | undefined
  modelCode?: string | undefined
  status?: 'init' | 'dispatched' | undefined
}

const BY_DISPATCH: Keyset = [
  { property: 'dispatchBy', column: 'dispatch_by', is: 'date' },
  { property: 'planId', column: 'plan_id', is: 'text' },
]

/** What is to be dispatched first comes first. */
export async function listDispatches(
  em: EntityManager,
  tenant: string,
  { status, ...filter }: BoardFilter,
  page: Omit<PageOptions, 'order'>,
): Promise<Page<Dispatch>> {
  const waiting = em
    .createQueryBuilder(Plans)
    .select('id')
    .where({ tenantId: tenant, kind: 'lease', ...given({ status }) })
  const where = {
    ...given(filter),
    tenantId: tenant,
    dispatchBy: { $ne: null } as never,
    ...(status && { planId: { $in: waiting.getNativeQuery() } as never }),
  }
  const found = await pageOf(em, Leases, where, BY_DISPATCH, { ...page, order: 'asc' })
  return { data: await whole(em, tenant, found.data), nextCursor: found.nextCursor }
}

async function whole(em: EntityManager, tenantId: string, leases: LeaseRow[]): Promise<Dispatch[]> {
  const byId = <Row extends { id: string }>(rows: Row[]) => new Map(rows.map((row) => [row.id, row]))
  const plans = byId(await em.find(Plans, { id: { $in: leases.map(({ planId }) => planId) } }))
  const units = byId(await em.find(Devices, { id: { $in: leases.map(({ unitId }) => unitId) } }))
  const clients = byId(await em.find(Clients, { tenantId, id: { $in: leases.map(({ clientId }) => clientId) } }))
  const people = await findCustomers(em, tenantId, [
    ...leases.map(({ employeeId }) => employeeId),
    ...leases.map(({ clientId }) => clientId),
  ])
  const clockIds = [...plans.values()].flatMap(({ testClockId }) => testClockId ?? [])
  const clocks = byId(clockIds.length === 0 ? [] : await em.find(TestClocks, { tenantId, id: { $in: clockIds } }))
  return leases.flatMap((lease) => {
    const plan = plans.get(lease.planId)
    const client = clients.get(lease.clientId)
    if (!plan || lease.dispatchBy == null) return []
    return {
      lease: { ...lease, dispatchBy: lease.dispatchBy },
      plan,
      unit: units.get(lease.unitId) ?? null,
      employee: people.get(lease.employeeId) ?? null,
      client: people.get(lease.clientId) ?? null,
      officeAddress: client ? openedAddress(em, client) : null,
      clock: clocks.get(plan.testClockId ?? '')?.now ?? null,
    }
  })
}
