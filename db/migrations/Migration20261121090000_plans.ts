import { Migration } from '@mikro-orm/migrations'

export class Migration20261121090000_plans extends Migration {
  override name = 'Migration20261121090000_plans'

  override up(): void | Promise<void> {
    this.addSql(
      `create table "audit_log" ("id" bigserial primary key, "tenant_id" text not null, "at" timestamptz(3) not null, "actor" text not null, "role" text not null, "action" text not null, "subject_type" text null, "subject_id" text null, "request_id" text null, "data" jsonb null);`,
    )
    this.addSql(`create index "audit_log_tenant" on "audit_log" ("tenant_id", "at");`)
    this.addSql(
      `create index "audit_log_subject" on "audit_log" ("tenant_id", "subject_id", "at") where subject_id is not null;`,
    )

    this.addSql(
      `create table "customers" ("tenant_id" text not null, "id" text not null, "name" text not null, "email" text not null, "phone" text null, "locale" text null, "gateway_customer_id" text null, "default_payment_method" jsonb null, "preferences" jsonb not null default '{}', "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("tenant_id", "id"));`,
    )
    this.addSql(`create index "customers_created" on "customers" ("tenant_id", "created_at", "id");`)
    this.addSql(
      `create index "customers_gateway" on "customers" ("gateway_customer_id") where gateway_customer_id is not null;`,
    )

    this.addSql(
      `create table "events" ("id" text not null, "position" bigserial, "written_by" xid8 not null default pg_current_xact_id(), "tenant_id" text not null, "plan_id" text null, "type" text not null, "data" jsonb not null, "occurred_at" timestamptz(3) not null, primary key ("id"));`,
    )
    this.addSql(`create index "events_tenant" on "events" ("tenant_id", "written_by", "position");`)
    this.addSql(`create index "events_plan" on "events" ("plan_id", "position") where plan_id is not null;`)
    this.addSql(`create index "events_type" on "events" ("tenant_id", "type", "written_by", "position");`)
    this.addSql(`alter table "events" add constraint "events_position" unique ("position");`)

    this.addSql(
      `create table "idempotency_keys" ("tenant_id" text not null, "caller" text not null, "route" text not null, "key" text not null, "request_hash" text not null, "state" text not null, "locked_until" timestamptz(3) null, "status" int null, "headers" jsonb null, "body" jsonb null, "created_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, primary key ("tenant_id", "caller", "route", "key"));`,
    )
    this.addSql(`create index "idempotency_keys_expiry" on "idempotency_keys" ("expires_at");`)

    this.addSql(
      `create table "plans" ("id" text not null, "tenant_id" text not null, "kind" text not null, "customer_id" text not null, "status" text not null, "lifecycle" text not null, "currency" text not null, "total_amount" bigint not null, "discount_amount" bigint not null, "paid_amount" bigint not null default '0', "refunded_amount" bigint not null default '0', "outstanding_amount" bigint not null default '0', "escalated" boolean not null default false, "next_billing_at" timestamptz(3) null, "start_date" date not null, "end_date" date not null, "test_clock_id" text null, "workflow_id" text not null, "run_id" text null, "change_sequence" int not null, "state" jsonb not null, "request" jsonb not null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, "canceled_at" timestamptz(3) null, "completed_at" timestamptz(3) null, primary key ("id"));`,
    )
    this.addSql(`create index "plans_customer" on "plans" ("tenant_id", "customer_id", "created_at", "id");`)
    this.addSql(`create index "plans_kind" on "plans" ("tenant_id", "kind", "created_at", "id");`)
    this.addSql(`create index "plans_status" on "plans" ("tenant_id", "kind", "status", "created_at", "id");`)
    this.addSql(
      `create index "plans_next_billing" on "plans" ("tenant_id", "next_billing_at") where next_billing_at is not null;`,
    )
    this.addSql(`create index "plans_test_clock" on "plans" ("test_clock_id") where test_clock_id is not null;`)
    this.addSql(`alter table "plans" add constraint "plans_workflow" unique ("workflow_id");`)

    this.addSql(
      `create table "notifications" ("id" text not null, "tenant_id" text not null, "plan_id" text not null, "customer_id" text not null, "type" text not null, "channel" text not null, "data" jsonb not null, "status" text not null, "attempts" int not null default 0, "next_attempt_at" timestamptz(3) null, "created_at" timestamptz(3) not null, "sent_at" timestamptz(3) null, "last_error" text null, "test_clock_id" text null, primary key ("id"));`,
    )
    this.addSql(`create index "notifications_plan" on "notifications" ("plan_id", "created_at", "id");`)
    this.addSql(`create index "notifications_tenant" on "notifications" ("tenant_id", "created_at", "id");`)
    this.addSql(
      `create index "notifications_customer" on "notifications" ("tenant_id", "customer_id", "created_at", "id");`,
    )
    this.addSql(`create index "notifications_queued" on "notifications" ("next_attempt_at") where status = 'queued';`)

    this.addSql(
      `create table "installments" ("plan_id" text not null, "number" int not null, "tenant_id" text not null, "due_date" date not null, "due_at" timestamptz(3) not null, "amount" bigint not null, "paid_amount" bigint not null, "refunded_amount" bigint not null default '0', "status" text not null, "next_attempt_at" timestamptz(3) null, "escalation_id" text null, "state" jsonb not null, primary key ("plan_id", "number"));`,
    )

    this.addSql(
      `create table "escalations" ("id" text not null, "tenant_id" text not null, "plan_id" text not null, "customer_id" text not null, "installment_number" int null, "refund_number" int null, "reason" text not null, "code" text null, "amount" bigint not null, "currency" text not null, "status" text not null, "opened_at" timestamptz(3) not null, "resolved_at" timestamptz(3) null, "resolution" jsonb null, "version" int not null, "case_version" int not null default 0, "salesforce_case_id" text null, "case_attempts" int not null default 0, "case_next_attempt_at" timestamptz(3) null, "case_last_error" text null, "test_clock_id" text null, primary key ("id"));`,
    )
    this.addSql(`create index "escalations_tenant" on "escalations" ("tenant_id", "opened_at", "id");`)
    this.addSql(`create index "escalations_status" on "escalations" ("tenant_id", "status", "opened_at", "id");`)
    this.addSql(`create index "escalations_plan" on "escalations" ("plan_id", "opened_at", "id");`)
    this.addSql(
      `create index "escalations_untold" on "escalations" ("case_next_attempt_at") where case_version < version;`,
    )
    this.addSql(
      `create unique index "escalations_open_installment" on "escalations" ("plan_id", "installment_number") where status = 'open' and installment_number is not null;`,
    )
    this.addSql(
      `create unique index "escalations_open_refund" on "escalations" ("plan_id", "refund_number") where status = 'open' and refund_number is not null;`,
    )

    this.addSql(
      `create table "test_clocks" ("id" text not null, "tenant_id" text not null, "status" text not null, "now" timestamptz(3) not null, "target" timestamptz(3) null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, "deleted_at" timestamptz(3) null, primary key ("id"));`,
    )
    this.addSql(`create index "test_clocks_tenant" on "test_clocks" ("tenant_id", "created_at", "id");`)

    this.addSql(
      `create table "transactions" ("id" text not null, "tenant_id" text not null, "plan_id" text not null, "type" text not null, "installment_number" int null, "attempt" int null, "refund_number" int null, "parent_transaction_id" text null, "amount" bigint not null, "currency" text not null, "status" text not null, "outcome" text null, "cause" text null, "decline_code" text null, "gateway" text not null, "gateway_id" text null, "gateway_request_key" text null, "confirmations" int not null default 0, "refunded_amount" bigint not null default '0', "returned_amount" bigint not null default '0', "returned_at" timestamptz(3) null, "allocations" jsonb not null default '[]', "action_url" text null, "why" jsonb null, "answer" jsonb null, "created_at" timestamptz(3) not null, "settled_at" timestamptz(3) null, "updated_at" timestamptz(3) not null, primary key ("id"));`,
    )
    this.addSql(`create index "transactions_plan" on "transactions" ("plan_id", "created_at", "id");`)
    this.addSql(
      `create unique index "transactions_attempt" on "transactions" ("plan_id", "installment_number", "attempt") where type = 'charge' and installment_number is not null;`,
    )
    this.addSql(
      `create unique index "transactions_gateway" on "transactions" ("gateway", "gateway_id") where gateway_id is not null and gateway <> 'external';`,
    )

    this.addSql(
      `create table "receipts" ("id" text not null, "tenant_id" text not null, "plan_id" text not null, "transaction_id" text not null, "number" int not null, "type" text not null, "amount" bigint not null, "currency" text not null, "issued_at" timestamptz(3) not null, "data" jsonb not null default '{}', primary key ("id"));`,
    )
    this.addSql(`create index "receipts_issued" on "receipts" ("plan_id", "issued_at", "id");`)
    this.addSql(`alter table "receipts" add constraint "receipts_transaction" unique ("transaction_id");`)
    this.addSql(`alter table "receipts" add constraint "receipts_number" unique ("plan_id", "number");`)

    this.addSql(
      `create table "journal_entries" ("id" text not null, "tenant_id" text not null, "plan_id" text not null, "transaction_id" text null, "at" timestamptz(3) not null, "description" text not null, "lines" int not null, "position" bigserial, primary key ("id"));`,
    )
    this.addSql(`create index "journal_entries_transaction" on "journal_entries" ("transaction_id");`)
    this.addSql(`create index "journal_entries_plan" on "journal_entries" ("plan_id", "at", "position");`)

    this.addSql(
      `create table "postings" ("entry_id" text not null, "line" int not null, "tenant_id" text not null, "account" text not null, "amount" bigint not null, primary key ("entry_id", "line"));`,
    )

    this.addSql(
      `create table "webhook_inbox" ("gateway" text not null, "id" text not null, "type" text not null, "hints" jsonb not null, "received_at" timestamptz(3) not null, "processed_at" timestamptz(3) null, "attempts" int not null default 0, "next_attempt_at" timestamptz(3) null, "last_error" text null, primary key ("gateway", "id"));`,
    )
    this.addSql(
      `create index "webhook_inbox_waiting" on "webhook_inbox" ("next_attempt_at") where processed_at is null;`,
    )

    this.addSql(
      `alter table "idempotency_keys" add constraint "idempotency_keys_done_check" check (state <> 'done' or status is not null);`,
    )
    this.addSql(
      `alter table "idempotency_keys" add constraint "idempotency_keys_state_check" check ("state" in ('in_progress', 'done'));`,
    )

    this.addSql(`alter table "plans" add constraint "plans_discount_check" check (discount_amount <= total_amount);`)
    this.addSql(
      `alter table "plans" add constraint "plans_total_amount_check" check (total_amount >= 0 and total_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_discount_amount_check" check (discount_amount >= 0 and discount_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_paid_amount_check" check (paid_amount >= 0 and paid_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_refunded_amount_check" check (refunded_amount >= 0 and refunded_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_outstanding_amount_check" check (outstanding_amount >= 0 and outstanding_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_kind_check" check ("kind" in ('financing', 'lease', 'rent_to_own'));`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_status_check" check ("status" in ('pending', 'active', 'past_due', 'pending_cancellation', 'canceled', 'completed'));`,
    )
    this.addSql(
      `alter table "plans" add constraint "plans_lifecycle_check" check ("lifecycle" in ('pending', 'active', 'pending_cancellation', 'canceled', 'completed'));`,
    )

    this.addSql(
      `alter table "notifications" add constraint "notifications_plan_id_foreign" foreign key ("plan_id") references "plans" ("id");`,
    )
    this.addSql(
      `alter table "notifications" add constraint "notifications_channel_check" check ("channel" in ('email'));`,
    )
    this.addSql(
      `alter table "notifications" add constraint "notifications_status_check" check ("status" in ('queued', 'sent', 'failed'));`,
    )

    this.addSql(
      `alter table "installments" add constraint "installments_plan_id_foreign" foreign key ("plan_id") references "plans" ("id");`,
    )
    this.addSql(`alter table "installments" add constraint "installments_number_check" check (number >= 0);`)
    this.addSql(`alter table "installments" add constraint "installments_paid_check" check (paid_amount <= amount);`)
    this.addSql(
      `alter table "installments" add constraint "installments_amount_check" check (amount >= 0 and amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "installments" add constraint "installments_paid_amount_check" check (paid_amount >= 0 and paid_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "installments" add constraint "installments_refunded_amount_check" check (refunded_amount >= 0 and refunded_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "installments" add constraint "installments_status_check" check ("status" in ('scheduled', 'processing', 'retrying', 'paid', 'escalated', 'waived', 'canceled'));`,
    )

    this.addSql(
      `alter table "escalations" add constraint "escalations_plan_id_foreign" foreign key ("plan_id") references "plans" ("id");`,
    )
    this.addSql(
      `alter table "escalations" add constraint "escalations_about_check" check ((installment_number is null) <> (refund_number is null));`,
    )
    this.addSql(
      `alter table "escalations" add constraint "escalations_resolved_check" check ((status = 'resolved') = (resolved_at is not null));`,
    )
    this.addSql(
      `alter table "escalations" add constraint "escalations_amount_check" check (amount >= 0 and amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "escalations" add constraint "escalations_status_check" check ("status" in ('open', 'resolved'));`,
    )

    this.addSql(
      `alter table "test_clocks" add constraint "test_clocks_status_check" check ("status" in ('ready', 'advancing'));`,
    )

    this.addSql(
      `alter table "transactions" add constraint "transactions_plan_id_foreign" foreign key ("plan_id") references "plans" ("id");`,
    )
    this.addSql(
      `alter table "transactions" add constraint "transactions_refunded_check" check (refunded_amount <= amount);`,
    )
    this.addSql(
      `alter table "transactions" add constraint "transactions_returned_check" check (returned_amount <= amount);`,
    )
    this.addSql(
      `alter table "transactions" add constraint "transactions_refund_check" check ((type = 'refund') = (refund_number is not null));`,
    )
    this.addSql(
      `alter table "transactions" add constraint "transactions_amount_check" check (amount >= 0 and amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "transactions" add constraint "transactions_refunded_amount_check" check (refunded_amount >= 0 and refunded_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "transactions" add constraint "transactions_returned_amount_check" check (returned_amount >= 0 and returned_amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "transactions" add constraint "transactions_type_check" check ("type" in ('charge', 'refund'));`,
    )
    this.addSql(
      `alter table "transactions" add constraint "transactions_status_check" check ("status" in ('pending', 'processing', 'succeeded', 'failed', 'unknown'));`,
    )

    this.addSql(
      `alter table "receipts" add constraint "receipts_plan_id_foreign" foreign key ("plan_id") references "plans" ("id");`,
    )
    this.addSql(
      `alter table "receipts" add constraint "receipts_transaction_id_foreign" foreign key ("transaction_id") references "transactions" ("id") deferrable initially deferred;`,
    )
    this.addSql(
      `alter table "receipts" add constraint "receipts_amount_check" check (amount >= 0 and amount <= 9007199254740991);`,
    )
    this.addSql(`alter table "receipts" add constraint "receipts_type_check" check ("type" in ('payment', 'refund'));`)

    this.addSql(
      `alter table "journal_entries" add constraint "journal_entries_plan_id_foreign" foreign key ("plan_id") references "plans" ("id");`,
    )
    this.addSql(
      `alter table "journal_entries" add constraint "journal_entries_transaction_id_foreign" foreign key ("transaction_id") references "transactions" ("id") on delete no action deferrable initially deferred;`,
    )
    this.addSql(`alter table "journal_entries" add constraint "journal_entries_lines_check" check (lines >= 2);`)

    this.addSql(
      `alter table "postings" add constraint "postings_entry_id_foreign" foreign key ("entry_id") references "journal_entries" ("id");`,
    )
    this.addSql(
      `alter table "postings" add constraint "postings_amount_check" check (amount >= -9007199254740991 and amount <= 9007199254740991);`,
    )
    this.addSql(
      `alter table "postings" add constraint "postings_account_check" check ("account" in ('receivable', 'income', 'fees', 'discounts', 'cash', 'write_offs'));`,
    )
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table "notifications" drop constraint "notifications_plan_id_foreign";`)
    this.addSql(`alter table "installments" drop constraint "installments_plan_id_foreign";`)
    this.addSql(`alter table "escalations" drop constraint "escalations_plan_id_foreign";`)
    this.addSql(`alter table "transactions" drop constraint "transactions_plan_id_foreign";`)
    this.addSql(`alter table "receipts" drop constraint "receipts_plan_id_foreign";`)
    this.addSql(`alter table "journal_entries" drop constraint "journal_entries_plan_id_foreign";`)
    this.addSql(`alter table "receipts" drop constraint "receipts_transaction_id_foreign";`)
    this.addSql(`alter table "journal_entries" drop constraint "journal_entries_transaction_id_foreign";`)
    this.addSql(`alter table "postings" drop constraint "postings_entry_id_foreign";`)

    this.addSql(`drop table if exists "audit_log" cascade;`)
    this.addSql(`drop table if exists "customers" cascade;`)
    this.addSql(`drop table if exists "events" cascade;`)
    this.addSql(`drop table if exists "idempotency_keys" cascade;`)
    this.addSql(`drop table if exists "plans" cascade;`)
    this.addSql(`drop table if exists "notifications" cascade;`)
    this.addSql(`drop table if exists "installments" cascade;`)
    this.addSql(`drop table if exists "escalations" cascade;`)
    this.addSql(`drop table if exists "test_clocks" cascade;`)
    this.addSql(`drop table if exists "transactions" cascade;`)
    this.addSql(`drop table if exists "receipts" cascade;`)
    this.addSql(`drop table if exists "journal_entries" cascade;`)
    this.addSql(`drop table if exists "postings" cascade;`)
    this.addSql(`drop table if exists "webhook_inbox" cascade;`)
  }
}
