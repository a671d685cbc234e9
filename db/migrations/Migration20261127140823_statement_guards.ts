import { Migration } from '@mikro-orm/migrations'

/** A line comes onto a statement of its own client and currency, and only while that is being closed. */
export class Migration20261127140823_statement_guards extends Migration {
  override name = 'Migration20261127140823_statement_guards'

  override up(): void {
    this.addSql(`create function check_deduction_statement() returns trigger language plpgsql as $$
begin
  if exists (select from statements s where s.id = new.statement_id and s.status = 'closing'
    and s.tenant_id = new.tenant_id and s.client_id = new.client_id and s.currency = new.currency
    and new.at < s.cut_off) then
    return new;
  end if;
  raise exception 'deduction % does not belong on statement %', new.id, new.statement_id
    using errcode = 'restrict_violation';
end $$;`)
    for (const [name, event] of [
      ['added', 'insert'],
      ['closed', 'update'],
    ]) {
      this.addSql(
        `create trigger payroll_deductions_${name} before ${event} on payroll_deductions for each row
          when (new.statement_id is not null) execute function check_deduction_statement();`,
      )
    }
  }

  override down(): void {
    for (const name of ['added', 'closed'])
      this.addSql(`drop trigger payroll_deductions_${name} on payroll_deductions;`)
    this.addSql('drop function check_deduction_statement();')
  }
}
