import type { MikroORM } from '@mikro-orm/postgresql'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { freshDatabase } from '../../test/support/servers.ts'
import { openDatabase } from '../orm.ts'
import { samplePlan } from './sample.ts'
import { recordNewPlan } from './write.ts'
import { writeEffects } from './write-effects.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let orm: MikroORM
const AT = '2027-01-15T14:00:00Z'

beforeAll(async () => {
  database = await freshDatabase()
  orm = await openDatabase(database.url, { keys: TEST_KEYS })
  const { plan, effects } = samplePlan()
  await recordNewPlan(orm.em.fork(), plan, { request: {}, workflowId: 'wf_1', runId: null, effects })
  await charge('txn_sample_1_1', 1, 1, 'pi_1')
  await orm.em
    .fork()
    .transactional((em) =>
      writeEffects(
        em,
        { id: plan.id, tenant: plan.tenant, customer: plan.customer, currency: 'USD', clock: null },
        AT,
        [{ write: 'receipt', transaction: 'txn_sample_1_1', type: 'payment', amount: 10_000 }],
      ),
    )
  await sql(
    `insert into audit_log (tenant_id, at, actor, role, action, status) values ('tenant_a', now(), 'u', 'admin', 'x', 200)`,
  )
})
afterAll(async () => {
  await orm.close(true)
  await database.drop()
})

const sql = (...statements: string[]) =>
  orm.em.fork().transactional(async (em) => {
    for (const statement of statements) await em.execute(statement)
  })

const charge = (id: string, installment: number, attempt: number, gatewayId: string, gateway = 'stripe') =>
  sql(`insert into transactions (id, tenant_id, plan_id, type, installment_number, attempt, amount, currency, status,
      gateway, gateway_id, created_at, updated_at)
    values ('${id}', 'tenant_a', 'pt_sample', 'charge', ${installment}, ${attempt}, 10000, 'USD', 'succeeded',
      '${gateway}', '${gatewayId}', '${AT}', '${AT}')`)

const entry = (id: string, lines = 2) =>
  `insert into journal_entries (id, tenant_id, plan_id, at, description, lines)
    values ('${id}', 'tenant_a', 'pt_sample', '${AT}', 'test', ${lines})`

const posting = (id: string, line: number, amount: number, tenant = 'tenant_a') =>
  `insert into postings (entry_id, line, tenant_id, account, amount) values ('${id}', ${line}, '${tenant}', 'cash', ${amount})`

describe('the ledger', () => {
  it('takes an entry whose postings sum to 0, whatever their order', async () => {
    const written = sql(
      entry('je_good', 3),
      posting('je_good', 3, -30),
      posting('je_good', 1, 10),
      posting('je_good', 2, 20),
    )
    await expect(written).resolves.toBeUndefined()
  })

  it('refuses an entry that does not balance', async () => {
    await expect(sql(entry('je_1'), posting('je_1', 1, 100), posting('je_1', 2, -99))).rejects.toThrow(
      /does not balance/,
    )
  })

  it('refuses an entry without its postings', async () => {
    await expect(sql(entry('je_2'))).rejects.toThrow(/0 postings instead of 2/)
  })

  it('refuses an entry of one posting', async () => {
    await expect(sql(entry('je_3', 1), posting('je_3', 1, 0))).rejects.toThrow(/journal_entries_lines_check/)
  })

  it('refuses postings added to a written entry, also when they cancel out', async () => {
    await expect(sql(posting('je_good', 4, 5), posting('je_good', 5, -5))).rejects.toThrow(/5 postings instead of 3/)
  })

  it("refuses another tenant's posting", async () => {
    await expect(sql(entry('je_4'), posting('je_4', 1, 1), posting('je_4', 2, -1, 'tenant_b'))).rejects.toThrow(
      /another tenant/,
    )
  })

  it('refuses an amount that a JS number cannot hold', async () => {
    await expect(sql(posting('je_good', 9, Number.MAX_SAFE_INTEGER + 1))).rejects.toThrow(/postings_amount_check/)
  })
})

describe.each([
  ['journal_entries', 'description'],
  ['postings', 'account'],
  ['receipts', 'currency'],
  ['events', 'type'],
  ['audit_log', 'action'],
])('%s', (table, column) => {
  it('is append-only', async () => {
    const [row] = await orm.em.fork().execute<{ n: string }[]>(`select count(*) as n from ${table}`)
    expect(Number(row?.n)).toBeGreaterThan(0)
    await expect(sql(`update ${table} set ${column} = ${column}`)).rejects.toThrow(/append-only/)
    await expect(sql(`delete from ${table}`)).rejects.toThrow(/append-only/)
    await expect(sql(`truncate ${table} cascade`)).rejects.toThrow(/append-only/)
  })
})

describe('once-only facts', () => {
  it('has one transaction for an attempt', async () => {
    await expect(charge('txn_other', 1, 1, 'pi_2')).rejects.toThrow(/transactions_attempt/)
    await charge('txn_sample_1_2', 1, 2, 'pi_2')
  })

  it("has one transaction for a gateway's payment", async () => {
    await expect(charge('txn_sample_2_1', 2, 1, 'pi_1')).rejects.toThrow(/transactions_gateway/)
  })

  it('lets two payments outside the gateway have the same reference', async () => {
    await charge('txn_sample_3_external', 3, 1, 'cheque 7', 'external')
    await expect(charge('txn_sample_4_external', 4, 1, 'cheque 7', 'external')).resolves.toBeUndefined()
  })

  it('has one receipt for a transaction', async () => {
    await expect(
      sql(`insert into receipts (id, tenant_id, plan_id, transaction_id, number, type, amount, currency, issued_at)
        values ('rcp_x', 'tenant_a', 'pt_sample', 'txn_sample_1_1', 99, 'payment', 1, 'USD', now())`),
    ).rejects.toThrow(/receipts_transaction/)
  })

  it('has one workflow for a plan', async () => {
    const { plan } = samplePlan('pt_other')
    await expect(
      recordNewPlan(orm.em.fork(), plan, { request: {}, workflowId: 'wf_1', runId: null, effects: [] }),
    ).rejects.toThrow(/plans_workflow/)
  })

  it('has one open escalation for an instalment', async () => {
    const open = (id: string) =>
      sql(`insert into escalations (id, tenant_id, plan_id, customer_id, installment_number, reason, amount, currency,
          status, opened_at, version)
        values ('${id}', 'tenant_a', 'pt_sample', 'cus_1', 5, 'insufficient_funds', 1, 'USD', 'open', now(), 1)`)
    await open('esc_1')
    await expect(open('esc_2')).rejects.toThrow(/escalations_open_installment/)
  })

  it("takes a gateway's message once", async () => {
    const insert = `insert into webhook_inbox (gateway, id, type, hints, received_at) values ('stripe', 'evt_1', 't', '{}', now())`
    await sql(insert)
    await expect(sql(insert)).rejects.toThrow(/webhook_inbox_pkey/)
  })

  it('takes an idempotency key once for each caller and route', async () => {
    const insert = (caller: string) =>
      sql(`insert into idempotency_keys (tenant_id, caller, route, key, request_hash, state, created_at, expires_at)
        values ('tenant_a', '${caller}', 'POST /payment_terms', 'k', 'h', 'in_progress', now(), now())`)
    await insert('a')
    await insert('b')
    await expect(insert('a')).rejects.toThrow(/idempotency_keys_pkey/)
  })
})

it('refuses an instalment that is paid beyond its amount', async () => {
  await expect(sql(`update installments set paid_amount = amount + 1`)).rejects.toThrow(/installments_paid_check/)
})
