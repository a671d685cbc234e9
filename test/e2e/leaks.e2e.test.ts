import * as fs from 'node:fs'
import { join, sep } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import pg from 'pg'
import { keyIdIn } from '../../secrets/payload-codec.ts'
import { payloadsIn } from '../../secrets/payloads-in.ts'
import { clockWorkflowId } from '../../workflows/clocks/messages.ts'
import { statementsWorkflowId } from '../../workflows/leasing/statement-messages.ts'
import { runsOf } from '../replay/histories.ts'
import { ownTenor, type Tenor } from '../support/e2e-client.ts'

/** Somebody whose every word can be told from all others. */
const PERSON = {
  name: 'Zephyrine Quillfeather',
  email: 'zephyrine.quillfeather@leaks.example',
  phone: '+14165550199',
}
const EMPLOYEE = {
  name: 'Ottoline Brackenridge-Vane',
  email: 'ottoline.brackenridge@works.leaks.example',
  phone: '+14165550177',
}
const DOCUMENT = 'PASSPORT-7Q4Z88213'

let stack: Awaited<ReturnType<typeof ownTenor>>['stack']
let tenor: Tenor
let secrets: string[]
let workflows: string[]
beforeAll(async () => {
  ;({ tenor, stack } = await ownTenor({}))
  const outcomes = ['succeeded', 'insufficient_funds', 'insufficient_funds']
  const customer = await tenor.customer(outcomes, PERSON)
  const clock = await tenor.clock('2027-01-13T12:00:00Z')
  const making = { customer_id: customer.id, test_clock: clock, metadata: { document: DOCUMENT } }
  const plan = await tenor.term(making)
  workflows = [plan.workflow.workflow_id, clockWorkflowId(clock), ...(await leasing(clock))]
  const endpoint = { body: { url: 'http://127.0.0.1:9/hooks' }, key: 'leaks-1' }
  const made = await tenor.must<{ webhook_endpoint_id: string; secret: string }>('POST', '/webhook_endpoints', endpoint)
  const rotate = `/webhook_endpoints/${made.webhook_endpoint_id}/rotate_secret`
  const rotated = await tenor.must<{ secret: string }>('POST', rotate, { key: 'leaks-2' })
  secrets = [made.secret, rotated.secret]
  await tenor.advance(clock, '2027-02-20T00:00:00Z')
  // What is refused is logged as well: by the schema, by the database, by a rule.
  const again = { customer_id: customer.id, ...PERSON }
  await tenor.ask('POST', '/customers', { body: { ...PERSON, phone: `${PERSON.phone} or ${DOCUMENT}` } })
  expect(await tenor.ask('POST', '/customers', { body: again })).toMatchObject({ status: 409 })
  await tenor.ask('PATCH', `/customers/${customer.id}`, { body: { phone: PERSON.phone } })
  await tenor.ask('PATCH', `/payment_terms/${plan.payment_terms_id}`, { body: { total_amount: 150_000 } })
  expect((await tenor.plan(plan.payment_terms_id)).status).toBe('past_due')
}, 300_000)
afterAll(() => stack?.stop())

/** Has a company lease a device to somebody, off their pay; the workflows of it. */
async function leasing(clock: string): Promise<string[]> {
  const made = <T>(path: string, body: object) => tenor.must<T>('POST', path, { body, key: `leaks${path}` })
  const model = { code: 'leaks-phone', name: 'Phone', manufacturer: 'Maker', price: 60_000, currency: 'USD' }
  await made('/device_models', model)
  await made('/devices', { imei: '356938035643809', model_code: model.code })
  const store = {
    ...{ models: null, term_months: [12], billing_day: 15, residual_percent: 10, offboarding: 'return' },
    cancellation_terms: { type: 'pro_rata' },
  }
  const { client_id } = await made<{ client_id: string }>('/clients', {
    ...{ name: 'Works', email: 'office@works.leaks.example', domains: ['works.leaks.example'], currency: 'USD', store },
    ...{ timezone: 'UTC', statement: { period: 'monthly', day: 1 }, payment_method: 'pm_card_visa', test_clock: clock },
  })
  const { employee_id } = await made<{ employee_id: string }>(`/clients/${client_id}/employees`, EMPLOYEE)
  const order = { employee_id, device_code: model.code, term_months: 12, payer: 'payroll' }
  const lease = await made<{ lease_id: string; workflow: { workflow_id: string } }>('/leases', order)
  await made(`/leases/${lease.lease_id}/dispatched`, {})
  await made(`/leases/${lease.lease_id}/delivered`, {})
  return [lease.workflow.workflow_id, statementsWorkflowId(client_id)]
}

const marks = () => [
  ...[...Object.values(PERSON), ...Object.values(EMPLOYEE), DOCUMENT, ...secrets],
  ...['quillfeather', 'brackenridge'],
]

/** Which of the marks are in there. */
function found(content: string): string[] {
  return marks().filter((mark) => content.includes(mark))
}

it('is known to the gateway and gets letters: the marks are ones that can be found', async () => {
  const [letter] = await tenor.inbox(PERSON.email)
  expect(letter?.text).toContain(PERSON.name)
  expect(found(filesBelow(join(stack.home, 'sandbox')).map(read).join('\n'))).toEqual(
    expect.arrayContaining(Object.values(PERSON)),
  )
  expect((await tenor.inbox(EMPLOYEE.email))[0]?.text).toContain('Ottoline')
})

it('is not in the database, in whatever column', async () => {
  // As the embedded server's superuser, from whom row-level security hides nothing.
  const superuser = new URL(stack.env.DATABASE_OWNER_URL ?? '')
  superuser.username = 'postgres'
  const client = new pg.Client({ connectionString: superuser.href })
  await client.connect()
  const { rows } = await client.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public'`,
  )
  const leaks: Record<string, string[]> = {}
  const empty: string[] = []
  for (const { name } of rows) {
    const { rows: all } = await client.query<{ row: string }>(`select t::text as row from "${name}" t`)
    if (all.length === 0) empty.push(name)
    const leaked = found(all.map(({ row }) => row).join('\n'))
    if (leaked.length > 0) leaks[name] = leaked
  }
  await client.end()
  const told = ['customers', 'plans', 'idempotency_keys', 'webhook_endpoints', 'notifications', 'events', 'audit_log']
  expect(empty.filter((name) => told.includes(name))).toEqual([])
  expect(leaks).toEqual({})
})

it('is not in what Temporal is sent', async () => {
  const connection = await Connection.connect({ address: stack.addresses.temporal_address })
  const temporal = new Client({ connection })
  const texts = await Promise.all(
    workflows.map(async (workflowId) => {
      const runs = await runsOf(temporal, workflowId)
      const execution = { workflowId }
      const raw = await temporal.workflowService.describeWorkflowExecution({ namespace: 'default', execution })
      const payloads = [...payloadsIn(runs), ...payloadsIn(raw)]
      expect(payloads.filter((payload) => keyIdIn(payload) !== null).length).toBeGreaterThan(5)
      // JSON has their bytes in base64, where no word would be found.
      return [JSON.stringify([runs, raw]), ...payloads.map(({ data }) => Buffer.from(data ?? []).toString())]
    }),
  )
  await connection.close()
  const text = texts.flat().join('\n')
  // Search attributes are not encrypted: what can be read is read.
  expect(text).toContain('"past_due"')
  expect(found(text)).toEqual([])
})

it('is in no log, no file and no figure', async () => {
  const files = filesBelow(stack.home).filter((file) => !file.startsWith(join(stack.home, 'sandbox') + sep))
  expect(files.filter((file) => /(api|worker|temporal|postgres)\.log$/.test(file)).length).toBeGreaterThan(3)
  expect(files.some((file) => file.includes('temporal.db'))).toBe(true)
  const leaks = Object.fromEntries(
    files.flatMap((file) => {
      const leaked = found(read(file))
      return leaked.length > 0 ? [[file, leaked]] : []
    }),
  )
  expect(leaks).toEqual({})
  for (const url of [`${stack.addresses.api}/metrics`, `http://127.0.0.1:${stack.env.METRICS_PORT}/metrics`]) {
    const figures = await (await fetch(url)).text()
    expect(figures).toContain('# HELP')
    expect(found(figures)).toEqual([])
  }
})

function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

const read = (file: string) => fs.readFileSync(file, 'latin1')
