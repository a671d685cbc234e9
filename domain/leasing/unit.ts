import type { LeasePlan, UnitStatus } from './lease.ts'
import { isUndelivered } from './order.ts'

/** What the unit of a lease is as long as it is the lease's; `null` when it has been given up. Keeps Leasing. */
export function unitStatusOf(plan: LeasePlan): Extract<UnitStatus, 'reserved' | 'leased' | 'sold'> | null {
  const { ended, sold } = plan.lease
  if (sold) return 'sold'
  if (ended !== null && ended.how !== 'buy_out') return null
  return isUndelivered(plan) ? 'reserved' : 'leased'
}
