import { Migration } from '@mikro-orm/migrations'

export class Migration20261121120709_identity extends Migration {
  override name = 'Migration20261121120709_identity'

  override up(): void | Promise<void> {
    this.addSql(
      `create table "api_clients" ("id" text not null, "tenant_id" text not null, "name" text not null, "secrets" jsonb not null, "created_at" timestamptz(3) not null, "rotated_at" timestamptz(3) null, "revoked_at" timestamptz(3) null, primary key ("id"));`,
    )
    this.addSql(`create index "api_clients_created" on "api_clients" ("tenant_id", "created_at", "id");`)

    this.addSql(
      `create table "tenant_issuers" ("issuer" text not null, "tenant_id" text not null, "audience" text not null, "created_at" timestamptz(3) not null, primary key ("issuer"));`,
    )
    this.addSql(`create index "tenant_issuers_tenant" on "tenant_issuers" ("tenant_id");`)

    this.addSql(
      `create table "users" ("id" text not null, "tenant_id" text not null, "email" text not null, "password_hash" text not null, "roles" jsonb not null, "customer_id" text null, "created_at" timestamptz(3) not null, "disabled_at" timestamptz(3) null, primary key ("id"));`,
    )
    this.addSql(`create index "users_created" on "users" ("tenant_id", "created_at", "id");`)
    this.addSql(`alter table "users" add constraint "users_email" unique ("tenant_id", "email");`)

    this.addSql(`drop index "audit_log_subject";`)
    this.addSql(`drop index "audit_log_tenant";`)
    this.addSql(`alter table "audit_log" drop column "data";`)
    this.addSql(`alter table "audit_log" add "status" int not null;`)
    this.addSql(`alter table "audit_log" rename column "subject_type" to "code";`)
    this.addSql(
      `create index "audit_log_subject" on "audit_log" ("tenant_id", "subject_id", "at", "id") where subject_id is not null;`,
    )
    this.addSql(`create index "audit_log_tenant" on "audit_log" ("tenant_id", "at", "id");`)
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "api_clients" cascade;`)
    this.addSql(`drop table if exists "tenant_issuers" cascade;`)
    this.addSql(`drop table if exists "users" cascade;`)

    this.addSql(`drop index "audit_log_tenant";`)
    this.addSql(`drop index "audit_log_subject";`)
    this.addSql(`alter table "audit_log" drop column "status";`)
    this.addSql(`alter table "audit_log" add "data" jsonb null;`)
    this.addSql(`alter table "audit_log" rename column "code" to "subject_type";`)
    this.addSql(`create index "audit_log_tenant" on "audit_log" ("tenant_id", "at");`)
    this.addSql(
      `create index "audit_log_subject" on "audit_log" ("tenant_id", "subject_id", "at") where subject_id is not null;`,
    )
  }
}
