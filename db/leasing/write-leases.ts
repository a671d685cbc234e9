import type { EntityManager } from '@mikro-orm/postgresql'
import type { Lease, UnitMoved } from '../../domain/leasing/lease.ts'
import type { LeaseChanged } from '../../domain/leasing/lease-changes.ts'
import { isUndelivered } from '../../domain/leasing/order.ts'
import type { Deducted, PlanHead } from '../../domain/plans/effects.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { insertOnce } from '../insert-once.ts'
import { rowId } from '../plans/rows.ts'
import { LeaseChanges } from './lease-changes.ts'
import { Leases } from './leases.ts'
import { PayrollDeductions } from './statements.ts'
import { FREE } from './units.ts'

/** What is written of leases in the transaction of their plan. */

/** The unit that a lease counts on is not its: put aside for too short a time, or moved by hand. */
export class UnitNotHeld extends Error {
  override name = 'UnitNotHeld'
}

export async function saveLease(em: EntityManager, head: PlanHead): Promise<void> {
  const { lease, id, tenant, customer, createdAt } = head
  if (!lease) return
  const columns = leaseColumns(head, lease)
  const made = { ...columns, planId: id, tenantId: tenant, clientId: lease.client, employeeId: customer, createdAt }
  if ((await insertOnce(em, Leases, [made], ['planId'])) === 0) await em.nativeUpdate(Leases, { planId: id }, columns)
}

function leaseColumns(head: PlanHead, lease: Lease) {
  return {
    modelCode: lease.device.code,
    unitId: lease.unit,
    payer: lease.payer,
    dispatchBy: isUndelivered(head as Plan) ? lease.order.dispatchBy : null,
    isRunning: isUndelivered(head as Plan) || (head.lifecycle === 'active' && lease.ended === null),
  }
}

/**
 * Each unit as the lease's transition leaves it. One that a lease is to have and that is nobody's is taken. Throws
 * `UnitNotHeld` when somebody else has it: tried again, the change is written as soon as they have not.
 */
export async function moveUnits(em: EntityManager, at: Instant, moves: UnitMoved[]): Promise<void> {
  for (const { unit, to, lease } of moves) {
    const keeps = to === 'reserved' || to === 'leased'
    const result = await em.execute<{ affectedRows: number }>(
      `update devices set status = ?, lease_id = ?, held_until = null, held_for = null, updated_at = greatest(updated_at, ?)
        where id = ? and (lease_id = ? ${keeps ? `or ${FREE}` : ''})`,
      [to, keeps ? lease : null, at, unit, lease],
      'run',
    )
    if (result.affectedRows === 0) throw new UnitNotHeld(`Unit ${unit} is not held by lease ${lease}`)
  }
}

type PlanIdentity = { id: string; tenant: string; customer: string; currency: string }

/** Lines for the employer's next statement, each once. */
export async function writeDeductions(
  em: EntityManager,
  plan: PlanIdentity,
  at: Instant,
  deductions: Deducted[],
): Promise<void> {
  if (deductions.length === 0) return
  const lease = await leasedBy(em, plan.id)
  await insertOnce(
    em,
    PayrollDeductions,
    deductions.map(({ transaction, installment, amount, description, date }) => ({
      id: transaction,
      tenantId: plan.tenant,
      employeeId: plan.customer,
      planId: plan.id,
      ...lease,
      installmentNumber: installment,
      amount,
      currency: plan.currency,
      description,
      date,
      at,
    })),
  )
}

/** Whose it is and of which device, under the name that it has now. */
async function leasedBy(em: EntityManager, plan: string) {
  const [lease] = await em.execute<{ clientId: string; modelCode: string; device: string }[]>(
    `select l.client_id as "clientId", l.model_code as "modelCode", coalesce(m.name, l.model_code) as device
      from leases l left join device_models m on m.tenant_id = l.tenant_id and m.code = l.model_code where l.plan_id = ?`,
    [plan],
  )
  if (!lease) throw new Error(`There is no lease of plan ${plan}`)
  return lease
}

/** What the employer's next statement lists of a lease, each once. */
export async function writeLeaseChanges(
  em: EntityManager,
  plan: PlanIdentity,
  at: Instant,
  changes: LeaseChanged[],
): Promise<void> {
  if (changes.length === 0) return
  const { clientId } = await em.findOneOrFail(Leases, { planId: plan.id })
  await insertOnce(
    em,
    LeaseChanges,
    changes.map(({ key, change, date, device, previousDevice, monthly, previousMonthly, how }) => ({
      id: rowId('lch', plan.id, key),
      tenantId: plan.tenant,
      clientId,
      employeeId: plan.customer,
      planId: plan.id,
      change,
      modelCode: device.code,
      device: device.name,
      previousDevice,
      monthlyAmount: monthly,
      previousMonthlyAmount: previousMonthly,
      currency: plan.currency,
      how,
      date,
      at,
    })),
  )
}
