import { Migration } from '@mikro-orm/migrations'

export class Migration20261121101728_webhook_endpoints extends Migration {
  override name = 'Migration20261121101728_webhook_endpoints'

  override up(): void | Promise<void> {
    this.addSql(
      `create table "webhook_endpoints" ("id" text not null, "tenant_id" text not null, "url" text not null, "event_types" jsonb null, "description" text null, "secrets" jsonb not null, "cursor_position" bigint not null default '0', "created_at" timestamptz(3) not null, primary key ("id"));`,
    )
    this.addSql(`create index "webhook_endpoints_tenant" on "webhook_endpoints" ("tenant_id", "created_at", "id");`)

    this.addSql(
      `create table "webhook_deliveries" ("id" text not null, "tenant_id" text not null, "endpoint_id" text not null, "event_id" text not null, "event_type" text not null, "status" text not null, "attempts" int not null default 0, "next_attempt_at" timestamptz(3) null, "last_status" int null, "last_error" text null, "created_at" timestamptz(3) not null, "delivered_at" timestamptz(3) null, primary key ("id"));`,
    )
    this.addSql(
      `create index "webhook_deliveries_endpoint" on "webhook_deliveries" ("endpoint_id", "created_at", "id");`,
    )
    this.addSql(
      `create index "webhook_deliveries_status" on "webhook_deliveries" ("endpoint_id", "status", "created_at", "id");`,
    )
    this.addSql(
      `create index "webhook_deliveries_due" on "webhook_deliveries" ("endpoint_id", "next_attempt_at") where status = 'pending';`,
    )
    this.addSql(
      `alter table "webhook_deliveries" add constraint "webhook_deliveries_once" unique ("endpoint_id", "event_id");`,
    )

    this.addSql(
      `alter table "webhook_deliveries" add constraint "webhook_deliveries_endpoint_id_foreign" foreign key ("endpoint_id") references "webhook_endpoints" ("id") on delete cascade;`,
    )
    this.addSql(
      `alter table "webhook_deliveries" add constraint "webhook_deliveries_status_check" check ("status" in ('pending', 'delivered', 'held'));`,
    )
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table "webhook_deliveries" drop constraint "webhook_deliveries_endpoint_id_foreign";`)

    this.addSql(`drop table if exists "webhook_endpoints" cascade;`)
    this.addSql(`drop table if exists "webhook_deliveries" cascade;`)
  }
}
