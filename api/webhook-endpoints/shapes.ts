import { z } from 'zod'
import type { WebhookDeliveryRow } from '../../db/webhooks/deliveries.ts'
import type { WebhookEndpointRow } from '../../db/webhooks/endpoints.ts'
import { instant, line, listQuery, timestamp } from '../http/fields.ts'

const eventType = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z_.]+$/, 'must be the type of an event')
  .meta({ example: 'payment.completed' })

export const EndpointBody = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be a URL' })
      .max(2000)
      .meta({ example: 'https://example.com/hooks' }),
    event_types: z.array(eventType).min(1).max(50).optional().meta({ description: 'All, when absent.' }),
    description: line(200).optional(),
  })
  .meta({ id: 'WebhookEndpointBody' })

export const ReplayBody = z
  .strictObject({
    event_id: z.string().min(1).max(300).optional().meta({ description: 'This event, whether or not it was sent.' }),
    since: timestamp.optional(),
  })
  .refine(({ event_id, since }) => event_id === undefined || since === undefined, {
    path: ['since'],
    error: 'must not be given together with event_id',
  })
  .meta({
    id: 'ReplayBody',
    not: { properties: { event_id: {}, since: {} }, required: ['event_id', 'since'] },
    description:
      'One event; or all that was queued `since` then and is delivered or held; with neither, all that is held.',
  })

export const Endpoint = z
  .object({
    webhook_endpoint_id: z.string(),
    url: z.string(),
    event_types: z.array(z.string()).nullable(),
    description: z.string().nullable(),
    created_at: instant,
  })
  .meta({ id: 'WebhookEndpoint' })

export const EndpointWithSecret = z
  .object({ ...Endpoint.shape, secret: z.string().meta({ description: 'Shown here only.', example: 'whsec_…' }) })
  .meta({ id: 'WebhookEndpointWithSecret' })

export const Replayed = z.object({ queued: z.int().min(0) }).meta({ id: 'WebhooksReplayed' })

export const Delivery = z
  .object({
    event_id: z.string(),
    event_type: z.string(),
    status: z.enum(['pending', 'delivered', 'held']),
    attempts: z.int(),
    last_status: z.int().nullable().meta({ description: "The receiver's answer to the last try." }),
    last_error: z.string().nullable(),
    next_attempt_at: instant.nullable(),
    created_at: instant,
    delivered_at: instant.nullable(),
  })
  .meta({ id: 'WebhookDelivery' })

export const deliveryQuery = z.strictObject({ ...listQuery.shape, status: Delivery.shape.status.optional() })

export function showEndpoint(row: WebhookEndpointRow): z.output<typeof Endpoint> {
  return {
    webhook_endpoint_id: row.id,
    url: row.url,
    event_types: row.eventTypes ?? null,
    description: row.description ?? null,
    created_at: row.createdAt,
  }
}

export function showDelivery(row: WebhookDeliveryRow): z.output<typeof Delivery> {
  return {
    event_id: row.eventId,
    event_type: row.eventType,
    status: row.status,
    attempts: row.attempts,
    last_status: row.lastStatus ?? null,
    last_error: row.lastError ?? null,
    next_attempt_at: row.nextAttemptAt ?? null,
    created_at: row.createdAt,
    delivered_at: row.deliveredAt ?? null,
  }
}
