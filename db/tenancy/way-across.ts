/**
 * The SQL of a function that asks as the owner, who may ask for all tenants, and asks for no longer than its one query
 * takes: a way across tenants for the API. For migrations; released ones say this, so it does not change.
 */
export function wayAcross(signature: string, answer: string, query: string): string[] {
  const name = signature.slice(0, signature.indexOf('('))
  return [
    `create function ${signature} returns table (${answer})
language plpgsql security definer set search_path from current as $$
declare
  before text := current_setting('tenor.all_tenants', true);
begin
  perform set_config('tenor.all_tenants', 'on', true);
  return query ${query};
  perform set_config('tenor.all_tenants', coalesce(before, ''), true);
end $$;`,
    `revoke all on function ${name} from public;`,
    `grant execute on function ${name} to tenor_api, tenor_worker;`,
  ]
}
