import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import type { Effect } from '../../domain/plans/effects.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { freshDatabase } from '../../test/support/servers.ts'
import { openDatabase } from '../orm.ts'
import { InvalidCursor, type Page, type PageOptions } from '../pages.ts'
import type { EventRow } from './events.ts'
import { listEscalations, listNotifications, listPlans, listReceipts, listTransactions } from './read.ts'
import { eventCursor, findEvent, listEvents } from './read-events.ts'
import { listLedger } from './read-ledger.ts'
import { timelineMaterial } from './read-timeline.ts'
import { samplePlan } from './sample.ts'
import { recordNewPlan } from './write.ts'
import { writeEffects } from './write-effects.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let orm: MikroORM
const AT = '2027-02-15T14:00:00.250Z'

beforeAll(async () => {
  database = await freshDatabase()
  orm = await openDatabase(database.url, { keys: TEST_KEYS })
})
afterAll(async () => {
  await orm.close(true)
  await database.drop()
})

const em = () => orm.em.fork()

async function record(id: string, tenant: string, customer = 'cus_1'): Promise<void> {
  const { plan, effects } = samplePlan(id, { tenant, customer })
  await recordNewPlan(em(), plan, { request: {}, workflowId: id, runId: null, effects })
}

async function write(id: string, tenant: string, effects: Effect[]): Promise<void> {
  const plan = { id, tenant, customer: 'cus_1', currency: 'USD', clock: null }
  await em().transactional((tx) => writeEffects(tx, plan, AT, effects))
}

/** Every row of a list, by pages of `limit`. */
async function all<Row>(list: (page: PageOptions) => Promise<Page<Row>>, limit: number): Promise<Row[]> {
  const rows: Row[] = []
  for (let cursor: string | null = null; ; ) {
    const page: Page<Row> = await list({ limit, cursor })
    expect(page.data.length).toBeLessThanOrEqual(limit)
    rows.push(...page.data)
    cursor = page.nextCursor
    if (!cursor) return rows
  }
}

describe('lists of plans', () => {
  const tenant = 'tenant_lists'
  beforeAll(async () => {
    // All made at the same moment: the order among them is by id.
    for (const n of [1, 2, 3, 4, 5]) await record(`pt_l${n}`, tenant, n % 2 ? 'cus_odd' : 'cus_even')
    await record('pt_foreign', 'tenant_foreign', 'cus_odd')
  })

  it('go through all of a tenant, newest first, and through nobody else', async () => {
    const ids = (await all((page) => listPlans(em(), tenant, {}, page), 2)).map(({ id }) => id)
    expect(ids).toEqual(['pt_l5', 'pt_l4', 'pt_l3', 'pt_l2', 'pt_l1'])
  })

  it('do not shift when plans are added meanwhile', async () => {
    const first = await listPlans(em(), tenant, {}, { limit: 2 })
    await record('pt_l9', tenant)
    const second = await listPlans(em(), tenant, {}, { limit: 2, cursor: first.nextCursor })
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(['pt_l5', 'pt_l4', 'pt_l3', 'pt_l2'])
  })

  it('are filtered', async () => {
    const odd = await listPlans(
      em(),
      tenant,
      { customerId: 'cus_odd', status: 'pending', kind: 'financing' },
      { limit: 9 },
    )
    expect(odd.data.map(({ id }) => id)).toEqual(['pt_l5', 'pt_l3', 'pt_l1'])
    expect((await listPlans(em(), tenant, { kind: 'lease' }, { limit: 9 })).data).toEqual([])
  })

  it.each(['', 'x', 'bnVsbA', Buffer.from('["2027-01-01T00:00:00Z"]').toString('base64url')])(
    'refuse the cursor %j, except for an empty one',
    async (cursor) => {
      const listed = listPlans(em(), tenant, {}, { limit: 2, cursor })
      if (cursor) await expect(listed).rejects.toThrow(InvalidCursor)
      else expect((await listed).data).toHaveLength(2)
    },
  )
})

describe('what belongs to a plan', () => {
  const tenant = 'tenant_parts'
  const id = 'pt_parts'
  beforeAll(async () => {
    await record(id, tenant)
    for (const n of [1, 2, 3]) {
      await write(id, tenant, [
        {
          write: 'transaction',
          id: `txn_parts_${n}_1`,
          type: 'charge',
          installment: n,
          attempt: 1,
          amount: 10_000,
          status: 'succeeded',
          gateway: 'stripe',
          reference: `pi_${n}`,
          parts: [],
          refund: null,
          of: null,
          why: {},
        },
        {
          write: 'entry',
          key: `paid_${n}`,
          description: `Paid ${n}`,
          transaction: `txn_parts_${n}_1`,
          postings: [
            { account: 'cash', amount: 10_000 },
            { account: 'receivable', amount: -10_000 },
          ],
        },
        { write: 'receipt', transaction: `txn_parts_${n}_1`, type: 'payment', amount: 10_000 },
        { write: 'event', key: `paid_${n}`, type: 'payment.completed', data: { n } },
        { write: 'notice', key: `receipt_${n}`, type: 'payment.receipt', data: {} },
        {
          write: 'escalation',
          id: `esc_parts_${n}`,
          about: n === 3 ? { refund: 1 } : { installment: n },
          reason: 'payment_declined',
          code: null,
          amount: 1,
        },
      ])
    }
  })

  it('is listed in order by pages, with amounts and moments as domain values', async () => {
    const transactions = await all((page) => listTransactions(em(), tenant, { planId: id }, page), 2)
    expect(transactions.map((t) => [t.id, t.amount, t.createdAt, t.planId])).toEqual(
      [1, 2, 3].map((n) => [`txn_parts_${n}_1`, 10_000, AT, id]),
    )
    const receipts = await all((page) => listReceipts(em(), tenant, { planId: id }, page), 1)
    expect(receipts.map((r) => [r.number, r.transactionId])).toEqual([1, 2, 3].map((n) => [n, `txn_parts_${n}_1`]))
    const ledger = await all((page) => listLedger(em(), tenant, { planId: id }, page), 2)
    expect(ledger.slice(-3)).toMatchObject(
      [1, 2, 3].map((n) => ({
        description: `Paid ${n}`,
        transactionId: `txn_parts_${n}_1`,
        postings: [
          { account: 'cash', amount: 10_000 },
          { account: 'receivable', amount: -10_000 },
        ],
      })),
    )
    const notices = await all(
      (page) => listNotifications(em(), tenant, { planId: id, type: 'payment.receipt' }, page),
      2,
    )
    expect(notices.map((n) => n.id)).toEqual([3, 2, 1].map((n) => `ntf_parts_receipt_${n}_email`))
    const escalations = await all((page) => listEscalations(em(), tenant, { status: 'open' }, page), 2)
    expect(escalations.map((e) => [e.id, e.installmentNumber, e.refundNumber])).toEqual([
      ['esc_parts_3', null, 1],
      ['esc_parts_2', 2, null],
      ['esc_parts_1', 1, null],
    ])
  })

  it("is not another tenant's", async () => {
    const page = { limit: 9 }
    const of = { planId: id }
    expect((await listTransactions(em(), 'tenant_x', of, page)).data).toEqual([])
    expect((await listReceipts(em(), 'tenant_x', of, page)).data).toEqual([])
    expect((await listLedger(em(), 'tenant_x', of, page)).data).toEqual([])
    expect((await listNotifications(em(), 'tenant_x', of, page)).data).toEqual([])
    expect((await listEscalations(em(), 'tenant_x', of, page)).data).toEqual([])
    expect((await listEvents(em(), 'tenant_x', of, page)).data).toEqual([])
    expect(await findEvent(em(), 'tenant_x', 'evt_parts_paid_1')).toBeNull()
    const material = await timelineMaterial(em(), 'tenant_x', id)
    expect(Object.values(material).every((rows) => rows.length === 0)).toBe(true)
  })

  it('makes the material of a timeline', async () => {
    const material = await timelineMaterial(em(), tenant, id)
    expect(material.installments).toHaveLength(12)
    expect(material.transactions).toHaveLength(3)
    expect(material.escalations).toHaveLength(3)
    expect(material.events.map(({ data }) => data).slice(-3)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })
})

describe('events', () => {
  const tenant = 'tenant_events'
  const event = (key: string): Effect => ({ write: 'event', key, type: 'test', data: {} })
  const read = async (cursor: string | null = null) =>
    (await listEvents(em(), tenant, { type: 'test' }, { limit: 99, cursor })).data

  /** Waits for transactions of others on this server, which hold back what is shown of a tenant. */
  async function shown(count: number, cursor: string | null = null): Promise<EventRow[]> {
    for (;;) {
      const events = await read(cursor)
      if (events.length >= count) return events
      await sleep(20)
    }
  }

  beforeAll(async () => {
    await record('pt_ev1', tenant)
    await record('pt_ev2', tenant)
  })

  it('are never missed by who reads on from the last one, whatever order transactions end in', async () => {
    await write('pt_ev1', tenant, [event('first')])
    const cursor = eventCursor((await shown(1))[0] as EventRow)
    const late = em()
    await late.begin()
    try {
      const plan = { id: 'pt_ev2', tenant, customer: 'cus_1', currency: 'USD', clock: null }
      await writeEffects(late, plan, AT, [event('late')])
      await write('pt_ev1', tenant, [event('second')])
      expect(await read(cursor)).toEqual([])
      await late.commit()
    } finally {
      if (late.isInTransaction()) await late.rollback()
    }
    expect((await shown(2, cursor)).map(({ id }) => id)).toEqual(['evt_ev2_late', 'evt_ev1_second'])
  })

  it('of one plan are shown at once, whatever others have under way', async () => {
    const other = em()
    await other.begin()
    try {
      await other.execute('select pg_current_xact_id()')
      await write('pt_ev1', tenant, [event('at_once')])
      const { data } = await listEvents(em(), tenant, { planId: 'pt_ev1', type: 'test' }, { limit: 99 })
      expect(data.at(-1)?.id).toBe('evt_ev1_at_once')
      const last = eventCursor(data.at(-2) as EventRow)
      const rest = await listEvents(em(), tenant, { planId: 'pt_ev1' }, { limit: 99, cursor: last })
      expect(rest.data.map(({ id }) => id)).toEqual(['evt_ev1_at_once'])
    } finally {
      await other.rollback()
    }
  })

  it('go on after the one the cursor names, by pages', async () => {
    await shown(4)
    const ids = (await all((page) => listEvents(em(), tenant, { type: 'test' }, page), 1)).map(({ id }) => id)
    expect(ids).toEqual(['evt_ev1_first', 'evt_ev2_late', 'evt_ev1_second', 'evt_ev1_at_once'])
  })
})

describe('with a million plans', () => {
  beforeAll(async () => {
    await record('pt_model', 'tenant_big')
    await em().execute(`
      insert into plans (id, tenant_id, kind, customer_id, status, lifecycle, currency, total_amount, discount_amount,
          start_date, end_date, workflow_id, change_sequence, state, request, created_at, updated_at)
      select 'pt_' || n, 'tenant_big', 'financing', 'cus_' || n % 50000,
          case when n % 1000 = 0 then 'past_due' else 'active' end, 'active', 'USD', 120000, 0,
          '2027-01-15', '2028-01-15', 'wf_' || n, 0, '{}', '{}', timestamptz '2027-01-01' + n * interval '1 second', now()
        from generate_series(1, 1000000) n`)
    await em().execute('analyze plans')
  }, 300_000)

  /** The nodes of PostgreSQL's own plan for the query that a list makes. */
  async function nodes(list: (em: ReturnType<typeof orm.em.fork>) => Promise<unknown>): Promise<string[]> {
    const statements: string[] = []
    const logger = orm.config.getLogger()
    const logQuery = logger.logQuery.bind(logger)
    logger.setDebugMode(['query', 'query-params'])
    logger.logQuery = ({ formatted }) => void statements.push(formatted)
    await list(em())
    logger.logQuery = logQuery
    logger.setDebugMode(false)
    expect(statements).toHaveLength(1)
    const rows = await em().execute<{ 'QUERY PLAN': string }[]>(`explain (costs off) ${statements[0]}`)
    return rows.map((row) => row['QUERY PLAN'].trim())
  }

  it.each([
    ['of one customer', { kind: 'financing', customerId: 'cus_77' }, 'plans_customer'],
    ['of one customer in a status', { customerId: 'cus_77', status: 'active' }, 'plans_customer'],
    ['in a status', { kind: 'financing', status: 'past_due' }, 'plans_status'],
    ['of one kind', { kind: 'financing' }, 'plans_kind'],
  ] as const)('walks an index for the plans %s, on the first page and on later ones', async (_, filter, index) => {
    const first = await listPlans(em(), 'tenant_big', filter, { limit: 5 })
    expect(first.data).toHaveLength(5)
    for (const cursor of [null, first.nextCursor]) {
      const explained = await nodes((fork) => listPlans(fork, 'tenant_big', filter, { limit: 5, cursor }))
      expect(explained.join('\n')).toContain(`Index Scan Backward using ${index}`)
      expect(explained.join('\n')).not.toMatch(/Seq Scan|Sort/)
      if (cursor) expect(explained.join('\n')).toMatch(/Index Cond:.*ROW\(.*created_at, .*id\)/)
    }
  })
})
