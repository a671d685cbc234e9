import { Migration } from '@mikro-orm/migrations'

export class Migration20261127140105_leasing_orders extends Migration {
  override name = 'Migration20261127140105_leasing_orders'

  override up(): void | Promise<void> {
    this.addSql(
      `alter table "cart_lines" add "checkout_id" text null, add "lease_id" text null, add "checkout_until" timestamptz(3) null, add "ordered_at" timestamptz(3) null;`,
    )
    this.addSql(
      `alter table "cart_lines" add constraint "cart_lines_checkout_check" check ((checkout_id is null) = (lease_id is null));`,
    )

    this.addSql(`alter table "devices" add "held_for" text null;`)
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table "cart_lines" drop constraint "cart_lines_checkout_check";`)
    this.addSql(
      `alter table "cart_lines" drop column "checkout_id", drop column "lease_id", drop column "checkout_until", drop column "ordered_at";`,
    )

    this.addSql(`alter table "devices" drop column "held_for";`)
  }
}
