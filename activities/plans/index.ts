import { activityInfo } from '@temporalio/activity'
import { recordChange, recordNewPlan } from '../../db/plans/write.ts'
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

/** What plans' workflows ask of the world. Each may be run twice and does nothing the second time. */
export function createPlanActivities(deps: PlanDeps) {
  return {
    async recordOpening({ plan, opening, effects, workflowId, runId }: OpeningAsked): Promise<void> {
      await recordNewPlan(deps.orm.em.fork(), plan, { request: opening.request, workflowId, runId, effects })
    },
    async recordChange(change: PlanChange): Promise<void> {
      const { workflowExecution } = activityInfo()
      await recordChange(deps.orm.em.fork(), change, workflowExecution?.runId)
    },
    chargeInstallment: (asked: ChargeAsked) => chargeInstallment(deps, asked),
    payOnce: (asked: PaymentAsked) => payOnce(deps, asked),
    giveBack: (asked: RefundAsked) => giveBack(deps, asked),
    lookAt: (asked: LookAsked) => lookAt(deps, asked),
  }
}
