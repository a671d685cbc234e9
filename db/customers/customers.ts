import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, sealed, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** Who owes. The id is the client's own, so that two tenants may use the same one. Read and written by people.ts. */
export const Customers = defineEntity({
  ...ofTenant,
  name: 'Customer',
  tableName: 'customers',
  properties: {
    tenantId: text().primary(),
    id: text().primary(),
    name: sealed(),
    email: sealed(),
    /** Keyed hashes, by which a customer is found. */
    emailIndex: text(),
    phone: sealed().nullable(),
    phoneIndex: text().nullable(),
    locale: text().nullable(),
    gatewayCustomerId: text().nullable(),
    defaultPaymentMethod: sealed().nullable(),
    preferences: p.json<Record<string, unknown>>().default('{}'),
    createdAt: instant(),
    updatedAt: instant(),
  },
  indexes: [
    { name: 'customers_created', properties: ['tenantId', 'createdAt', 'id'] },
    { name: 'customers_gateway', properties: ['gatewayCustomerId'], where: 'gateway_customer_id is not null' },
    { name: 'customers_email', properties: ['tenantId', 'emailIndex'] },
    { name: 'customers_phone', properties: ['tenantId', 'phoneIndex'], where: 'phone_index is not null' },
  ],
})

export type CustomerRow = InferEntity<typeof Customers>
