import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'
import type { KeptSecret } from './secrets.ts'

/** Where a tenant wants to be told what happened. */
export const WebhookEndpoints = defineEntity({
  ...ofTenant,
  name: 'WebhookEndpoint',
  tableName: 'webhook_endpoints',
  properties: {
    id: text().primary(),
    tenantId: text(),
    url: text(),
    /** Null for all. */
    eventTypes: p.json<string[]>().nullable(),
    description: text().nullable(),
    /** Read and written by secrets.ts only. */
    secrets: p.json<KeptSecret[]>(),
    /** The last event that was looked at for this endpoint; 0 before the first. */
    cursorPosition: p.bigint('number').default(0),
    createdAt: instant(),
  },
  indexes: [{ name: 'webhook_endpoints_tenant', properties: ['tenantId', 'createdAt', 'id'] }],
})

export type WebhookEndpointRow = InferEntity<typeof WebhookEndpoints>
