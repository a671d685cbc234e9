import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import { startProxy, type TcpProxy } from '../../test/faults/proxy.ts'
import { type FreshDatabase, freshDatabase } from '../../test/support/servers.ts'
import { openDatabase, poolOf } from '../orm.ts'
import { inTenant } from './scope.ts'

let database: FreshDatabase
let way: TcpProxy
let orm: MikroORM
beforeAll(async () => {
  database = await freshDatabase()
  const url = new URL(database.urls.api)
  way = await startProxy(Number(url.port))
  url.port = String(way.port)
  orm = await openDatabase(url.href, { role: 'api', poolSize: 1, connectTimeoutMs: 5_000, answerWithinMs: 2_000 })
}, 60_000)
afterAll(async () => {
  await orm?.close()
  await way?.close()
  await database?.drop()
})

type Execute = (sql: string) => Promise<unknown>
const transaction = (work: (execute: Execute) => Promise<unknown>) =>
  inTenant('acme', () => orm.em.fork().transactional((em) => work((sql) => em.execute(sql))))

describe('of a pool with one connection, one that is lost in a transaction makes room for another', () => {
  const LOST: Record<string, () => Promise<unknown>> = {
    'while it begins': async () => {
      await transaction((execute) => execute('select 1'))
      way.loseAnswers(50)
      return transaction((execute) => execute('select 1'))
    },
    'in a statement': () => transaction((execute) => execute('select pg_terminate_backend(pg_backend_pid())')),
    'while the answer to a statement is on its way': () =>
      transaction(async (execute) => {
        way.loseAnswers(50)
        await execute('select 1')
      }),
    'while it commits': () =>
      transaction(async (execute) => {
        await execute('select 1')
        way.loseAnswers(50)
      }),
    'while it rolls back': () =>
      transaction(async (execute) => {
        await execute('select 1')
        way.loseAnswers(50)
        throw new Error('Something else went wrong')
      }),
  }

  it('over which nothing comes any more', async () => {
    await transaction((execute) => execute('select 1'))
    way.loseAnswers(60_000)
    await expect(transaction((execute) => execute('select 1'))).rejects.toThrow('has not answered for 2000 ms')
    way.loseAnswers(0)
    // It is cut a moment later.
    await sleep(50)
    expect(await transaction((execute) => execute('select 1 as one'))).toEqual([{ one: 1 }])
    expect(poolOf(orm)).toMatchObject({ waiting: 0, open: 1 })
  })

  it('but not one that waits longer without anything to do', async () => {
    const pid = () => transaction((execute) => execute('select pg_backend_pid() as pid'))
    const before = await pid()
    await sleep(2_500)
    expect(await pid()).toEqual(before)
  })

  it.each(Object.entries(LOST))('%s', async (_, lose) => {
    await expect(lose()).rejects.toThrow()
    expect(await transaction((execute) => execute('select 1 as one'))).toEqual([{ one: 1 }])
    expect(poolOf(orm)).toMatchObject({ waiting: 0, open: 1 })
  })

  it('and nothing is done in a transaction that could not begin, nor is it taken for committed', async () => {
    await transaction((execute) => execute('select 1'))
    way.loseAnswers(50)
    const unmoved = (execute: Execute) => execute('select 1').catch(() => 'whatever')
    await expect(transaction(unmoved)).rejects.toThrow()
  })
})
