import type { FastifyReply } from 'fastify'
import type { ApiDeps } from '../deps.ts'
import { json, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { setTag } from '../http/etag.ts'
import { idempotencyHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { type Caller, callerOf } from '../identity/caller.ts'
import type { PlanApi } from './kind.ts'
import { shown } from './present.ts'
import { wholePlanFor } from './queries.ts'

/** Quotes and creations: one body, one function of the rules. */
export function planCreation(app: App, kind: PlanApi, deps: ApiDeps): void {
  const { path, tag, one, shapes } = kind

  app.post(
    `${path}/quote`,
    {
      schema: {
        tags: [tag],
        summary: `The schedule that a ${one} would have; makes nothing`,
        headers: idempotencyHeader,
        body: kind.quoteBody,
        response: writeAnswers({ 200: json(kind.quoteShape, 'The schedule.') }, 409, 422),
      },
    },
    (request) => kind.quote({ em: deps.orm.em.fork(), deps, caller: callerOf(request) }, request.body),
  )

  app.post(
    path,
    {
      schema: {
        tags: [tag],
        summary: `Start a ${one}`,
        headers: idempotencyHeader,
        body: kind.createBody,
        response: writeAnswers({ 201: json(shapes.plan, 'It is durable and will bill.') }, 409, 422),
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const id = idFor(request, kind.idPrefix)
      await kind.create({ em: deps.orm.em.fork(), deps, caller }, request.body, { id, requestId: request.id })
      return answerWithPlan(reply.code(201).header('location', `${path}/${id}`), deps, caller, kind, id)
    },
  )
}

/** The plan as it now stands in the database, with its tag. */
export async function answerWithPlan(
  reply: FastifyReply,
  deps: ApiDeps,
  caller: Caller,
  kind: PlanApi,
  id: string,
  extra: object = {},
): Promise<FastifyReply> {
  const plan = shown(kind, deps)(await wholePlanFor(deps.orm.em.fork(), caller, kind.kind, id))
  setTag(reply, plan)
  return reply.send({ ...plan, ...extra })
}
