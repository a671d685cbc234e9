import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/**
 * OIDC providers of tenants' own. An issuer is the key: it speaks for one tenant only, so that none can speak for
 * another's.
 */
export const TenantIssuers = defineEntity({
  ...ofTenant,
  name: 'TenantIssuer',
  tableName: 'tenant_issuers',
  properties: {
    /** As it stands in `iss`. */
    issuer: p.text().primary(),
    tenantId: text(),
    audience: text(),
    createdAt: instant(),
  },
  indexes: [{ name: 'tenant_issuers_tenant', properties: ['tenantId'] }],
})

export type TenantIssuerRow = InferEntity<typeof TenantIssuers>
