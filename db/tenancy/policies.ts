import { ROLES } from './roles.ts'

const TENANT = `tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))`
const ALL_TENANTS = `(select current_setting('tenor.all_tenants', true)) = 'on'`

/**
 * Row-level security of a table that holds a tenant's data: `defineEntity({ ...ofTenant, … })`. Without a setting there
 * is no row to be seen and none can be written. The settings are read by a subquery, so that PostgreSQL asks for them once
 * a statement and may use an index on `tenant_id`.
 */
export const ofTenant = {
  rowLevelSecurity: 'force' as const,
  policies: [
    { name: 'tenant', using: TENANT, check: TENANT },
    { name: 'all_tenants', roles: [ROLES.worker], using: ALL_TENANTS, check: ALL_TENANTS },
  ],
}
