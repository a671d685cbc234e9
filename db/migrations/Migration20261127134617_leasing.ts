import { Migration } from '@mikro-orm/migrations'

export class Migration20261127134617_leasing extends Migration {
  override name = 'Migration20261127134617_leasing'

  override up(): void | Promise<void> {
    this.addSql(
      `create table "cart_lines" ("id" text not null, "tenant_id" text not null, "employee_id" text not null, "device_code" text not null, "term_months" int not null, "payer" text not null, "damage_waiver" boolean not null default false, "created_at" timestamptz(3) not null, primary key ("id"));`,
    )
    this.addSql(`create index "cart_lines_employee" on "cart_lines" ("tenant_id", "employee_id", "created_at", "id");`)

    this.addSql(
      `create table "clients" ("id" text not null, "tenant_id" text not null, "status" text not null, "office_address" text null, "currency" text not null, "store" jsonb not null, "statement" jsonb not null, "test_clock_id" text null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, "deleted_at" timestamptz(3) null, primary key ("id"));`,
    )
    this.addSql(`create index "clients_created" on "clients" ("tenant_id", "created_at", "id");`)

    this.addSql(
      `create table "client_domains" ("tenant_id" text not null, "domain" text not null, "client_id" text not null, primary key ("tenant_id", "domain"));`,
    )
    this.addSql(`create index "client_domains_client" on "client_domains" ("tenant_id", "client_id");`)

    this.addSql(
      `create table "devices" ("id" text not null, "tenant_id" text not null, "imei" text not null, "model_code" text not null, "status" text not null, "lease_id" text null, "held_until" timestamptz(3) null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));`,
    )
    this.addSql(`create index "devices_created" on "devices" ("tenant_id", "created_at", "id");`)
    this.addSql(`create index "devices_stock" on "devices" ("tenant_id", "model_code", "status", "id");`)
    this.addSql(
      `create index "devices_held" on "devices" ("tenant_id", "model_code", "held_until") where held_until is not null;`,
    )
    this.addSql(`alter table "devices" add constraint "devices_imei" unique ("tenant_id", "imei");`)
    this.addSql(
      `create unique index "devices_reserved" on "devices" ("lease_id") where status = 'reserved' and held_until is null;`,
    )
    this.addSql(`create unique index "devices_leased" on "devices" ("lease_id") where status = 'leased';`)

    this.addSql(
      `create table "device_models" ("tenant_id" text not null, "code" text not null, "name" text not null, "description" text not null, "manufacturer" text not null, "price" bigint not null, "currency" text not null, "waiver_monthly" bigint null, "images" jsonb not null default '[]', "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, "deleted_at" timestamptz(3) null, primary key ("tenant_id", "code"));`,
    )
    this.addSql(`create index "device_models_created" on "device_models" ("tenant_id", "created_at", "code");`)

    this.addSql(
      `create table "employees" ("id" text not null, "tenant_id" text not null, "client_id" text not null, "status" text not null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, "offboarded_at" timestamptz(3) null, "deleted_at" timestamptz(3) null, primary key ("id"));`,
    )
    this.addSql(`create index "employees_client" on "employees" ("tenant_id", "client_id", "created_at", "id");`)

    this.addSql(
      `create table "payroll_deductions" ("id" text not null, "tenant_id" text not null, "client_id" text not null, "employee_id" text not null, "plan_id" text not null, "installment_number" int null, "amount" bigint not null, "currency" text not null, "description" text not null, "date" date not null, "at" timestamptz(3) not null, "statement_id" text null, primary key ("id"));`,
    )
    this.addSql(
      `create index "payroll_deductions_open" on "payroll_deductions" ("client_id", "at", "id") where statement_id is null;`,
    )
    this.addSql(
      `create index "payroll_deductions_statement" on "payroll_deductions" ("statement_id", "employee_id", "plan_id", "id");`,
    )
    this.addSql(
      `create index "payroll_deductions_client" on "payroll_deductions" ("tenant_id", "client_id", "date", "id");`,
    )
    this.addSql(`create index "payroll_deductions_plan" on "payroll_deductions" ("plan_id", "at", "id");`)

    this.addSql(
      `create table "leases" ("plan_id" text not null, "tenant_id" text not null, "client_id" text not null, "employee_id" text not null, "model_code" text not null, "unit_id" text not null, "payer" text not null, "dispatch_by" date null, "is_running" boolean not null, "created_at" timestamptz(3) not null, primary key ("plan_id"));`,
    )
    this.addSql(`create index "leases_client" on "leases" ("tenant_id", "client_id", "created_at", "plan_id");`)
    this.addSql(`create index "leases_employee" on "leases" ("tenant_id", "employee_id", "created_at", "plan_id");`)
    this.addSql(
      `create index "leases_dispatch" on "leases" ("tenant_id", "dispatch_by", "plan_id") where dispatch_by is not null;`,
    )

    this.addSql(
      `create table "statements" ("id" text not null, "tenant_id" text not null, "client_id" text not null, "number" int not null, "status" text not null, "period_start" date not null, "period_end" date not null, "cut_off" timestamptz(3) not null, "currency" text not null, "lines" int not null default 0, "lines_amount" bigint not null default '0', "carried_in" bigint not null default '0', "carried_out" bigint not null default '0', "total" bigint not null default '0', "counts" jsonb not null default '{}', "plan_id" text null, "closed_at" timestamptz(3) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    )
    this.addSql(`create index "statements_client" on "statements" ("tenant_id", "client_id", "created_at", "id");`)
    this.addSql(
      `alter table "statements" add constraint "statements_number" unique ("tenant_id", "client_id", "number");`,
    )
    this.addSql(
      `alter table "statements" add constraint "statements_period" unique ("tenant_id", "client_id", "cut_off");`,
    )

    this.addSql(`alter table "plans" drop constraint "plans_kind_check";`)
    this.addSql(`alter table "plans" drop constraint "plans_lifecycle_check";`)
    this.addSql(`alter table "plans" drop constraint "plans_status_check";`)
    this.addSql(
      `alter table "plans" add constraint "plans_kind_check" check ("kind" in ('financing', 'lease', 'rent_to_own', 'statement'));`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_lifecycle_check" check ("lifecycle" in ('init', 'dispatched', 'terminated', 'pending', 'active', 'pending_cancellation', 'canceled', 'completed'));`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_status_check" check ("status" in ('init', 'dispatched', 'terminated', 'pending', 'active', 'pending_cancellation', 'canceled', 'completed', 'past_due'));`,
    )

    this.addSql(`alter table "notifications" add "recipient" text not null default 'customer';`)
    this.addSql(
      `alter table "notifications" add constraint "notifications_recipient_check" check ("recipient" in ('customer', 'client', 'back_office'));`,
    )

    this.addSql(`alter table "escalations" drop constraint "escalations_about_check";`)
    this.addSql(
      `create unique index "escalations_open_order" on "escalations" ("plan_id") where status = 'open' and reason = 'not_dispatched';`,
    )
    this.addSql(`alter table "escalations" add constraint "escalations_about_check" check (case when reason = 'not_dispatched' then installment_number is null and refund_number is null
        else (installment_number is null) <> (refund_number is null) end);`)

    this.addSql(`alter table "postings" drop constraint "postings_account_check";`)
    this.addSql(
      `alter table "postings" add constraint "postings_account_check" check ("account" in ('receivable', 'income', 'fees', 'discounts', 'cash', 'write_offs', 'payroll'));`,
    )

    this.addSql(`alter table "users" add "client_id" text null;`)

    this.addSql(
      `alter table "cart_lines" add constraint "cart_lines_payer_check" check ("payer" in ('payroll', 'employee'));`,
    )
    this.addSql(`alter table "cart_lines" enable row level security;`)
    this.addSql(`alter table "cart_lines" force row level security;`)
    this.addSql(
      `create policy "tenant" on "cart_lines" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "cart_lines" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(
      `alter table "clients" add constraint "clients_status_check" check ("status" in ('active', 'suspended'));`,
    )
    this.addSql(`alter table "clients" enable row level security;`)
    this.addSql(`alter table "clients" force row level security;`)
    this.addSql(
      `create policy "tenant" on "clients" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "clients" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(`alter table "client_domains" enable row level security;`)
    this.addSql(`alter table "client_domains" force row level security;`)
    this.addSql(
      `create policy "tenant" on "client_domains" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "client_domains" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(`alter table "devices" add constraint "devices_lease_check" check (case when status in ('reserved', 'leased') then lease_id is not null
        when status in ('available', 'maintenance', 'retired') then lease_id is null else true end);`)
    this.addSql(
      `alter table "devices" add constraint "devices_held_check" check (held_until is null or status = 'reserved');`,
    )
    this.addSql(
      `alter table "devices" add constraint "devices_status_check" check ("status" in ('available', 'reserved', 'leased', 'maintenance', 'lost', 'sold', 'retired'));`,
    )
    this.addSql(`alter table "devices" enable row level security;`)
    this.addSql(`alter table "devices" force row level security;`)
    this.addSql(
      `create policy "tenant" on "devices" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "devices" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(
      `alter table "device_models" add constraint "device_models_price_check" check (price >= 0 and price <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "device_models" add constraint "device_models_waiver_monthly_check" check (waiver_monthly >= 0 and waiver_monthly <= 9007199254740991);`,
    )
    this.addSql(`alter table "device_models" enable row level security;`)
    this.addSql(`alter table "device_models" force row level security;`)
    this.addSql(
      `create policy "tenant" on "device_models" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "device_models" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(
      `alter table "employees" add constraint "employees_status_check" check ("status" in ('active', 'offboarded'));`,
    )
    this.addSql(`alter table "employees" enable row level security;`)
    this.addSql(`alter table "employees" force row level security;`)
    this.addSql(
      `create policy "tenant" on "employees" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "employees" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(
      `alter table "payroll_deductions" add constraint "payroll_deductions_plan_id_foreign" foreign key ("plan_id") references "plans" ("id");`,
    )
    this.addSql(
      `alter table "payroll_deductions" add constraint "payroll_deductions_amount_check" check (amount >= -9007199254740991 and amount <= 9007199254740991);`,
    )
    this.addSql(`alter table "payroll_deductions" enable row level security;`)
    this.addSql(`alter table "payroll_deductions" force row level security;`)
    this.addSql(
      `create policy "tenant" on "payroll_deductions" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "payroll_deductions" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(
      `alter table "leases" add constraint "leases_plan_id_foreign" foreign key ("plan_id") references "plans" ("id") on update cascade on delete cascade;`,
    )
    this.addSql(`alter table "leases" add constraint "leases_payer_check" check ("payer" in ('payroll', 'employee'));`)
    this.addSql(`alter table "leases" enable row level security;`)
    this.addSql(`alter table "leases" force row level security;`)
    this.addSql(
      `create policy "tenant" on "leases" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "leases" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )

    this.addSql(
      `alter table "statements" add constraint "statements_carried_check" check (carried_in <= 0 and carried_out <= 0 and total >= 0);`,
    )
    this.addSql(
      `alter table "statements" add constraint "statements_sum_check" check (status = 'closing' or lines_amount + carried_in = total + carried_out);`,
    )
    this.addSql(
      `alter table "statements" add constraint "statements_closed_check" check ((status = 'closed') = (closed_at is not null));`,
    )
    this.addSql(
      `alter table "statements" add constraint "statements_lines_amount_check" check (lines_amount >= -9007199254740991 and lines_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "statements" add constraint "statements_carried_in_check" check (carried_in >= -9007199254740991 and carried_in <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "statements" add constraint "statements_carried_out_check" check (carried_out >= -9007199254740991 and carried_out <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "statements" add constraint "statements_total_check" check (total >= -9007199254740991 and total <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "statements" add constraint "statements_status_check" check ("status" in ('closing', 'closed'));`,
    )
    this.addSql(`alter table "statements" enable row level security;`)
    this.addSql(`alter table "statements" force row level security;`)
    this.addSql(
      `create policy "tenant" on "statements" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "statements" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "cart_lines" cascade;`)
    this.addSql(`drop table if exists "clients" cascade;`)
    this.addSql(`drop table if exists "client_domains" cascade;`)
    this.addSql(`drop table if exists "devices" cascade;`)
    this.addSql(`drop table if exists "device_models" cascade;`)
    this.addSql(`drop table if exists "employees" cascade;`)
    this.addSql(`drop table if exists "payroll_deductions" cascade;`)
    this.addSql(`drop table if exists "leases" cascade;`)
    this.addSql(`drop table if exists "statements" cascade;`)

    this.addSql(`drop index "escalations_open_order";`)
    this.addSql(`alter table "escalations" drop constraint "escalations_about_check";`)
    this.addSql(
      `alter table "escalations" add constraint "escalations_about_check" check ((installment_number is null) <> (refund_number is null));`,
    )

    this.addSql(`alter table "notifications" drop constraint "notifications_recipient_check";`)
    this.addSql(`alter table "notifications" drop column "recipient";`)

    this.addSql(`alter table "plans" drop constraint "plans_kind_check";`)
    this.addSql(`alter table "plans" drop constraint "plans_status_check";`)
    this.addSql(`alter table "plans" drop constraint "plans_lifecycle_check";`)
    this.addSql(
      `alter table "plans" add constraint "plans_kind_check" check ("kind" in ('financing', 'lease', 'rent_to_own'));`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_status_check" check ("status" in ('pending', 'active', 'past_due', 'pending_cancellation', 'canceled', 'completed'));`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_lifecycle_check" check ("lifecycle" in ('pending', 'active', 'pending_cancellation', 'canceled', 'completed'));`,
    )

    this.addSql(`alter table "postings" drop constraint "postings_account_check";`)
    this.addSql(
      `alter table "postings" add constraint "postings_account_check" check ("account" in ('receivable', 'income', 'fees', 'discounts', 'cash', 'write_offs'));`,
    )

    this.addSql(`alter table "users" drop column "client_id";`)
  }
}
