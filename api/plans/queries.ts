import { type EntityManager, IsolationLevel } from '@mikro-orm/postgresql'
import { instantOf } from '../../db/columns.ts'
import { type DeviceRow, Devices } from '../../db/leasing/stock.ts'
import { Installments } from '../../db/plans/installments.ts'
import type { PlanRow } from '../../db/plans/plans.ts'
import { findPlan } from '../../db/plans/read.ts'
import { TestClocks } from '../../db/plans/test-clocks.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import type { PlanKind } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { notFound } from '../http/problem.ts'
import { type Caller, onlyClient, onlyCustomer } from '../identity/caller.ts'
import type { PlanRows } from './present.ts'

/** The plan, for who may see it. Throws a 404 for what is not there, of another kind, or somebody else's. */
export async function planFor(em: EntityManager, caller: Caller, kind: PlanKind, id: string): Promise<PlanRow> {
  const plan = await findPlan(em, caller.tenant, id)
  if (plan?.kind !== kind || !maySee(caller, plan)) throw notFound('plan')
  return plan
}

/** Those who owe see what is theirs; those of a company what it pays, and the leases of its employees. */
export function maySee(caller: Caller, plan: PlanRow): boolean {
  const [only, company] = [onlyCustomer(caller), onlyClient(caller)]
  if (only !== null && plan.customerId !== only) return false
  return company === null || plan.customerId === company || plan.state.lease?.client === company
}

/** As `planFor`, with everything that is shown with it. */
export async function wholePlanFor(em: EntityManager, caller: Caller, kind: PlanKind, id: string): Promise<PlanRows> {
  return atOneMoment(em, async (tx) => (await withRows(tx, [await planFor(tx, caller, kind, id)]))[0] as PlanRows)
}

/** Reads that belong together: what is written meanwhile is in all of them or in none. */
export function atOneMoment<T>(em: EntityManager, read: (tx: EntityManager) => Promise<T>): Promise<T> {
  return em.transactional(read, { isolationLevel: IsolationLevel.REPEATABLE_READ, readOnly: true })
}

/** Plans with what is shown with them, in a few queries however many they are. */
export async function withRows(em: EntityManager, plans: PlanRow[]): Promise<PlanRows[]> {
  if (plans.length === 0) return []
  const planId = { $in: plans.map(({ id }) => id) }
  const installments = await em.find(Installments, { planId }, { orderBy: { planId: 'asc', number: 'asc' } })
  const charges = await em.find(
    Transactions,
    { planId, type: 'charge', installmentNumber: { $ne: null }, attempt: { $ne: null } },
    { orderBy: { planId: 'asc', installmentNumber: 'asc', attempt: 'asc' } },
  )
  const units = await unitsOf(em, plans)
  const installmentsOf = Map.groupBy(installments, (row) => row.planId)
  const chargesOf = Map.groupBy(charges, (row) => row.planId)
  return plans.map((plan) => ({
    plan,
    installments: installmentsOf.get(plan.id) ?? [],
    charges: chargesOf.get(plan.id) ?? [],
    unit: units.get(plan.state.lease?.unit ?? '') ?? null,
  }))
}

async function unitsOf(em: EntityManager, plans: PlanRow[]): Promise<Map<string, DeviceRow>> {
  const ids = plans.flatMap(({ state }) => state.lease?.unit ?? [])
  if (ids.length === 0) return new Map()
  return new Map((await em.find(Devices, { id: { $in: ids } })).map((unit) => [unit.id, unit]))
}

/** What time it is for a plan: its test clock's, or the real one. */
export async function nowFor(em: EntityManager, plan: PlanRow, real: Date): Promise<Instant> {
  if (!plan.testClockId) return instantOf(real)
  const clock = await em.findOne(TestClocks, { id: plan.testClockId })
  return clock?.now ?? instantOf(real)
}
