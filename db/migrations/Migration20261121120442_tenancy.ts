import { Migration } from '@mikro-orm/migrations'
import { wayAcross } from '../tenancy/way-across.ts'

const TABLES = [
  'audit_log',
  'customers',
  'escalations',
  'events',
  'idempotency_keys',
  'installments',
  'journal_entries',
  'notifications',
  'plans',
  'postings',
  'receipts',
  'test_clocks',
  'transactions',
  'webhook_deliveries',
  'webhook_endpoints',
]
const TENANT = `tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))`
const ALL_TENANTS = `(select current_setting('tenor.all_tenants', true)) = 'on'`

const PAYMENTS = 'tenants_of_payments(of_gateway text, gateway_ids text[])'
const CUSTOMER = 'is_customer_of_another(of_tenant text, gateway_customer text)'
const FIGURES = 'waiting_figures()'

/** Row-level security on all that is a tenant's, and the ways across that the API has: each answers one narrow question. */
export class Migration20261121120442_tenancy extends Migration {
  override name = 'Migration20261121120442_tenancy'

  override up(): void {
    for (const table of TABLES) {
      this.addSql(`alter table "${table}" enable row level security;`)
      this.addSql(`alter table "${table}" force row level security;`)
      this.addSql(`create policy "tenant" on "${table}" using (${TENANT}) with check (${TENANT});`)
      this.addSql(
        `create policy "all_tenants" on "${table}" to "tenor_worker" using (${ALL_TENANTS}) with check (${ALL_TENANTS});`,
      )
    }
    // A gateway calls about a payment, and knows nothing of tenants.
    const payments = 'transactions where gateway = of_gateway and gateway_id = any(gateway_ids)'
    this.#add(wayAcross(PAYMENTS, 'tenant text', `select distinct tenant_id from ${payments}`))
    // Tenants share a gateway: what one has there must not be charged by another that guesses its id.
    const others = 'customers where gateway_customer_id = gateway_customer and tenant_id <> of_tenant'
    this.#add(wayAcross(CUSTOMER, 'answer boolean', `select exists (select from ${others})`))
    // For the metrics of those who operate all of it: a count and a moment, nobody's in particular.
    const open = `select count(*) from escalations where status = 'open'`
    const oldest = `select min(next_attempt_at) from notifications where status = 'queued' and next_attempt_at <= now()`
    this.#add(wayAcross(FIGURES, 'open_escalations bigint, oldest_notice timestamptz', `select (${open}), (${oldest})`))
  }

  #add(statements: string[]): void {
    for (const statement of statements) this.addSql(statement)
  }

  override down(): void {
    for (const signature of [PAYMENTS, CUSTOMER, FIGURES]) this.addSql(`drop function ${signature};`)
    for (const table of TABLES) {
      this.addSql(`drop policy "tenant" on "${table}";`)
      this.addSql(`drop policy "all_tenants" on "${table}";`)
      this.addSql(`alter table "${table}" no force row level security;`)
      this.addSql(`alter table "${table}" disable row level security;`)
    }
  }
}
