import type { EntityManager } from '@mikro-orm/postgresql'
import { type InstallmentRow, Installments } from '../../db/plans/installments.ts'
import { findPlan } from '../../db/plans/read.ts'
import { planOf } from '../../db/plans/rows.ts'
import type { Account } from '../../domain/plans/effects.ts'
import type { Plan } from '../../domain/plans/plan.ts'

/** What tests read back of what was written. */

/** The plan as a value, as it was last written, or null when the tenant has none by this id. */
export async function loadPlan(em: EntityManager, tenant: string, id: string): Promise<Plan | null> {
  const row = await findPlan(em, tenant, id)
  return row && planOf(row, await em.find(Installments, { planId: id }, { orderBy: { number: 'asc' } }))
}

/** The plan's instalments in order, without the balance of a cancellation. */
export async function installmentsOf(em: EntityManager, tenant: string, planId: string): Promise<InstallmentRow[]> {
  return em.find(Installments, { planId, tenantId: tenant, number: { $gt: 0 } }, { orderBy: { number: 'asc' } })
}

/** What each account of a plan holds; debits positive, minor units. Accounts never used are absent. */
export async function balancesOf(
  em: EntityManager,
  tenant: string,
  planId: string,
): Promise<Partial<Record<Account, number>>> {
  const rows = await em.execute<{ account: Account; balance: string }[]>(
    `select p.account, sum(p.amount) as balance from postings p join journal_entries e on e.id = p.entry_id
      where e.tenant_id = ? and e.plan_id = ? group by p.account`,
    [tenant, planId],
  )
  return Object.fromEntries(rows.map(({ account, balance }) => [account, Number(balance)]))
}
