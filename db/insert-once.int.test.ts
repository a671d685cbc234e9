import type { EntityManager, MikroORM } from '@mikro-orm/postgresql'
import { type FreshDatabase, freshDatabase } from '../test/support/servers.ts'
import { insertAllOnce, insertOnce, rowsOf } from './insert-once.ts'
import { openDatabase } from './orm.ts'
import { Events } from './plans/events.ts'
import { TestClocks } from './plans/test-clocks.ts'
import { inTenant } from './tenancy/scope.ts'

let database: FreshDatabase
let owner: MikroORM
let orm: MikroORM
beforeAll(async () => {
  database = await freshDatabase()
  owner = await openDatabase(database.url)
  orm = await openDatabase(database.urls.worker, { role: 'worker', poolSize: 1 })
})
afterAll(async () => {
  await orm?.close()
  await owner?.close()
  await database?.drop()
})

const AT = '2027-01-15T09:00:00Z'
const event = (id: string, data: Record<string, unknown> = {}) => ({
  ...{ id, tenantId: 'a', planId: null, type: 'plan.created', data, occurredAt: AT },
})
const transactional = <T>(work: (em: EntityManager) => Promise<T>) =>
  inTenant('a', () => orm.em.fork().transactional(work))
const stored = () => inTenant('a', () => orm.em.fork().findAll(Events, { orderBy: { position: 'asc' } }))

it('rows that are there stay as they are, and the others come in their order', async () => {
  const data = { amount: 9_007_199_254_740_991, note: `it's "so" \\ and é`, none: null }
  expect(await transactional((em) => insertOnce(em, Events, [event('1', data)]))).toBe(1)
  const more = [event('3'), event('1', { other: true }), event('2')]
  expect(await transactional((em) => insertOnce(em, Events, more))).toBe(2)
  expect(await transactional((em) => insertOnce(em, Events, []))).toBe(0)
  const rows = await stored()
  expect(rows.map(({ id }) => id)).toEqual(['1', '3', '2'])
  expect(rows[0]).toMatchObject({ data, planId: null, occurredAt: AT })
})

it('a table that gets another column is still written to by the connections that knew it before', async () => {
  const both = (id: string) =>
    transactional((em) =>
      insertAllOnce(em, [
        rowsOf(em, Events, [event(id)]),
        rowsOf(em, TestClocks, [{ id, tenantId: 'a', status: 'ready', now: AT, createdAt: AT, updatedAt: AT }]),
      ]),
    )
  await both('before-1')
  await both('before-2')
  await owner.em.fork().execute('alter table events add column more text')
  await both('after')
  expect((await stored()).map(({ id }) => id)).toEqual(expect.arrayContaining(['before-1', 'before-2', 'after']))
  const clocks = await inTenant('a', () => orm.em.fork().count(TestClocks))
  expect(clocks).toBe(3)
})
