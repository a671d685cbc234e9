import { Migration } from '@mikro-orm/migrations'
import { wayAcross } from '../tenancy/way-across.ts'

const CLIENT = 'tenant_of_api_client(client text)'
const ISSUERS = 'issuers_of_tenants()'

export class Migration20261121123148_fence_identity extends Migration {
  override name = 'Migration20261121123148_fence_identity'

  override up(): void | Promise<void> {
    this.addSql(`alter table "api_clients" enable row level security;`)
    this.addSql(`alter table "api_clients" force row level security;`)
    this.addSql(
      `create policy "tenant" on "api_clients" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "api_clients" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(`alter table "tenant_issuers" enable row level security;`)
    this.addSql(`alter table "tenant_issuers" force row level security;`)
    this.addSql(
      `create policy "tenant" on "tenant_issuers" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "tenant_issuers" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(`alter table "users" enable row level security;`)
    this.addSql(`alter table "users" force row level security;`)
    this.addSql(
      `create policy "tenant" on "users" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "users" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )
    // Whoever shows a credential has shown no tenant yet: it is found by the client's id.
    const client = wayAcross(CLIENT, 'tenant text', 'select tenant_id from api_clients where id = client')
    // Whose token it is, is known from its issuer alone. Names of issuers are no secrets.
    const issuers = 'select i.issuer, i.tenant_id, i.audience from tenant_issuers i'
    const columns = 'issuer text, tenant text, audience text'
    for (const statement of [...client, ...wayAcross(ISSUERS, columns, issuers)]) this.addSql(statement)
  }

  override down(): void | Promise<void> {
    for (const signature of [CLIENT, ISSUERS]) this.addSql(`drop function ${signature};`)
    this.addSql(`drop policy "tenant" on "api_clients";`)
    this.addSql(`drop policy "all_tenants" on "api_clients";`)

    this.addSql(`drop policy "tenant" on "tenant_issuers";`)
    this.addSql(`drop policy "all_tenants" on "tenant_issuers";`)

    this.addSql(`drop policy "tenant" on "users";`)
    this.addSql(`drop policy "all_tenants" on "users";`)

    this.addSql(`alter table "api_clients" no force row level security;`)
    this.addSql(`alter table "api_clients" disable row level security;`)

    this.addSql(`alter table "tenant_issuers" no force row level security;`)
    this.addSql(`alter table "tenant_issuers" disable row level security;`)

    this.addSql(`alter table "users" no force row level security;`)
    this.addSql(`alter table "users" disable row level security;`)
  }
}
