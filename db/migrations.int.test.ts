import pg from 'pg'
import { freshDatabase } from '../test/support/servers.ts'
import { drift } from './drift.ts'
import { migrate, migrateDown } from './migrate.ts'

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
