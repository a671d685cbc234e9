import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { StatementSettings, StoreSettings } from '../../domain/leasing/store.ts'
import { instant, sealed, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** Companies whose employees lease devices. Name, address of its admin and payment method are the customer's of the same id. */
export const Clients = defineEntity({
  ...ofTenant,
  name: 'Client',
  tableName: 'clients',
  properties: {
    id: text().primary(),
    tenantId: text(),
    status: p.enum(['active', 'suspended']),
    /** Where devices go. */
    officeAddress: sealed().nullable(),
    currency: text(),
    store: p.json<StoreSettings>(),
    statement: p.json<StatementSettings>(),
    /** What it has of the present: leases and statements follow it. */
    testClockId: text().nullable(),
    createdAt: instant(),
    updatedAt: instant(),
    deletedAt: instant().nullable(),
  },
  indexes: [{ name: 'clients_created', properties: ['tenantId', 'createdAt', 'id'] }],
})
export type ClientRow = InferEntity<typeof Clients>

/** Domains of e-mail addresses, by which the client of somebody who signs in is known. In lower case. */
export const ClientDomains = defineEntity({
  ...ofTenant,
  name: 'ClientDomain',
  tableName: 'client_domains',
  properties: {
    tenantId: text().primary(),
    domain: text().primary(),
    clientId: text(),
  },
  indexes: [{ name: 'client_domains_client', properties: ['tenantId', 'clientId'] }],
})
export type ClientDomainRow = InferEntity<typeof ClientDomains>
