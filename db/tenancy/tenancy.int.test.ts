import type { EntityManager, MikroORM } from '@mikro-orm/postgresql'
import pg from 'pg'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { type FreshDatabase, freshDatabase } from '../../test/support/servers.ts'
import { openDatabase } from '../orm.ts'
import { Installments } from '../plans/installments.ts'
import { JournalEntries, Postings } from '../plans/ledger.ts'
import { Plans } from '../plans/plans.ts'
import { samplePlan } from '../plans/sample.ts'
import { recordNewPlan } from '../plans/write.ts'
import { gapsInFence } from './fence.ts'
import { acrossTenants, inTenant, withoutTenant } from './scope.ts'
import { isCustomerOfAnother, tenantsOfPayments } from './ways.ts'

let database: FreshDatabase
let api: MikroORM
let worker: MikroORM
beforeAll(async () => {
  database = await freshDatabase()
  const options = { keys: TEST_KEYS, poolSize: 2 }
  api = await openDatabase(database.urls.api, { role: 'api', ...options })
  worker = await openDatabase(database.urls.worker, { role: 'worker', ...options })
  for (const tenant of ['a', 'b']) {
    const { plan, effects } = samplePlan(`pt_${tenant}`, { tenant, customer: 'cus_1' })
    const made = { request: {}, workflowId: `w-${tenant}`, runId: null, effects }
    await inTenant(tenant, () => recordNewPlan(worker.em.fork(), plan, made))
  }
})
afterAll(async () => {
  await api?.close()
  await worker?.close()
  await database?.drop()
})

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** SQL as somebody sends it who has forgotten all else, over a connection with the API's login. */
const raw = <T>(tenant: string | null, work: (client: pg.Client) => Promise<T>): Promise<T> =>
  connected(database.urls.api, async (client) => {
    await client.query('begin')
    if (tenant !== null) await client.query(`select set_config('tenor.tenant', $1, true)`, [tenant])
    return work(client)
  })

const fenced = () =>
  connected(database.urls.api, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select table_name as name from information_schema.columns
        where table_schema = 'public' and column_name = 'tenant_id' order by 1`,
    )
    return rows.map(({ name }) => name)
  })

describe("with the API's role", () => {
  it.each([
    ['nothing is set', null],
    ['it is set to nothing', ''],
  ])('there is no row while %s, and none can be written', async (_, tenant) => {
    const tables = await fenced()
    expect(tables.length).toBeGreaterThan(15)
    for (const table of tables) {
      expect(await raw(tenant, (c) => c.query(`select from ${table}`))).toMatchObject({ rowCount: 0 })
    }
    const row = `insert into test_clocks (id, tenant_id, status, now, created_at, updated_at)
      values ('clk', $1, 'ready', now(), now(), now())`
    for (const given of ['', 'a']) {
      await expect(raw(tenant, (c) => c.query(row, [given]))).rejects.toThrow('row-level security')
    }
  })

  it("another tenant's rows cannot be read, counted, changed, moved or deleted", async () => {
    await raw('a', async (client) => {
      const count = async (sql: string) => (await client.query(sql)).rowCount
      expect((await client.query('select tenant_id from plans')).rows).toEqual([{ tenant_id: 'a' }])
      expect((await client.query('select count(*)::int as n from installments')).rows).toEqual([{ n: 12 }])
      expect(await count(`select from plans where id = 'pt_b' for update`)).toBe(0)
      expect(await count(`update plans set status = 'canceled' where id = 'pt_b'`)).toBe(0)
      expect(await count(`delete from installments where plan_id = 'pt_b'`)).toBe(0)
      expect(await count(`select from events e join plans p on p.id = e.plan_id where p.tenant_id <> 'a'`)).toBe(0)
    })
    for (const change of [
      `update plans set tenant_id = 'b' where id = 'pt_a'`,
      `insert into test_clocks (id, tenant_id, status, now, created_at, updated_at)
        values ('clk', 'b', 'ready', now(), now(), now())`,
    ]) {
      await expect(raw('a', (client) => client.query(change))).rejects.toThrow('row-level security')
    }
  })

  it('asking for all tenants changes nothing, and no other role can be taken', async () => {
    await raw(null, async (client) => {
      await client.query(`set local tenor.all_tenants = 'on'`)
      expect((await client.query('select from plans')).rowCount).toBe(0)
    })
    for (const attempt of ['set role tenor_worker', 'set role tenor', 'alter table plans disable row level security']) {
      await expect(raw('a', (client) => client.query(attempt))).rejects.toThrow(/permission denied|must be owner/)
    }
    await raw('a', async (client) => {
      await client.query('set local row_security = off')
      await expect(client.query('select from plans')).rejects.toThrow('would be affected by row-level security')
    })
  })

  it('the ways across answer their one question, and leave no door open behind them', async () => {
    await inTenant('a', () =>
      api.em.fork().transactional(async (em) => {
        expect(await isCustomerOfAnother(em, 'a', 'cus_nobody')).toBe(false)
        expect(await tenantsOfPayments(em, 'stripe', ['pi_none'])).toEqual([])
        expect(await em.execute('select tenant_id from plans')).toEqual([{ tenant_id: 'a' }])
      }),
    )
  })
})

describe('whose rows a statement is about', () => {
  const tenants = async (em: EntityManager) =>
    (await em.findAll(Plans, { orderBy: { id: 'asc' } })).map(({ tenantId }) => tenantId)

  it('has to be said', async () => {
    await expect(tenants(api.em.fork())).rejects.toThrow('Nobody has said for which tenant')
    await expect(api.em.fork().transactional((em) => em.count(Plans))).rejects.toThrow('Nobody has said')
    expect(await withoutTenant(() => tenants(api.em.fork()))).toEqual([])
    expect(() => inTenant('', () => 0)).toThrow('A tenant has a name')
  })

  it("is one tenant's, though nothing in the query says so", async () => {
    expect(await inTenant('a', () => tenants(api.em.fork()))).toEqual(['a'])
    expect(await inTenant("a' or 'b", () => tenants(api.em.fork()))).toEqual([])
    expect(await inTenant('b', () => api.em.fork().nativeUpdate(Plans, {}, { runId: 'run' }))).toBe(1)
    expect(await inTenant('b', () => api.em.fork().execute('select distinct tenant_id from postings'))).toEqual([
      { tenant_id: 'b' },
    ])
    expect(await inTenant('a', () => api.em.fork().findOne(Plans, { id: 'pt_b' }))).toBeNull()
  })

  it("is everybody's for the worker's role where it asks for it, and only there", async () => {
    expect(await acrossTenants(() => tenants(worker.em.fork()))).toEqual(['a', 'b'])
    expect(await acrossTenants(() => tenants(api.em.fork()))).toEqual([])
    expect(await inTenant('a', () => tenants(worker.em.fork()))).toEqual(['a'])
    expect(await acrossTenants(() => inTenant('b', () => tenants(worker.em.fork())))).toEqual(['b'])
  })

  it('holds where the ORM populates what rows point to', async () => {
    const em = api.em.fork()
    const found = await inTenant('a', () => em.find(Installments, {}, { populate: ['planId'], orderBy: { number: 1 } }))
    expect(found.map((row) => row.planId)).toEqual(Array(12).fill('pt_a'))
    const crossed = 'select distinct p.tenant_id from installments i cross join plans p'
    expect(await inTenant('a', () => api.em.fork().execute(crossed))).toEqual([{ tenant_id: 'a' }])
    const entries = await inTenant('a', () => api.em.fork().findAll(JournalEntries))
    const postings = await inTenant('b', () =>
      api.em.fork().find(Postings, { entryId: { $in: entries.map(({ id }) => id) } }),
    )
    expect([entries.length > 0, postings]).toEqual([true, []])
  })

  it('cannot change within a transaction', async () => {
    const mixed = inTenant('a', () => api.em.fork().transactional((em) => inTenant('b', () => em.count(Plans))))
    await expect(mixed).rejects.toThrow('A transaction for tenant a is used for tenant b')
    expect(await inTenant('b', () => tenants(api.em.fork()))).toEqual(['b'])
  })

  it('does not stay on the connection after a commit, a rollback or an error', async () => {
    const pool = await api.em.getConnection().getNativeClient()
    const left = async () => {
      const clients = await Promise.all([pool.connect(), pool.connect()])
      const settings = await Promise.all(
        clients.map((client) =>
          (client as unknown as { plain(sql: string): Promise<pg.QueryResult> }).plain(
            `select concat(current_setting('tenor.tenant', true), current_setting('tenor.all_tenants', true)) as is`,
          ),
        ),
      )
      for (const client of clients) client.release()
      return settings.map(({ rows }) => rows[0].is)
    }
    const begun = (end: () => void) =>
      inTenant('a', () =>
        api.em.fork().transactional(async (em) => {
          expect(await em.count(Plans)).toBe(1)
          end()
        }),
      )
    await begun(() => {})
    expect(await left()).toEqual(['', ''])
    await expect(
      begun(() => {
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    await expect(inTenant('a', () => api.em.fork().execute('select 1 / 0'))).rejects.toThrow('division by zero')
    await expect(inTenant('a', () => api.em.fork().execute('select from nowhere'))).rejects.toThrow('nowhere')
    const inside = inTenant('a', () => api.em.fork().transactional((em) => em.execute('select 1 / 0')))
    await expect(inside).rejects.toThrow('division by zero')
    expect(await left()).toEqual(['', ''])
  })

  it('is told with the first statement of a transaction, whatever becomes of it', async () => {
    const orm = await openDatabase(database.urls.worker, { role: 'worker', keys: TEST_KEYS, poolSize: 1 })
    const within = (work: (em: EntityManager) => Promise<unknown>) =>
      inTenant('a', () => orm.em.fork().transactional(work))
    const status = (em: EntityManager, value: string) => em.execute(`update plans set status = '${value}'`)
    // The first time prepares what goes before; the others go with it.
    for (const time of [1, 2, 3]) {
      await within(async (em) => expect(await tenants(em)).toEqual(['a']))
      await within(async () => {})
      await expect(within((em) => status(em, 'unheard of'))).rejects.toThrow('plans_status_check')
      const undone = within(async (em) => {
        await status(em, 'canceled')
        await em.execute('select from nowhere')
      })
      await expect(undone).rejects.toThrow('nowhere')
      await within((em) => em.transactional((inner) => inner.execute(`update plans set run_id = 'run ${time}'`)))
      const rows = await acrossTenants(() => orm.em.fork().execute('select id, status, run_id from plans order by id'))
      expect(rows).toMatchObject([
        { id: 'pt_a', status: 'pending', run_id: `run ${time}` },
        { id: 'pt_b', status: 'pending', run_id: 'run' },
      ])
    }
    await orm.close()
  })

  it('is told apart when many ask at the same time on few connections', async () => {
    const asked = Array.from({ length: 60 }, (_, k) => (k % 2 === 0 ? 'a' : 'b'))
    const answers = await Promise.all(
      asked.map((tenant, k) =>
        inTenant(tenant, () => (k % 3 === 0 ? tenants(api.em.fork()) : api.em.fork().transactional(tenants))),
      ),
    )
    expect(answers).toEqual(asked.map((tenant) => [tenant]))
  })
})

describe('a login', () => {
  const open = (url: string, role: 'api' | 'worker') => openDatabase(url, { role, keys: TEST_KEYS })

  it('that the fence would not bind is refused', async () => {
    const superuser = database.urls.owner.replace(/\/\/tenor:/, '//postgres:')
    await expect(open(superuser, 'worker')).rejects.toThrow('postgres is a superuser, has BYPASSRLS, owns the tables')
    await expect(open(database.urls.owner, 'worker')).rejects.toThrow('tenor owns the tables')
    await expect(open(database.urls.worker, 'api')).rejects.toThrow('tenor_worker may ask for all tenants')
  })

  it('is looked at by every connection, also when the database was away at the start', async () => {
    const orm = await open('postgres://tenor:tenor@127.0.0.1:1/none', 'api')
    await orm.close()
    const pool = await api.em.getConnection().getNativeClient()
    const late = new pg.Pool({ ...pool.options, connectionString: database.urls.owner })
    await expect(late.connect()).rejects.toThrow('owns the tables')
    await late.end()
  })
})

describe('the fence', () => {
  const gaps = (sql: string) =>
    connected(database.url, async (client) => {
      await client.query('begin')
      await client.query(sql)
      return gapsInFence(client)
    })

  it('has no gap, and each that is made is found', async () => {
    expect(await gaps('select 1')).toEqual([])
    expect(await gaps('create table leads (id text, tenant_id text not null)')).toEqual([
      'leads is not under row-level security: spread ...ofTenant into its entity',
    ])
    expect(await gaps('create table leads (id text)')).toHaveLength(1)
    expect(await gaps('alter table plans no force row level security')).toHaveLength(1)
    expect(await gaps('drop policy tenant on plans')).toHaveLength(1)
    expect(await gaps('create policy more on plans using (true)')).toHaveLength(1)
    expect(await gaps('create function peek() returns int language sql security definer return 1')).toEqual([
      'function peek runs as the owner and is not named in db/tenancy/ways.ts',
    ])
  })

  it("keeps a customer's plans on their index", async () => {
    await connected(database.urls.api, async (client) => {
      await client.query('begin')
      await client.query(`set local tenor.tenant = 'a'; set local enable_seqscan = off`)
      const { rows } = await client.query(
        `explain select * from plans where tenant_id = 'a' and customer_id = 'cus_1'
          order by created_at desc, id desc limit 20`,
      )
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).toMatch(/Index Scan Backward using plans_customer/)
      expect(plan).not.toMatch(/Sort|Seq Scan/)
    })
  })
})
