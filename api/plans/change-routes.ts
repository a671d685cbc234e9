import { z } from 'zod'
import { planOf } from '../../db/plans/rows.ts'
import { adjust as adjusted } from '../../domain/plans/adjust.ts'
import { cancel as canceled } from '../../domain/plans/cancel.ts'
import { adjust, cancel, type Decided } from '../../workflows/plans/messages.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { refuseStale } from '../http/etag.ts'
import { flag, pathId, positiveAmount } from '../http/fields.ts'
import { ifMatchHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { callerOf } from '../identity/caller.ts'
import { send } from './commands.ts'
import { answerWithPlan } from './create-routes.ts'
import type { PlanApi } from './kind.ts'
import { asIf, shown } from './present.ts'
import { nowFor, wholePlanFor } from './queries.ts'

const previewQuery = z.strictObject({
  preview: flag.meta({ description: 'Answer with what would be, and change nothing.' }),
})

/** Adjusting and cancelling: what is previewed and what is done come from the same function of the rules. */
export function planChanges(app: App, kind: PlanApi, deps: ApiDeps): void {
  adjusting(app, kind, deps)
  canceling(app, kind, deps)
}

function adjusting(app: App, kind: PlanApi, deps: ApiDeps): void {
  const body = z.strictObject({ total_amount: positiveAmount }).meta({ id: 'AdjustmentBody' })
  const schema = {
    tags: [kind.tag],
    summary: 'Change the total amount; the rest is spread anew',
    params: pathId,
    querystring: previewQuery,
    headers: ifMatchHeader,
    body,
    response: writeAnswers({ 200: json(kind.shapes.adjusted, 'The plan as adjusted.') }, 404, 409, 412, 422),
  }
  const show = shown(kind, deps)
  app.patch(`${kind.path}/:id`, { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const em = deps.orm.em.fork()
    const rows = await wholePlanFor(em, caller, kind.kind, request.params.id)
    refuseStale(request, show(rows))
    const totalAmount = request.body.total_amount
    if (request.query.preview) {
      const { plan, answer } = adjusted(
        planOf(rows.plan, rows.installments),
        { totalAmount },
        await nowFor(em, rows.plan, deps.now()),
      )
      return reply.send({
        ...show(asIf(rows, plan)),
        adjustment: showAdjustment(answer),
        ...showDecided(answer, true),
      })
    }
    const command = { id: idFor(request, 'cmd_'), by: caller.sub, totalAmount }
    const answer = await send(deps, rows.plan.workflowId, adjust, command)
    const extra = { adjustment: showAdjustment(answer), ...showDecided(answer, false) }
    return answerWithPlan(reply, deps, caller, kind, rows.plan.id, extra)
  })
}

function canceling(app: App, kind: PlanApi, deps: ApiDeps): void {
  const schema = {
    tags: [kind.tag],
    summary: 'Cancel today; a refund follows as agreed',
    params: pathId,
    querystring: previewQuery,
    headers: ifMatchHeader,
    response: answers({ 200: json(kind.shapes.canceled, 'The plan, with its cancellation.') }, 404, 409, 412),
  }
  const show = shown(kind, deps)
  app.delete(`${kind.path}/:id`, { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const em = deps.orm.em.fork()
    const rows = await wholePlanFor(em, caller, kind.kind, request.params.id)
    refuseStale(request, show(rows))
    const preview = request.query.preview
    // Cancelling twice is one cancellation: the second is told what the first came to, also when the workflow is over.
    if (preview || rows.plan.status === 'canceled') {
      const { plan, answer } = canceled(planOf(rows.plan, rows.installments), await nowFor(em, rows.plan, deps.now()))
      return reply.send({ ...show(preview ? asIf(rows, plan) : rows), ...showDecided(answer, preview) })
    }
    const answer = await send(deps, rows.plan.workflowId, cancel, { id: idFor(request, 'cmd_'), by: caller.sub })
    return answerWithPlan(reply, deps, caller, kind, rows.plan.id, showDecided(answer, false))
  })
}

function showAdjustment(answer: { previousTotal: number; total: number; refunded: number; charged: number }) {
  return {
    previous_total_amount: answer.previousTotal,
    total_amount: answer.total,
    refunded: answer.refunded,
    charged: answer.charged,
  }
}

function showDecided({ provisional, chargeOfTheDay }: Decided, preview: boolean) {
  return { preview, provisional, charge_of_the_day: chargeOfTheDay }
}
