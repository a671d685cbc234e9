import type { EntityManager } from '@mikro-orm/postgresql'
import { Installments } from '../../db/plans/installments.ts'
import { type PlanRow, Plans } from '../../db/plans/plans.ts'
import { planOf } from '../../db/plans/rows.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import { hasEnded } from '../../domain/plans/time.ts'
import { gatewayNews, PLAN_WORKFLOWS, type PlanStart } from '../../workflows/plans/messages.ts'
import type { ApiConfig, ApiDeps } from '../deps.ts'
import { SERVER_MS, within } from '../http/temporal.ts'
import { atOneMoment, nowFor } from '../plans/queries.ts'
import { describePlan, searchAttributesOf } from '../plans/start-words.ts'

/**
 * Goes on with a plan whose workflow has ended because everything was settled, from its rows: a dispute, or a refund that
 * could not be credited, may come months after the last payment (keeps Schedule). Answers false, and does nothing, when
 * the plan was not settled: its workflow was then ended by somebody.
 */
export async function bringBack(
  { temporal, config }: Pick<ApiDeps, 'temporal'> & { config: Pick<ApiConfig, 'taskQueue'> },
  em: EntityManager,
  { id, workflowId }: Pick<PlanRow, 'id' | 'workflowId'>,
  news: { transaction: string },
): Promise<boolean> {
  const plan = await recorded(em.fork(), id)
  if (!hasEnded(plan)) return false
  const start: PlanStart = { plan, opening: null, isBack: true }
  await within(temporal, SERVER_MS, () =>
    temporal.workflow.signalWithStart(PLAN_WORKFLOWS[plan.kind], {
      workflowId,
      args: [start],
      taskQueue: config.taskQueue,
      signal: gatewayNews,
      signalArgs: [news],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      typedSearchAttributes: searchAttributesOf(plan),
      ...describePlan(plan),
    }),
  )
  return true
}

async function recorded(em: EntityManager, planId: string): Promise<Plan> {
  return atOneMoment(em, async (tx) => {
    const row = await tx.findOneOrFail(Plans, { id: planId })
    const plan = planOf(row, await tx.find(Installments, { planId }, { orderBy: { number: 'asc' } }))
    if (!plan.clock) return plan
    return { ...plan, clock: { ...plan.clock, now: await nowFor(tx, row, new Date()) } }
  })
}
