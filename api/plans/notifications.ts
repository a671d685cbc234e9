import { z } from 'zod'
import type { NotificationRow } from '../../db/plans/notifications.ts'
import { listNotifications, type NotificationFilter } from '../../db/plans/read.ts'
import { RECIPIENTS } from '../../domain/plans/effects.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { customerId, instant, listQuery, pageOf } from '../http/fields.ts'
import { type Caller, callerOf, onlyClient, onlyCustomer } from '../identity/caller.ts'

const Notification = z
  .object({
    notification_id: z.string(),
    plan_id: z.string().nullable().meta({ description: 'Null for what is told of a statement.' }),
    statement_id: z.string().nullable(),
    recipient: z.enum(RECIPIENTS),
    type: z.string().meta({ example: 'payment.receipt' }),
    channel: z.string(),
    status: z.enum(['queued', 'sent', 'failed']),
    created_at: instant,
    sent_at: instant.nullable(),
  })
  .meta({ id: 'Notification' })
const query = z.strictObject({
  ...listQuery.shape,
  plan_id: z.string().min(1).max(64).optional(),
  customer_id: customerId.optional(),
  status: Notification.shape.status.optional(),
  type: z.string().min(1).max(64).optional(),
})

export function notificationRoutes(app: App, { orm }: ApiDeps): void {
  const schema = {
    tags: [TAGS.reading],
    summary: 'What was sent to whom, and whether it arrived; newest first',
    querystring: query,
    response: answers({ 200: json(pageOf(Notification, 'Notification'), 'One page.') }),
  }
  app.get('/notifications', { schema }, async (request) => {
    const caller = callerOf(request)
    const { limit, cursor, plan_id: planId, customer_id, status, type } = request.query
    const only = onlyCustomer(caller)
    if (only !== null && customer_id !== undefined && customer_id !== only) return { data: [], next_cursor: null }
    const filter = { ...writtenTo(caller), planId, customerId: only ?? customer_id, status, type }
    const page = await listNotifications(orm.em.fork(), caller.tenant, filter, { limit, cursor })
    return { data: page.data.map(showNotification), next_cursor: page.nextCursor }
  })
}

/** Of those who owe and of companies, each sees the letters to them, and not what others were told of the same. */
function writtenTo(caller: Caller): Pick<NotificationFilter, 'recipient' | 'clientId'> {
  const clientId = onlyClient(caller)
  if (clientId !== null) return { clientId }
  return onlyCustomer(caller) === null ? {} : { recipient: 'customer' }
}

function showNotification(row: NotificationRow) {
  return {
    notification_id: row.id,
    plan_id: row.planId ?? null,
    statement_id: row.statementId ?? null,
    recipient: row.recipient,
    type: row.type,
    channel: row.channel,
    status: row.status,
    created_at: row.createdAt,
    sent_at: row.sentAt ?? null,
  }
}
