import { Migration } from '@mikro-orm/migrations'

export class Migration20261127140822_statements extends Migration {
  override name = 'Migration20261127140822_statements'

  override up(): void | Promise<void> {
    this.addSql(`alter table "payroll_deductions" add "model_code" text not null;`)

    this.addSql(`alter table "notifications" add "statement_id" text null;`)
    this.addSql(`alter table "notifications" alter column "plan_id" drop not null;`)
    this.addSql(
      `alter table "notifications" add constraint "notifications_about_check" check ((plan_id is null) <> (statement_id is null));`,
    )
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table "notifications" drop constraint "notifications_about_check";`)
    this.addSql(`alter table "notifications" drop column "statement_id";`)
    this.addSql(`alter table "notifications" alter column "plan_id" set not null;`)

    this.addSql(`alter table "payroll_deductions" drop column "model_code";`)
  }
}
