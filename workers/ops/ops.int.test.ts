import { spawnSync } from 'node:child_process'
import { type ApiWorld, startApiWorld } from '../../test/support/api-world.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { addClient, addDeductions, addLeases } from '../../test/support/leasing.ts'
import { planWorkflowId } from '../../workflows/plans/messages.ts'
import { resetCommand, signalCommand } from './batch.ts'
import { type Ops, UsageError } from './connect.ts'
import { issuerCommand } from './issuers.ts'
import { proveCommand } from './prove.ts'
import { replayOpenCommand } from './replay-open.ts'
import { resendCommand } from './resend.ts'
import { stuckCommand } from './stuck.ts'
import { webhookCommand } from './webhook.ts'

let world: ApiWorld
let said: string[] = []
let ops: Ops
beforeAll(async () => {
  world = await startApiWorld()
  const { workerOrm: orm, deps } = world
  const { temporal, payments, config } = deps
  const say = (line: string) => said.push(line)
  ops = {
    orm,
    keys: TEST_KEYS,
    temporal,
    payments,
    namespace: 'default',
    taskQueue: config.taskQueue,
    say,
    close: async () => {},
  }
}, 120_000)
afterAll(async () => world?.close())
beforeEach(() => {
  said = []
})

let count = 0
/** A term of which the first instalment has been paid. */
async function paidOnce(): Promise<{ id: string; clock: string; workflow: string }> {
  count += 1
  const customer_id = `ops-${count}`
  const named = { customer_id, name: 'Amara Okafor', email: 'amara@example.com', payment_method: 'pm_card_visa' }
  await world.ask('POST', '/customers', { body: named })
  const made = await world.ask('POST', '/test_clocks', { body: { frozen_time: '2027-01-15T10:00:00Z' } })
  const clock = made.body.test_clock_id
  const term = { total_amount: 120_000, start_date: '2027-01-15', term_duration: 12, billing_day: 15 }
  const plan = await world.ask('POST', '/payment_terms', { body: { ...term, customer_id, test_clock: clock } })
  const id = plan.body.payment_terms_id
  const isPaid = async () => (await world.ask('GET', `/payment_terms/${id}`)).body.paid_amount === 10_000
  while (!(await isPaid())) await new Promise((done) => setTimeout(done, 50))
  return { id, clock, workflow: planWorkflowId({ id, kind: 'financing' }) }
}

const sql = (text: string, values: unknown[] = []) => world.orm.em.fork().execute(text, values)

describe('prove', () => {
  it('says what differs, mends what is only read, and then finds nothing', async () => {
    const { id } = await paidOnce()
    await sql(`update notifications set status = 'sent', next_attempt_at = null where plan_id = ?`, [id])
    expect(await proveCommand(ops, { plan: id })).toBe(0)
    expect(said).toEqual([`${id}: ok`, '1 proven, 0 with something in flight, 0 not readable, 0 different'])

    said = []
    await sql('update plans set outstanding_amount = 1 where id = ?', [id])
    expect(await proveCommand(ops, { all: true })).toBe(1)
    expect(said.join('\n')).toContain('The plan is shown with outstanding 1; it is 110000. (--mend mends this)')

    said = []
    expect(await proveCommand(ops, { plan: id, mend: true })).toBe(0)
    expect(said.at(-1)).toContain('0 different, 1 mended')
  })

  it('wants to know which', async () => {
    await expect(proveCommand(ops, {})).rejects.toThrow(UsageError)
    await expect(proveCommand(ops, { plan: 'pt_nobody' })).rejects.toThrow('There is no plan pt_nobody.')
  })
})

describe('stuck', () => {
  it('finds nothing where all goes on', async () => {
    await paidOnce()
    expect(await stuckCommand(ops, { minutes: 10 })).toBe(0)
    expect(said).toEqual(['Nothing is stuck.'])
  })

  it('finds a late plan, and letters, webhooks and events that nobody could do anything with', async () => {
    const { id, clock } = await paidOnce()
    await sql(`update test_clocks set now = '2027-02-17T00:00:00Z' where id = ?`, [clock])
    await sql(
      `update notifications set status = 'failed', last_error = 'no such mailbox', next_attempt_at = null
      where id = (select id from notifications where plan_id = ? limit 1)`,
      [id],
    )
    await sql(`insert into webhook_inbox (gateway, id, type, hints, received_at, attempts, last_error)
      values ('stripe', 'evt_1', 'payment_intent.succeeded', '{}', now(), 30, 'no transaction')`)
    const made = await world.ask('POST', '/webhook_endpoints', { body: { url: 'https://8.8.8.8/gone' } })
    const endpoint = made.body.webhook_endpoint_id
    await sql(
      `insert into webhook_deliveries (id, tenant_id, endpoint_id, event_id, event_type, status, attempts, last_error, created_at)
        select 'whd_' || id, tenant_id, ?, id, type, 'held', 90, 'Answered 410', now() from events where plan_id = ? limit 2`,
      [endpoint, id],
    )
    expect(await stuckCommand(ops, { minutes: 10 })).toBe(1)
    expect(said).toHaveLength(5)
    expect(said[0]).toContain(`late plan  ${id}  should have been charged at 2027-02-15`)
    expect(said[1]).toContain('failed after 0 tries: no such mailbox')
    expect(said[2]).toMatch(/held webhook {2}evt_1 {2}payment_intent.succeeded of .*: no transaction/)
    expect(said[3]).toMatch(new RegExp(`^held events {2}${endpoint} {2}2 since .*: Answered 410$`))
    await sql('delete from webhook_inbox')
    await world.ask('DELETE', `/webhook_endpoints/${endpoint}`)
    await sql(`update test_clocks set now = '2027-01-15T10:00:00Z' where id = ?`, [clock])
    await sql(`update notifications set status = 'sent' where plan_id = ?`, [id])
  })

  it('finds an order that should be on its way and of which nobody was reminded', async () => {
    await addLeases(world.orm.em.fork(), { client: 'cli_ops', count: 2 })
    await sql(`update plans set lifecycle = 'init', state = state || '{"lease": {"order": {"overdue": "no"}}}'
      where id like 'ls_cli_ops_%'`)
    await sql(
      `update leases set dispatch_by = case plan_id when 'ls_cli_ops_1' then current_date - 4 else current_date end`,
    )
    expect(await stuckCommand(ops, { minutes: 10 })).toBe(1)
    expect(said).toEqual([expect.stringMatching(/^forgotten order {2}ls_cli_ops_1 {2}should have been/), '1 found.'])
    said = []
    await sql(
      `update plans set state = jsonb_set(state, '{lease,order,overdue}', '"reminded"') where id = 'ls_cli_ops_1'`,
    )
    expect(await stuckCommand(ops, { minutes: 10 })).toBe(0)
    await sql(`delete from leases where plan_id like 'ls_cli_ops_%'`)
    await sql(`delete from plans where id like 'ls_cli_ops_%'`)
  })

  it('finds deductions that wait for longer than a period, even if there never was a statement', async () => {
    const [em, client] = [world.orm.em.fork(), 'cli_unbilled']
    await addClient(em, { id: client })
    await addLeases(em, { client, count: 1 })
    const at = new Date(Date.now() - 40 * 86_400_000).toISOString()
    await addDeductions(em, { prefix: client, count: 1, number: 1, amount: 10_000, at })
    expect(await stuckCommand(ops, { minutes: 10 })).toBe(1)
    expect(said).toEqual([expect.stringContaining(`unbilled deductions  ${client}  1 lines wait`), '1 found.'])
    said = []
    await sql(`update clients set statement = statement || '{"period": "quarterly"}' where id = ?`, [client])
    expect(await stuckCommand(ops, { minutes: 10 })).toBe(0)
  })
})

it('resend queues a letter again, with its old Message-ID', async () => {
  const { id } = await paidOnce()
  await sql(`update notifications set status = 'failed', next_attempt_at = null where plan_id = ?`, [id])
  const [letter] = (await sql('select id from notifications where plan_id = ? order by id limit 1', [id])) as {
    id: string
  }[]
  expect(await resendCommand(ops, letter?.id)).toBe(0)
  const rows = await sql(`select id from notifications where plan_id = ? and status = 'queued'`, [id])
  expect(rows).toEqual([letter])
  await expect(resendCommand(ops, 'ntf_nobody')).rejects.toThrow(UsageError)
})

it('a held webhook is tried again, or dealt with and no longer listed', async () => {
  await sql(`insert into webhook_inbox (gateway, id, type, hints, received_at, attempts, last_error)
    values ('stripe', 'evt_held', 'charge.dispute.created', '{}', now(), 3, 'the plan is over')`)
  const row = async () => (await sql(`select * from webhook_inbox where id = 'evt_held'`))[0]
  await stuckCommand(ops, { minutes: 10 })
  expect(said.join()).toContain('evt_held')
  await expect(webhookCommand(ops, { id: 'evt_held' })).rejects.toThrow('--again or --done')
  await expect(webhookCommand(ops, { id: 'evt_held', done: true })).rejects.toThrow('--reason')
  expect(await webhookCommand(ops, { id: 'evt_held', again: true })).toBe(0)
  expect(await row()).toMatchObject({ attempts: 0, next_attempt_at: expect.anything(), processed_at: null })
  await expect(webhookCommand(ops, { id: 'evt_held', done: true, reason: 'x' })).rejects.toThrow('No webhook evt_held')

  await sql(`update webhook_inbox set next_attempt_at = null where id = 'evt_held'`)
  expect(await webhookCommand(ops, { id: 'evt_held', done: true, reason: 'written to the customer' })).toBe(0)
  expect(await row()).toMatchObject({
    processed_at: expect.anything(),
    last_error: 'dealt with by hand: written to the customer',
  })
  said = []
  await stuckCommand(ops, { minutes: 10 })
  expect(said.join()).not.toContain('evt_held')
})

it("issuer adds a tenant's own OIDC issuer, to one tenant only, and takes it away", async () => {
  const url = 'https://login.acme.test/'
  const acme = { tenant: 'acme', audience: 'tenor' }
  expect(await issuerCommand(ops, url, acme)).toBe(0)
  await expect(issuerCommand(ops, url, { ...acme, tenant: 'other' })).rejects.toThrow('is the issuer of acme already')
  await expect(issuerCommand(ops, 'http://login.acme.test/', acme)).rejects.toThrow('https')
  await expect(issuerCommand(ops, 'https://b.test/', { tenant: 'b' })).rejects.toThrow('--audience')
  said = []
  await issuerCommand(ops, undefined, {})
  expect(said).toEqual([`acme  ${url}  audience tenor`])
  expect(await issuerCommand(ops, url, { remove: true })).toBe(0)
  await expect(issuerCommand(ops, url, { remove: true })).rejects.toThrow(UsageError)
})

describe('by query', () => {
  it('a dry run only shows, a signal arrives', async () => {
    const { id, workflow } = await paidOnce()
    const query = `WorkflowId = "${workflow}"`
    const signal = { query, name: 'pause', input: '{"mode":"extend"}' }
    expect(await signalCommand(ops, { ...signal, dryRun: true })).toBe(0)
    expect(said).toEqual([`  ${workflow}`, '1 workflows; nothing was done, since this is a dry run.'])
    expect((await world.ask('GET', `/payment_terms/${id}`)).body.pause).toBeNull()
    expect(await signalCommand(ops, signal)).toBe(0)
    const isPaused = async () => (await world.ask('GET', `/payment_terms/${id}`)).body.pause !== null
    while (!(await isPaused())) await new Promise((done) => setTimeout(done, 50))
    await expect(signalCommand(ops, { ...signal, input: '{' })).rejects.toThrow('--input is no JSON')
    await expect(signalCommand(ops, { name: 'pause' })).rejects.toThrow('--query')
  })

  it('a plan that is reset charges nothing again', async () => {
    const { id, workflow } = await paidOnce()
    expect(await resetCommand(ops, { query: `WorkflowId = "${workflow}"`, reason: 'test' })).toBe(0)
    expect(said.at(-1)).toBe('1 reset, 0 failed.')
    await sql(`update notifications set status = 'sent', next_attempt_at = null where plan_id = ?`, [id])
    expect(await proveCommand(ops, { plan: id })).toBe(0)
    expect((await world.ask('GET', `/payment_terms/${id}`)).body.paid_amount).toBe(10_000)
  })
})

it('every open history is replayed against the workflows as they are here', async () => {
  const { workflow } = await paidOnce()
  expect(workflow).toContain('payment-terms-')
  expect(await replayOpenCommand(ops)).toBe(0)
  expect(said.at(-1)).toMatch(/^[1-9]\d* open workflows replayed, 0 would break\.$/)
}, 60_000)

describe('as a program', () => {
  const run = (...args: string[]) => {
    const env = { ...process.env, DATABASE_WORKER_URL: '', TENOR_HOME: '/nowhere' }
    return spawnSync(process.execPath, ['workers/ops/main.ts', ...args], { env, encoding: 'utf8' })
  }

  it.each([
    [[], 'Say a command.'],
    [['mend'], 'There is no command "mend".'],
    [['prove', '--everything'], "Unknown option '--everything'"],
    [['stuck'], 'No Tenor runs on /nowhere, and DATABASE_WORKER_URL is not set.'],
  ])('%j is told what is wrong', (args, message) => {
    const { status, stderr } = run(...args)
    expect(stderr).toContain(message)
    expect(stderr).toContain('npm run ops -- <command>')
    expect(status).toBe(64)
  })

  it('explains itself', () => {
    const { status, stdout } = run('--help')
    expect([status, stdout.split('\n')[0]]).toEqual([0, 'npm run ops -- <command>'])
  })
})
