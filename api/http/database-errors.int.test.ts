import type { EntityManager, MikroORM } from '@mikro-orm/postgresql'
import { openDatabase } from '../../db/orm.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { type FreshDatabase, freshDatabase } from '../../test/support/servers.ts'
import { problemOf } from './errors.ts'

let database: FreshDatabase
let orm: MikroORM
beforeAll(async () => {
  database = await freshDatabase()
  orm = await openDatabase(database.urls.api, { role: 'api' })
}, 60_000)
afterAll(async () => {
  await orm?.close()
  await database?.drop()
})

/** What goes wrong in a transaction, of whose connection the process id is given. */
function failureIn(work: (em: EntityManager, pid: number) => Promise<unknown>): Promise<unknown> {
  return inTenant('acme', () =>
    orm.em.fork().transactional(async (em) => {
      const [{ pid }] = (await em.execute('select pg_backend_pid() as pid')) as [{ pid: number }]
      await work(em, pid)
    }),
  ).then(
    () => 'nothing went wrong',
    (error: unknown) => error,
  )
}

/** Ends a connection and waits until it is gone. */
async function end(pid: number): Promise<void> {
  await orm.em.fork().execute('select pg_terminate_backend(?)', [pid])
  await gone(pid)
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    const there = await orm.em.fork().execute('select 1 from pg_stat_activity where pid = ?', [pid])
    if (there.length === 0) return
  }
}

const NOTE = `insert into idempotency_keys (tenant_id) values ('acme')`
const WAYS: Record<string, (em: EntityManager, pid: number) => Promise<unknown>> = {
  'a connection that ends in the middle of a statement': (em) =>
    em.execute('select pg_terminate_backend(pg_backend_pid())'),
  'a connection that has ended between two statements': async (em, pid) => {
    await end(pid)
    await em.execute('select 1')
  },
  'a connection that has ended before the commit': (_, pid) => end(pid),
  'a transaction that stood still for too long': async (em, pid) => {
    await em.execute(`set local idle_in_transaction_session_timeout = '10ms'`)
    await gone(pid)
    await em.execute('select 1')
  },
  'a transaction that took too long': async (em) => {
    await em.execute(`set local transaction_timeout = '10ms'`)
    await em.execute('select pg_sleep(60)')
  },
  'a statement that took too long': async (em) => {
    await em.execute(`set local statement_timeout = '10ms'`)
    await em.execute('select pg_sleep(60)')
  },
  'a server that has become a standby': async (em) => {
    await em.execute('set transaction read only')
    await em.execute(NOTE)
  },
}

it.each(Object.entries(WAYS))('%s is out of reach: 503', async (_, work) => {
  const problem = problemOf(await failureIn(work))
  expect(problem).toMatchObject({ status: 503, code: 'database_unreachable' })
  expect(problem.headers['retry-after']).toBeDefined()
})

it('what is wrong with a statement itself is no outage', async () => {
  expect(problemOf(await failureIn((em) => em.execute('select 1 from nowhere')))).toMatchObject({ status: 500 })
})
