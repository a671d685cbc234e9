import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { planOf } from '../../db/plans/rows.ts'
import { adjust as adjusted } from '../../domain/plans/adjust.ts'
import { cancel as canceled } from '../../domain/plans/cancel.ts'
import { adjust, cancel, type Decided } from '../../workflows/plans/messages.ts'
import type { ApiDeps } from '../deps.ts'
import { json, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { flag, pathId, positiveAmount } from '../http/fields.ts'
import { ifMatchHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { callerOf } from '../identity/caller.ts'
import { send } from './commands.ts'
import { answerWithPlan } from './create-routes.ts'
import type { PlanApi, PlanChange } from './kind.ts'
import { asIf, type PlanRows, shown } from './present.ts'
import { nowFor } from './queries.ts'
import { planToChange } from './write-access.ts'

export const previewQuery = z.strictObject({
  preview: flag.meta({ description: 'Answer with what would be, and change nothing.' }),
})

/** Adjusting and cancelling: what is previewed and what is done come from the same function of the rules. */
export function planChanges(app: App, kind: PlanApi, deps: ApiDeps): void {
  adjusting(app, kind, deps)
  canceling(app, kind, deps)
}

const AdjustmentBody = z.strictObject({ total_amount: positiveAmount }).meta({ id: 'AdjustmentBody' })

/** A change of the total amount, which every kind of plan can have. */
export function totalChanged(deps: ApiDeps, workflowId: string, totalAmount: number): PlanChange {
  return {
    decide: (plan, now) => adjusted(plan, { totalAmount }, now),
    send: (command) => send(deps, workflowId, adjust, { ...command, totalAmount }),
  }
}

function adjusting(app: App, kind: PlanApi, deps: ApiDeps): void {
  const { changeBody, change } = kind
  const schema = {
    tags: [kind.tag],
    summary: change
      ? 'Change what was agreed; the rest is spread anew'
      : 'Change the total amount; the rest is spread anew',
    params: pathId,
    querystring: previewQuery,
    headers: ifMatchHeader,
    body: changeBody ?? AdjustmentBody,
    response: writeAnswers({ 200: json(kind.shapes.adjusted, 'The plan as adjusted.') }, 404, 409, 412, 422),
  }
  app.patch(`${kind.path}/:id`, { schema }, async (request, reply) => {
    const rows = await planToChange(request, request.params.id, kind, deps)
    const asking = { em: deps.orm.em.fork(), deps, caller: callerOf(request) }
    const wanted = change
      ? await change(asking, rows, request.body)
      : totalChanged(deps, rows.plan.workflowId, (request.body as z.output<typeof AdjustmentBody>).total_amount)
    return answerAdjusted(request, reply, { kind, deps, rows, change: wanted, preview: request.query.preview })
  })
}

/** What a change would come to, for a preview; else it is carried out and the plan answered as it then stands. */
export async function answerAdjusted(
  request: FastifyRequest,
  reply: FastifyReply,
  { kind, deps, rows, change, preview }: Adjusting,
): Promise<FastifyReply> {
  if (preview) {
    const now = await nowFor(deps.orm.em.fork(), rows.plan, deps.now())
    const { plan, answer } = change.decide(planOf(rows.plan, rows.installments), now)
    const thought = shown(kind, deps)(asIf(rows, plan))
    return reply.send({ ...thought, adjustment: showAdjustment(answer), ...showDecided(answer, true) })
  }
  const caller = callerOf(request)
  const answer = await change.send({ id: idFor(request, 'cmd_'), by: caller.sub })
  const extra = { adjustment: showAdjustment(answer), ...showDecided(answer, false) }
  return answerWithPlan(reply, deps, caller, kind, rows.plan.id, extra)
}

type Adjusting = { kind: PlanApi; deps: ApiDeps; rows: PlanRows; change: PlanChange; preview: boolean }

function canceling(app: App, kind: PlanApi, deps: ApiDeps): void {
  const schema = {
    tags: [kind.tag],
    summary: 'Cancel today; a refund follows as agreed',
    params: pathId,
    querystring: previewQuery,
    headers: ifMatchHeader,
    response: writeAnswers({ 200: json(kind.shapes.canceled, 'The plan, with its cancellation.') }, 404, 409, 412),
  }
  const show = shown(kind, deps)
  app.delete(`${kind.path}/:id`, { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const rows = await planToChange(request, request.params.id, kind, deps)
    kind.refuse?.('cancel', caller, rows.plan)
    const preview = request.query.preview
    // Cancelling twice is one cancellation: the second is told what the first came to, also when the workflow is over.
    if (preview || rows.plan.status === 'canceled') {
      const now = await nowFor(deps.orm.em.fork(), rows.plan, deps.now())
      const { plan, answer } = canceled(planOf(rows.plan, rows.installments), now)
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

export function showDecided({ provisional, chargeOfTheDay }: Decided, preview: boolean) {
  return { preview, provisional, charge_of_the_day: chargeOfTheDay }
}
