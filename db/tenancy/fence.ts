import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import { ROLES, TENANTLESS } from './roles.ts'
import { WAYS_ACROSS } from './ways.ts'

const TABLES = `
  select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as "isFenced",
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull)
      as "hasTenant",
    coalesce((select jsonb_object_agg(p.policyname, jsonb_build_array(p.permissive, p.cmd, p.roles, p.qual, p.with_check))
      from pg_policies p where p.schemaname = n.nspname and p.tablename = c.relname), '{}') as policies
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = current_schema() and c.relkind in ('r', 'p') and c.relname not like 'mikro_orm_%' order by 1`

/** The two policies as PostgreSQL writes them. */
const TENANT = `(tenant_id = ( SELECT NULLIF(current_setting('tenor.tenant'::text, true), ''::text) AS "nullif"))`
const ALL_TENANTS = `(( SELECT current_setting('tenor.all_tenants'::text, true) AS current_setting) = 'on'::text)`
const EXPECTED = {
  all_tenants: ['PERMISSIVE', 'ALL', [ROLES.worker], ALL_TENANTS, ALL_TENANTS],
  tenant: ['PERMISSIVE', 'ALL', ['public'], TENANT, TENANT],
}

type Table = { name: string; isFenced: boolean; hasTenant: boolean; policies: Record<string, unknown> }

/** What is open between tenants in a migrated database, in words; nothing when all is closed. */
export async function gapsInFence(client: pg.Client): Promise<string[]> {
  const { rows: tables } = await client.query<Table>(TABLES)
  const functions = await client.query<{ name: string }>(
    `select proname as name from pg_proc where pronamespace = current_schema()::regnamespace and prosecdef
      and proname <> all($1) order by 1`,
    [WAYS_ACROSS],
  )
  return [
    ...tables.flatMap(gapsOf),
    ...functions.rows.map(({ name }) => `function ${name} runs as the owner and is not named in db/tenancy/ways.ts`),
  ]
}

function gapsOf({ name, isFenced, hasTenant, policies }: Table): string[] {
  if (TENANTLESS.includes(name)) return hasTenant ? [`${name} carries tenant_id, and is named as nobody's table`] : []
  if (!hasTenant)
    return [`${name} has no "tenant_id not null" and is not named as nobody's table (db/tenancy/roles.ts)`]
  if (!isFenced) return [`${name} is not under row-level security: spread ...ofTenant into its entity`]
  if (isDeepStrictEqual(policies, EXPECTED)) return []
  return [`${name} has other policies than those of db/tenancy/policies.ts: ${JSON.stringify(policies)}`]
}
