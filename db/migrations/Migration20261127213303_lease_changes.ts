import { Migration } from '@mikro-orm/migrations'

export class Migration20261127213303_lease_changes extends Migration {
  override name = 'Migration20261127213303_lease_changes'

  override up(): void | Promise<void> {
    this.addSql(
      `create table "lease_changes" ("id" text not null, "tenant_id" text not null, "client_id" text not null, "employee_id" text not null, "plan_id" text not null, "change" text not null, "model_code" text not null, "device" text not null, "previous_device" text null, "monthly_amount" bigint null, "previous_monthly_amount" bigint null, "currency" text not null, "how" text null, "date" date not null, "at" timestamptz(3) not null, "statement_id" text null, primary key ("id"));`,
    )
    this.addSql(
      `create index "lease_changes_open" on "lease_changes" ("client_id", "at", "id") where statement_id is null;`,
    )
    this.addSql(
      `create index "lease_changes_statement" on "lease_changes" ("statement_id", "change", "employee_id", "plan_id", "at", "id");`,
    )
    this.addSql(`create index "lease_changes_plan" on "lease_changes" ("plan_id", "at", "id");`)

    this.addSql(
      `alter table "lease_changes" add constraint "lease_changes_plan_id_foreign" foreign key ("plan_id") references "plans" ("id");`,
    )
    this.addSql(
      `alter table "lease_changes" add constraint "lease_changes_end_check" check ((change = 'ended') = (how is not null));`,
    )
    this.addSql(
      `alter table "lease_changes" add constraint "lease_changes_monthly_amount_check" check (monthly_amount >= 0 and monthly_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "lease_changes" add constraint "lease_changes_previous_monthly_amount_check" check (previous_monthly_amount >= 0 and previous_monthly_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "lease_changes" add constraint "lease_changes_change_check" check ("change" in ('began', 'changed', 'ended'));`,
    )
    this.addSql(
      `alter table "lease_changes" add constraint "lease_changes_how_check" check ("how" in ('return', 'buy_out', 'lost', 'stolen', 'canceled', 'transfer'));`,
    )
    this.addSql(`alter table "lease_changes" enable row level security;`)
    this.addSql(`alter table "lease_changes" force row level security;`)
    this.addSql(
      `create policy "tenant" on "lease_changes" using (tenant_id = (select nullif(current_setting('tenor.tenant', true), ''))) with check (tenant_id = (select nullif(current_setting('tenor.tenant', true), '')));`,
    )
    this.addSql(
      `create policy "all_tenants" on "lease_changes" to "tenor_worker" using ((select current_setting('tenor.all_tenants', true)) = 'on') with check ((select current_setting('tenor.all_tenants', true)) = 'on');`,
    )
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "lease_changes" cascade;`)
  }
}
