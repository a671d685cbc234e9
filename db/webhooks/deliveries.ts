import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'
import { WebhookEndpoints } from './endpoints.ts'

/** Every event that an endpoint is to be told of, once; those that are `pending` are the outbox. */
export const WebhookDeliveries = defineEntity({
  ...ofTenant,
  name: 'WebhookDelivery',
  tableName: 'webhook_deliveries',
  properties: {
    id: text().primary(),
    tenantId: text(),
    endpointId: () =>
      p.manyToOne(WebhookEndpoints).mapToPk().joinColumn('endpoint_id').deleteRule('cascade').index(false),
    eventId: text(),
    eventType: text(),
    status: p.enum(['pending', 'delivered', 'held']),
    attempts: p.integer().default(0),
    /** Null once it is delivered or held. */
    nextAttemptAt: instant().nullable(),
    /** Of the last try: the receiver's status, or what was in the way of one. */
    lastStatus: p.integer().nullable(),
    lastError: text().nullable(),
    createdAt: instant(),
    deliveredAt: instant().nullable(),
  },
  indexes: [
    { name: 'webhook_deliveries_endpoint', properties: ['endpointId', 'createdAt', 'id'] },
    { name: 'webhook_deliveries_status', properties: ['endpointId', 'status', 'createdAt', 'id'] },
    { name: 'webhook_deliveries_due', properties: ['endpointId', 'nextAttemptAt'], where: `status = 'pending'` },
  ],
  uniques: [{ name: 'webhook_deliveries_once', properties: ['endpointId', 'eventId'] }],
})

export type WebhookDeliveryRow = InferEntity<typeof WebhookDeliveries>
