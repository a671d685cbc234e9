import { Migration } from '@mikro-orm/migrations'

export class Migration20261127222928_deduction_device extends Migration {
  override name = 'Migration20261127222928_deduction_device'

  override up(): void | Promise<void> {
    // Lines from before keep what their model is called now: they are guarded against any change.
    this.addSql(`alter table "payroll_deductions" add "device" text null;`)
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table "payroll_deductions" drop column "device";`)
  }
}
