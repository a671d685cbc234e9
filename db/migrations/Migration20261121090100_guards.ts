import { Migration } from '@mikro-orm/migrations'

/** Rows of these are never changed and never deleted. */
const APPEND_ONLY = ['journal_entries', 'postings', 'receipts', 'events', 'audit_log']

/**
 * What the ledger promises, kept by the database itself whatever a program does: an entry has the postings it says it
 * has, they sum to 0, and what is written stays as it is.
 */
export class Migration20261121090100_guards extends Migration {
  override name = 'Migration20261121090100_guards'

  override up(): void {
    this.addSql(`create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on % is refused: it is append-only', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;`)
    // At commit, when all postings are there. Counting them refuses one that is added to an old entry.
    this.addSql(`create function check_entry_balance() returns trigger language plpgsql set search_path from current as $$
declare
  entry journal_entries%rowtype;
  found_lines int;
  total numeric;
  strangers int;
begin
  if tg_table_name = 'postings' then
    select * into entry from journal_entries where id = new.entry_id;
  else
    entry := new;
  end if;
  select count(*), coalesce(sum(amount), 0), count(*) filter (where tenant_id <> entry.tenant_id)
    into found_lines, total, strangers from postings where entry_id = entry.id;
  if found_lines <> entry.lines then
    raise exception 'journal entry % has % postings instead of %', entry.id, found_lines, entry.lines
      using errcode = 'check_violation';
  end if;
  if total <> 0 then
    raise exception 'journal entry % does not balance: its postings sum to %', entry.id, total
      using errcode = 'check_violation';
  end if;
  if strangers > 0 then
    raise exception 'journal entry % has postings of another tenant', entry.id using errcode = 'check_violation';
  end if;
  return null;
end $$;`)
    for (const table of ['journal_entries', 'postings']) {
      this.addSql(
        `create constraint trigger ${table}_balance after insert on ${table} deferrable initially deferred for each row execute function check_entry_balance();`,
      )
    }
    for (const table of APPEND_ONLY) {
      this.addSql(
        `create trigger ${table}_append_only before update or delete on ${table} for each row execute function refuse_change();`,
      )
      this.addSql(
        `create trigger ${table}_no_truncate before truncate on ${table} for each statement execute function refuse_change();`,
      )
    }
  }

  override down(): void {
    for (const table of APPEND_ONLY) {
      this.addSql(`drop trigger ${table}_append_only on ${table};`)
      this.addSql(`drop trigger ${table}_no_truncate on ${table};`)
    }
    for (const table of ['journal_entries', 'postings']) this.addSql(`drop trigger ${table}_balance on ${table};`)
    this.addSql('drop function check_entry_balance();')
    this.addSql('drop function refuse_change();')
  }
}
