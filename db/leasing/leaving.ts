import type { EntityManager } from '@mikro-orm/postgresql'
import { ENDED } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { Customers } from '../customers/customers.ts'
import { Users } from '../identity/users.ts'
import { Plans } from '../plans/plans.ts'
import { ClientDomains, Clients } from './clients.ts'
import type { CompanyId } from './companies.ts'
import { CartLines, Employees } from './employees.ts'
import { happenedTo } from './people-events.ts'
import { openLeases } from './read-leases.ts'
import type { Employee } from './staff.ts'

/** How clients and employees go: their rows stay, marked, where something refers to them, and go where nothing does. */

/** A lease still runs, or is owed for; nothing was written. */
export class LeasesRunning extends Error {
  override name = 'LeasesRunning'
}

/** A statement is being closed, or closed and not paid; nothing was written. */
export class StatementsUnpaid extends Error {
  override name = 'StatementsUnpaid'
}

/** Within the caller's transaction. Throws `LeasesRunning`. */
export async function removeEmployee(em: EntityManager, employee: Employee, at: Instant): Promise<void> {
  const { tenantId, id, clientId } = employee
  if ((await openLeases(em, { tenantId, employeeId: id }, 1)).length > 0) throw new LeasesRunning(id)
  if ((await em.count(Plans, { tenantId, customerId: id })) > 0) {
    await em.nativeUpdate(Employees, { tenantId, id }, { deletedAt: at, updatedAt: at })
  } else {
    await em.nativeDelete(Employees, { tenantId, id })
    await em.nativeDelete(Customers, { tenantId, id })
  }
  await em.nativeDelete(CartLines, { tenantId, employeeId: id })
  await em.nativeUpdate(Users, { tenantId, customerId: id }, { customerId: null })
  const data = [{ employee_id: id, client_id: clientId }]
  await happenedTo(em, { tenantId, at, type: 'employee.deleted', data })
}

/**
 * Its employees are no longer there either, and its domains are free for another one. Within the caller's transaction.
 * Nothing of it is left when nothing refers to it. Throws `LeasesRunning` and `StatementsUnpaid`.
 */
export async function removeCompany(em: EntityManager, { tenantId, id }: CompanyId, at: Instant): Promise<void> {
  if ((await openLeases(em, { tenantId, clientId: id }, 1)).length > 0) throw new LeasesRunning(id)
  if (await hasUnpaidStatement(em, { tenantId, id })) throw new StatementsUnpaid(id)
  const of = { tenantId, clientId: id }
  if (await isReferredTo(em, of)) {
    await em.nativeUpdate(Clients, { tenantId, id }, { deletedAt: at, updatedAt: at })
    await em.nativeUpdate(Employees, { ...of, deletedAt: null }, { deletedAt: at, updatedAt: at })
  } else {
    await em.nativeDelete(Clients, { tenantId, id })
    await em.nativeDelete(Customers, { tenantId, id })
  }
  await em.nativeDelete(ClientDomains, of)
  await em.nativeUpdate(Users, of, { clientId: null })
  await happenedTo(em, { tenantId, at, type: 'client.deleted', data: [{ client_id: id }] })
}

/** Of a company that is gone, nobody could give another payment method for it. */
async function hasUnpaidStatement(em: EntityManager, { tenantId, id }: CompanyId): Promise<boolean> {
  const rows = await em.execute(
    `select 1 from statements s left join plans p on p.id = s.plan_id
      where s.tenant_id = ? and s.client_id = ?
        and (s.status <> 'closed' or (s.total > 0 and (p.id is null or p.lifecycle not in (?)))) limit 1`,
    [tenantId, id, ENDED],
  )
  return rows.length > 0
}

async function isReferredTo(em: EntityManager, { tenantId, clientId }: { tenantId: string; clientId: string }) {
  const tables = ['employees', 'leases', 'payroll_deductions', 'statements']
  const some = tables.map((table) => `exists (select from ${table} where tenant_id = ? and client_id = ?)`)
  const [row] = await em.execute<{ is: boolean }[]>(
    `select ${some.join(' or ')} as is`,
    tables.flatMap(() => [tenantId, clientId]),
  )
  return row?.is ?? true
}
