import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { planOf } from '../../../db/plans/rows.ts'
import { chargeOfTheDay } from '../../../domain/plans/coming.ts'
import type { Decision } from '../../../domain/plans/effects.ts'
import { hasOpenCharge } from '../../../domain/plans/figures.ts'
import type { Plan } from '../../../domain/plans/plan.ts'
import type { Instant } from '../../../domain/plans/terms.ts'
import type { Command, Decided } from '../../../workflows/plans/messages.ts'
import type { ApiDeps } from '../../deps.ts'
import { json, writeAnswers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { pathId } from '../../http/fields.ts'
import { actionHeaders } from '../../http/headers.ts'
import { idFor } from '../../http/idempotency.ts'
import { callerOf } from '../../identity/caller.ts'
import { previewQuery, showDecided } from '../../plans/change-routes.ts'
import { answerWithPlan } from '../../plans/create-routes.ts'
import type { Asking } from '../../plans/kind.ts'
import { asIf, type PlanRows, shown } from '../../plans/present.ts'
import { nowFor } from '../../plans/queries.ts'
import { planToChange } from '../../plans/write-access.ts'
import { LEASING } from './kind.ts'
import { Decided as DecidedShape } from './shapes.ts'

/** One step in a lease's life, as a route that sends a command. */

export type Step<Body> = {
  name: string
  summary: string
  body: z.ZodType<Body>
  send(asking: Asking, rows: PlanRows, command: Command, body: Body): Promise<Decided>
}

/** Answers with the lease as it then stands. */
export function step<Body>(app: App, deps: ApiDeps, { name, summary, body, send }: Step<Body>): void {
  const schema = {
    ...schemaOf(summary),
    body,
    response: writeAnswers({ 200: json(LEASING.shapes.plan, 'The lease.') }, 404, 409, 412, 422),
  }
  app.post(`${LEASING.path}/:id/${name}`, { schema }, async (request, reply) => {
    const { id } = request.params
    const rows = await planToChange(request, id, LEASING, deps)
    await send(askingOf(request, deps), rows, commandOf(request), request.body as Body)
    return answerWithPlan(reply, deps, callerOf(request), LEASING, rows.plan.id)
  })
}

/** A step that moves money, and so can be asked for as a preview: `decide` is what the workflow asks as well. */
export function weightyStep<Body>(
  app: App,
  deps: ApiDeps,
  { decide, ...wanted }: Step<Body> & { decide(plan: Plan, body: Body, now: Instant): Decision },
): void {
  const schema = {
    ...schemaOf(wanted.summary),
    querystring: previewQuery,
    body: wanted.body,
    response: writeAnswers({ 200: json(DecidedShape, 'The lease, as it is or would be.') }, 404, 409, 412, 422),
  }
  app.post(`${LEASING.path}/:id/${wanted.name}`, { schema }, async (request, reply) => {
    const rows = await planToChange(request, request.params.id, LEASING, deps)
    const body = request.body as Body
    if (request.query.preview) return previewed(reply, deps, rows, (plan, now) => decide(plan, body, now))
    const answer = await wanted.send(askingOf(request, deps), rows, commandOf(request), body)
    return answerWithPlan(reply, deps, callerOf(request), LEASING, rows.plan.id, showDecided(answer, false))
  })
}

async function previewed(
  reply: FastifyReply,
  deps: ApiDeps,
  rows: PlanRows,
  decide: (plan: Plan, now: Instant) => Decision,
): Promise<FastifyReply> {
  const now = await nowFor(deps.orm.em.fork(), rows.plan, deps.now())
  const plan = planOf(rows.plan, rows.installments)
  const facts = { provisional: hasOpenCharge(plan), chargeOfTheDay: chargeOfTheDay(plan, now) }
  const thought = shown(LEASING, deps)(asIf(rows, decide(plan, now).plan))
  return reply.send({ ...thought, ...showDecided(facts, true) })
}

export const schemaOf = (summary: string) => ({
  tags: [LEASING.tag],
  summary,
  params: pathId,
  headers: actionHeaders,
})

export function askingOf(request: FastifyRequest, deps: ApiDeps): Asking {
  return { em: deps.orm.em.fork(), deps, caller: callerOf(request) }
}

function commandOf(request: FastifyRequest): Command {
  return { id: idFor(request, 'cmd_'), by: callerOf(request).sub }
}
