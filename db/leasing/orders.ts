import type { EntityManager } from '@mikro-orm/postgresql'
import { Employees } from './employees.ts'
import { type Hold, holdUnits } from './units.ts'

/** What decides whether an employee may order: one order of theirs is looked at after the other. */

/** Waits for whoever else orders for this employee, or sees them off, until the transaction ends. */
export async function lockEmployee(tx: EntityManager, tenant: string, employee: string): Promise<void> {
  await tx.execute('select pg_advisory_xact_lock(hashtextextended(?, 1))', [JSON.stringify([tenant, employee])])
}

export type Orderer = { tenant: string; employee: string /** Leases that they may have at once. */; maximum: number }
export type Refusal = 'employee_offboarded' | 'lease_limit_reached' | 'out_of_stock'
export type Held = { units: string[] } | { refused: Refusal }

/**
 * A unit for each lease that the employee is to have, or none at all. Leases that run count, and so do those that are
 * ordered and not on record yet: of two orders at the same moment only what is allowed comes about.
 */
export async function holdForEmployee(
  em: EntityManager,
  { tenant, employee, maximum }: Orderer,
  leases: readonly Omit<Hold, 'tenant' | 'heldFor'>[],
): Promise<Held> {
  return em.transactional(async (tx): Promise<Held> => {
    await lockEmployee(tx, tenant, employee)
    const active = { tenantId: tenant, id: employee, status: 'active' as const, deletedAt: null }
    if ((await tx.count(Employees, active)) === 0) return { refused: 'employee_offboarded' }
    const ids = leases.map(({ lease }) => lease)
    const others = await leasesOf(tx, tenant, employee, ids)
    if (others + leases.length > maximum) return { refused: 'lease_limit_reached' }
    const units = await holdUnits(
      tx,
      leases.map((hold) => ({ ...hold, tenant, heldFor: employee })),
    )
    return units ? { units } : { refused: 'out_of_stock' }
  })
}

/** How many leases the employee has or is about to have, beside these. */
async function leasesOf(tx: EntityManager, tenant: string, employee: string, beside: string[]): Promise<number> {
  // An order that comes on record meanwhile is found by both, and missed by neither.
  const pending = await pendingOrders(tx, tenant, employee)
  const running = await tx.execute<{ id: string }[]>(
    'select plan_id as id from leases where tenant_id = ? and employee_id = ? and is_running',
    [tenant, employee],
  )
  const all = new Set([...pending, ...running.map(({ id }) => id)])
  return [...all].filter((id) => !beside.includes(id)).length
}

/** Leases for which a unit is put aside on the employee's behalf, and which are not on record yet. */
export async function pendingOrders(em: EntityManager, tenant: string, employee: string): Promise<string[]> {
  const rows = await em.execute<{ id: string }[]>(
    `select lease_id as id from devices where tenant_id = ? and held_for = ? and status = 'reserved'
      and held_until > now() and not exists (select from leases where plan_id = devices.lease_id)`,
    [tenant, employee],
  )
  return rows.map(({ id }) => id)
}
