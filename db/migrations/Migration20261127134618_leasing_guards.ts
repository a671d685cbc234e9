import { Migration } from '@mikro-orm/migrations'

/**
 * What statements promise, kept by the database itself: a deduction is on one statement and stays there, a statement that
 * is closed stays as it is but for the plan by which it is charged.
 */
export class Migration20261127134618_leasing_guards extends Migration {
  override name = 'Migration20261127134618_leasing_guards'

  override up(): void {
    this.addSql(`create function check_deduction_change() returns trigger language plpgsql as $$
begin
  if old.statement_id is null and new.statement_id is not null
    and (to_jsonb(new) - 'statement_id') = (to_jsonb(old) - 'statement_id') then
    return new;
  end if;
  raise exception 'deduction % is refused a change: it is put on a statement once, and stays', old.id
    using errcode = 'restrict_violation';
end $$;`)
    this.addSql(`create function check_statement_change() returns trigger language plpgsql as $$
begin
  if old.status = 'closing' then
    return new;
  end if;
  if old.plan_id is null and (to_jsonb(new) - 'plan_id') = (to_jsonb(old) - 'plan_id') then
    return new;
  end if;
  raise exception 'statement % is closed: it stays as it is', old.id using errcode = 'restrict_violation';
end $$;`)
    this.addSql(
      'create trigger payroll_deductions_change before update on payroll_deductions for each row execute function check_deduction_change();',
    )
    this.addSql(
      'create trigger statements_change before update on statements for each row execute function check_statement_change();',
    )
    for (const table of ['payroll_deductions', 'statements']) {
      this.addSql(
        `create trigger ${table}_kept before delete on ${table} for each row execute function refuse_change();`,
      )
      this.addSql(
        `create trigger ${table}_no_truncate before truncate on ${table} for each statement execute function refuse_change();`,
      )
    }
  }

  override down(): void {
    for (const table of ['payroll_deductions', 'statements']) {
      this.addSql(`drop trigger ${table}_kept on ${table};`)
      this.addSql(`drop trigger ${table}_no_truncate on ${table};`)
    }
    this.addSql('drop trigger payroll_deductions_change on payroll_deductions;')
    this.addSql('drop trigger statements_change on statements;')
    this.addSql('drop function check_deduction_change();')
    this.addSql('drop function check_statement_change();')
  }
}
