import { Migration } from '@mikro-orm/migrations'

export class Migration20261127222928_deduction_device extends Migration {
  override name = 'Migration20261127222928_deduction_device'

  override up(): void | Promise<void> {
    this.addSql(`alter table "payroll_deductions" add "device" text null;`)
    // Lines are guarded against any change, also by the tables' owner.
    this.addSql(`alter table "payroll_deductions" disable trigger user;`)
    this.addSql(
      `update "payroll_deductions" d set "device" = coalesce((select m."name" from "device_models" m where m."tenant_id" = d."tenant_id" and m."code" = d."model_code"), d."model_code");`,
    )
    this.addSql(`alter table "payroll_deductions" alter "device" set not null;`)
    this.addSql(`alter table "payroll_deductions" enable trigger user;`)
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table "payroll_deductions" drop column "device";`)
  }
}
