import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'

export type SavedPaymentMethod = { id: string; type: string; label: string }

/** Who owes. The id is the client's own, so that two tenants may use the same one. */
export const Customers = defineEntity({
  name: 'Customer',
  tableName: 'customers',
  properties: {
    tenantId: text().primary(),
    id: text().primary(),
    name: text(),
    email: text(),
    phone: text().nullable(),
    locale: text().nullable(),
    gatewayCustomerId: text().nullable(),
    defaultPaymentMethod: p.json<SavedPaymentMethod>().nullable(),
    preferences: p.json<Record<string, unknown>>().default('{}'),
    createdAt: instant(),
    updatedAt: instant(),
  },
  indexes: [
    { name: 'customers_created', properties: ['tenantId', 'createdAt', 'id'] },
    { name: 'customers_gateway', properties: ['gatewayCustomerId'], where: 'gateway_customer_id is not null' },
  ],
})

export type CustomerRow = InferEntity<typeof Customers>
