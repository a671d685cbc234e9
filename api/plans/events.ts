import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { eventCursor, findEvent, listEvents, showEvent } from '../../db/plans/read-events.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { anyObject, instant, listQuery, pageOf, pathId } from '../http/fields.ts'
import { invalidRequest, notFound } from '../http/problem.ts'
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
  after: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .meta({
      description:
        'An `event_id`: what came after it in this list. To follow along, ask again after the last event you have, also ' +
        'when there was none behind it yet. In place of `cursor`.',
    }),
})

/** Everything that happened, in an order in which nothing turns up later before what was read. */
export function eventRoutes(app: App, { orm }: ApiDeps): void {
  const tags = [TAGS.reading]
  const list = { tags, summary: 'Everything that happened, oldest first', querystring: query }
  const page = answers({ 200: json(pageOf(Event, 'Event'), 'One page.') })
  app.get('/events', { schema: { ...list, response: page } }, async (request) => {
    const { limit, cursor, plan_id: planId, type, after } = request.query
    if (cursor !== undefined && after !== undefined) {
      throw invalidRequest([{ pointer: '/after', message: 'cannot be sent together with cursor' }])
    }
    const em = orm.em.fork()
    const { tenant } = callerOf(request)
    const from = after === undefined ? cursor : await cursorAfter(em, tenant, after)
    const found = await listEvents(em, tenant, { planId, type }, { limit, cursor: from })
    return { data: found.data.map(showEvent), next_cursor: found.nextCursor }
  })

  const one = { tags, summary: 'One event', params: pathId, response: answers({ 200: json(Event, 'The event.') }, 404) }
  app.get('/events/:id', { schema: one }, async (request) => {
    const event = await findEvent(orm.em.fork(), callerOf(request).tenant, request.params.id)
    if (!event) throw notFound('event')
    return showEvent(event)
  })
}

async function cursorAfter(em: EntityManager, tenant: string, id: string): Promise<string> {
  const event = await findEvent(em, tenant, id)
  if (!event) throw invalidRequest([{ pointer: '/after', message: 'is no event of yours' }])
  return eventCursor(event)
}
