import { z } from 'zod'
import { findEvent, listEvents, showEvent } from '../../db/plans/read-events.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { anyObject, instant, listQuery, pageOf, pathId } from '../http/fields.ts'
import { notFound } from '../http/problem.ts'
import { callerOf } from '../identity/caller.ts'

const Event = z
  .object({
    event_id: z.string(),
    type: z.string().meta({ example: 'payment.completed' }),
    plan_id: z.string().nullable(),
    occurred_at: instant,
    data: anyObject,
  })
  .meta({ id: 'Event' })
const query = z.strictObject({
  ...listQuery.shape,
  plan_id: z.string().min(1).max(64).optional(),
  type: z.string().min(1).max(64).optional(),
})

/** Everything that happened, in an order in which nothing turns up later before what was read. */
export function eventRoutes(app: App, { orm }: ApiDeps): void {
  const tags = [TAGS.reading]
  const list = { tags, summary: 'Everything that happened, oldest first', querystring: query }
  const page = answers({ 200: json(pageOf(Event, 'Event'), 'One page.') })
  app.get('/events', { schema: { ...list, response: page } }, async (request) => {
    const { limit, cursor, plan_id: planId, type } = request.query
    const found = await listEvents(orm.em.fork(), callerOf(request).tenant, { planId, type }, { limit, cursor })
    return { data: found.data.map(showEvent), next_cursor: found.nextCursor }
  })

  const one = { tags, summary: 'One event', params: pathId, response: answers({ 200: json(Event, 'The event.') }, 404) }
  app.get('/events/:id', { schema: one }, async (request) => {
    const event = await findEvent(orm.em.fork(), callerOf(request).tenant, request.params.id)
    if (!event) throw notFound('event')
    return showEvent(event)
  })
}
