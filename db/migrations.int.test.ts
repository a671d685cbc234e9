import pg from 'pg'
import { TEST_KEYS } from '../test/support/keys.ts'
import { freshDatabase } from '../test/support/servers.ts'
import { findCustomer, findCustomersBy } from './customers/people.ts'
import { drift } from './drift.ts'
import { IdempotencyKeys } from './identity/idempotency-keys.ts'
import { isSameRequest, keptAnswer } from './identity/kept-answers.ts'
import { migrate, migrateDown } from './migrate.ts'
import { openDatabase } from './orm.ts'
import { Plans } from './plans/plans.ts'
import { requestOf } from './plans/requests.ts'
import { WebhookEndpoints } from './webhooks/endpoints.ts'
import { validSecrets } from './webhooks/secrets.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>

beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Tables, columns, constraints, indexes, triggers and functions, in words. */
async function schema(): Promise<unknown[]> {
  return query(`
    select 'column' as what, table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable as it
      from information_schema.columns where table_schema = 'public' and table_name not like 'mikro_orm%'
    union all select 'constraint', conrelid::regclass || ': ' || conname || ' ' || pg_get_constraintdef(oid)
      from pg_constraint where connamespace = 'public'::regnamespace and conrelid::regclass::text not like 'mikro_orm%'
    union all select 'index', indexdef from pg_indexes where schemaname = 'public' and tablename not like 'mikro_orm%'
    union all select 'trigger', pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all select 'function', pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
    order by 1, 2`)
}

it('migrates down to an empty database and up again to the same schema', async () => {
  const before = await schema()
  expect(before.length).toBeGreaterThan(200)

  await migrateDown(database.url, 'all')
  expect(await schema()).toEqual([])

  await migrate(database.url)
  expect(await schema()).toEqual(before)
})

it('takes back one migration at a time', async () => {
  const [undone, ...others] = await migrateDown(database.url)
  expect(others).toEqual([])
  expect(await migrate(database.url)).toEqual([undone])
})

it('lets copies that start together migrate one after the other', async () => {
  await migrateDown(database.url, 'all')
  const done = await Promise.all([1, 2, 3].map(() => migrate(database.url)))
  expect(done.filter((names) => names.length > 0)).toHaveLength(1)
})

it('has migrations that say what the entities say', async () => {
  expect(await drift(database.url)).toBe('')
})

const BEFORE_KEYS = 'Migration20261121101728_webhook_endpoints'

it('encrypts what was there before personal data were', async () => {
  await migrateDown(database.url, BEFORE_KEYS)
  const now = '2027-01-15T12:00:00Z'
  await query(`insert into customers (tenant_id, id, name, email, phone, default_payment_method, created_at, updated_at)
    select 'acme', 'c' || n, 'Amara', 'Amara' || n || '@example.com', case n when 1 then '+1 416 555' end,
      '{"id":"pm_1","type":"card","label":"Visa 4242"}', '${now}', '${now}' from generate_series(1, 2345) n`)
  await query(`insert into plans (id, tenant_id, kind, customer_id, status, lifecycle, currency, total_amount,
      discount_amount, start_date, end_date, workflow_id, change_sequence, state, request, created_at, updated_at)
    values ('pt_1', 'acme', 'financing', 'c1', 'active', 'active', 'USD', 1, 0, '2027-01-15', '2028-01-15', 'w', 0,
      '{}', '{"metadata":{"policy":"Amara"}}', '${now}', '${now}')`)
  await query(`insert into idempotency_keys (tenant_id, caller, route, key, request_hash, state, status, headers, body,
      created_at, expires_at)
    values ('acme', 'me', 'POST /x', 'k', 'hash', 'done', 201, '{}', to_jsonb('{"name":"Amara"}'::text), '${now}', '${now}')`)
  await query(`insert into webhook_endpoints (id, tenant_id, url, secrets, created_at)
    values ('whe_1', 'acme', 'https://x', '[{"secret":"whsec_Amara","validUntil":null}]', '${now}')`)

  await expect(migrate(database.url)).rejects.toThrow('opened without keys')
  await migrate(database.url, TEST_KEYS)

  const tables = ['customers', 'plans', 'idempotency_keys', 'webhook_endpoints']
  const stored = await Promise.all(tables.map((table) => query(`select * from ${table}`)))
  // None of these can be in base64 by chance.
  expect(JSON.stringify(stored).match(/[^:]@|Visa 4242|416 555|whsec_A|Amara"/)).toBeNull()
  const orm = await openDatabase(database.url, { keys: TEST_KEYS })
  const em = orm.em.fork()
  const person = { name: 'Amara', email: 'Amara1@example.com', phone: '+1 416 555' }
  expect(await findCustomer(em, { tenantId: 'acme', id: 'c1' })).toMatchObject({
    ...person,
    defaultPaymentMethod: { id: 'pm_1', type: 'card', label: 'Visa 4242' },
  })
  expect(await findCustomersBy(em, 'acme', 'email', 'amara2345@example.com')).toMatchObject([{ id: 'c2345' }])
  expect(await findCustomersBy(em, 'acme', 'phone', '+1416-555')).toMatchObject([person])
  expect(requestOf(orm, await em.findOneOrFail(Plans, { id: 'pt_1' }))).toEqual({ metadata: { policy: 'Amara' } })
  const kept = await em.findOneOrFail(IdempotencyKeys, { key: 'k' })
  expect(kept.body && keptAnswer(orm, kept, kept.body)).toBe('{"name":"Amara"}')
  expect(isSameRequest(orm, 'hash', kept.requestHash)).toBe(true)
  const endpoint = await em.findOneOrFail(WebhookEndpoints, { id: 'whe_1' })
  expect(validSecrets(endpoint.secrets, new Date(), { id: 'whe_1', keys: TEST_KEYS })).toEqual(['whsec_Amara'])
  await orm.close()
  await expect(migrateDown(database.url, BEFORE_KEYS)).rejects.toThrow('restore a backup')
})

it("carries tenant_id in every table of a tenant's data", async () => {
  const without = await query(`
    select t.table_name as name from information_schema.tables t
     where t.table_schema = 'public' and not exists (
       select from information_schema.columns c
        where c.table_schema = 'public' and c.table_name = t.table_name
          and c.column_name = 'tenant_id' and c.is_nullable = 'NO')
     order by 1`)
  expect(without.map(({ name }) => name)).toEqual(['mikro_orm_migrations', 'webhook_inbox'])
})
