import { Migration } from '@mikro-orm/migrations'

/** What a statement lists of leases stays as it was written, and on the statement of its own client on which it was put. */
export class Migration20261127213304_lease_change_guards extends Migration {
  override name = 'Migration20261127213304_lease_change_guards'

  override up(): void {
    this.addSql(`create function check_lease_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (old.statement_id is not null
    or (to_jsonb(new) - 'statement_id') <> (to_jsonb(old) - 'statement_id')) then
    raise exception 'change % of a lease is refused a change: it is put on a statement once, and stays', old.id
      using errcode = 'restrict_violation';
  end if;
  if new.statement_id is null or exists (select from statements s where s.id = new.statement_id
    and s.status = 'closing' and s.tenant_id = new.tenant_id and s.client_id = new.client_id
    and s.currency = new.currency and new.at < s.cut_off) then
    return new;
  end if;
  raise exception 'change % of a lease does not belong on statement %', new.id, new.statement_id
    using errcode = 'restrict_violation';
end $$;`)
    this.addSql(
      'create trigger lease_changes_change before insert or update on lease_changes for each row execute function check_lease_change();',
    )
    this.addSql(
      'create trigger lease_changes_kept before delete on lease_changes for each row execute function refuse_change();',
    )
    this.addSql(
      'create trigger lease_changes_no_truncate before truncate on lease_changes for each statement execute function refuse_change();',
    )
  }

  override down(): void {
    for (const name of ['change', 'kept', 'no_truncate'])
      this.addSql(`drop trigger lease_changes_${name} on lease_changes;`)
    this.addSql('drop function check_lease_change();')
  }
}
