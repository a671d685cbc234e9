import type { EntityManager } from '@mikro-orm/postgresql'
import type { LeasePlan } from '../../domain/leasing/lease.ts'
import { opened } from '../../domain/leasing/order.ts'
import { Plans } from '../plans/plans.ts'
import { type NewPlan, recordNewPlan } from '../plans/write.ts'
import { Leases } from './leases.ts'
import { FREE, holdUnit, lockLease } from './units.ts'

/** The unit that a lease is on record with; `null` for one that was terminated since there was none. */
export type LeaseOpened = { unit: string | null }

/**
 * Records a new lease with the unit that was put aside for it, once. A hold lasts for an hour, and a worker may come
 * later: what has gone to somebody else by then is replaced by another unit of the model, and without one the lease is
 * recorded as terminated.
 */
export function recordNewLease(em: EntityManager, plan: LeasePlan, made: NewPlan): Promise<LeaseOpened> {
  return em.transactional(async (tx) => {
    await lockLease(tx, plan.id)
    const before = await onRecord(tx, plan.id)
    if (before) return before
    const unit = (await isToBeHad(tx, plan)) ? plan.lease.unit : await anotherUnit(tx, plan)
    const { plan: lease, effects } = opened({ plan, effects: [...made.effects] }, unit)
    await recordNewPlan(tx, lease, { ...made, effects })
    return { unit }
  })
}

async function onRecord(tx: EntityManager, planId: string): Promise<LeaseOpened | null> {
  const lease = await tx.findOne(Leases, { planId })
  if (!lease) return null
  const { lifecycle } = await tx.findOneOrFail(Plans, { id: planId })
  return { unit: lifecycle === 'terminated' ? null : lease.unitId }
}

async function isToBeHad(tx: EntityManager, { id, tenant, lease }: LeasePlan): Promise<boolean> {
  const rows = await tx.execute(
    `select 1 from devices where tenant_id = ? and id = ? and (lease_id = ? or ${FREE}) for update`,
    [tenant, lease.unit, id],
  )
  return rows.length > 0
}

/** Also one that a repeat of the order has put aside meanwhile. */
function anotherUnit(tx: EntityManager, { id, tenant, customer, lease }: LeasePlan): Promise<string | null> {
  return holdUnit(tx, { tenant, lease: id, modelCode: lease.device.code, heldFor: customer })
}
