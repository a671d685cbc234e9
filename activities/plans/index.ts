import { activityInfo } from '@temporalio/activity'
import { type LeaseOpened, recordNewLease } from '../../db/leasing/record-lease.ts'
import { recordChange, recordNewPlan } from '../../db/plans/write.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { isLease } from '../../domain/leasing/lease.ts'
import type { Effect, PlanChange } from '../../domain/plans/effects.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import { type ChargeAsked, chargeInstallment } from './charge-installment.ts'
import type { PlanDeps } from './deps.ts'
import { giveBack, type RefundAsked } from './give-back.ts'
import { type LookAsked, lookAt } from './look-at.ts'
import { type PaymentAsked, payOnce } from './pay-once.ts'

export type PlanActivities = ReturnType<typeof createPlanActivities>

export type OpeningAsked = {
  plan: Plan
  opening: { request: Record<string, unknown>; requestId: string | null; by: string }
  effects: Effect[]
  workflowId: string
  runId: string
}

/**
 * What plans' workflows ask of the world, each within the plan's tenant. Each may be run twice and does nothing the second
 * time.
 */
export function createPlanActivities(deps: PlanDeps) {
  return {
    /** Answers of a lease which unit it has got. */
    recordOpening({ plan, opening, effects, workflowId, runId }: OpeningAsked): Promise<LeaseOpened | null> {
      const made = { request: opening.request, workflowId, runId, effects }
      return inTenant(plan.tenant, async () => {
        const em = deps.orm.em.fork()
        if (isLease(plan)) return recordNewLease(em, plan, made)
        await recordNewPlan(em, plan, made)
        return null
      })
    },
    async recordChange(change: PlanChange): Promise<void> {
      const { workflowExecution } = activityInfo()
      await inTenant(change.head.tenant, () => recordChange(deps.orm.em.fork(), change, workflowExecution?.runId))
    },
    chargeInstallment: (asked: ChargeAsked) => inTenant(asked.tenant, () => chargeInstallment(deps, asked)),
    payOnce: (asked: PaymentAsked) => inTenant(asked.tenant, () => payOnce(deps, asked)),
    giveBack: (asked: RefundAsked) => inTenant(asked.tenant, () => giveBack(deps, asked)),
    lookAt: (asked: LookAsked) => inTenant(asked.tenant, () => lookAt(deps, asked)),
  }
}
