import { join } from 'node:path'
import type { MikroORM } from '@mikro-orm/postgresql'
import { openDatabase } from '../../db/orm.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { isHealthy, programPart } from '../../workers/stack/children.ts'
import { createPart, type Part } from '../../workers/stack/part.ts'
import { freePort } from '../../workers/stack/ports.ts'
import { type Answer, sharedTenor, Tenor } from '../support/e2e-client.ts'
import { TEST_KEYS } from '../support/keys.ts'
import { placeModel } from '../support/leasing.ts'
import type { Plan, Transaction } from '../support/shapes.ts'
import { sharedStack } from '../support/stack.ts'

type Lease = Omit<Plan, 'payment_terms_id'> & {
  lease_id: string
  lease: { unit: { device_id: string }; ended: { how: string } | null; device: { residual: number } }
}

const AT_ONCE = 500
const STOCK = 100
const PATIENCE_MS = 600_000

let tenor: Tenor
let beside: Tenor
let other: Part
let orm: MikroORM
beforeAll(async () => {
  tenor = await sharedTenor()
  const { env, home } = sharedStack()
  // No model and no unit has anything sealed.
  orm = await openDatabase(env.DATABASE_OWNER_URL ?? '', { keys: TEST_KEYS })
  const port = await freePort()
  const api = `http://127.0.0.1:${port}`
  other = createPart(
    programPart('api', ['workers/api.ts'], {
      env: { ...env, API_PORT: String(port) },
      logFile: join(home, 'logs/leasing-api.log'),
      ready: () => isHealthy(`${api}/health/ready`),
      readyTimeoutMs: 180_000,
    }),
  )
  await other.start()
  beside = new Tenor({ ...tenor.at, api })
}, 300_000)
afterAll(async () => {
  await other?.stop()
  await orm?.close()
})

let companies = 0
async function company(store: object, clock?: string) {
  companies += 1
  const domain = `leasing-${process.pid}-${companies}.example`
  const email = `hr@${domain}`
  const asked = {
    name: `Company ${companies}`,
    email,
    domains: [domain],
    store,
  }
  const body = { ...asked, ...(clock === undefined ? {} : { test_clock: clock }) }
  const { client_id: client } = await tenor.must<{ client_id: string }>('POST', '/clients', { body })
  let people = 0
  const employee = async () => {
    people += 1
    const person = { name: `Person ${people}`, email: `person-${people}@${domain}` }
    const url = `/clients/${client}/employees`
    return (await tenor.must<{ employee_id: string }>('POST', url, { body: person })).employee_id
  }
  /** So many at once. */
  const staff = async (count: number) => {
    const lines = Array.from({ length: count }, (_, k) => `Person ${k},staff-${k}@${domain}`)
    const answer = await fetch(`${tenor.at.api}/clients/${client}/employees/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenor.at.token}`, 'content-type': 'text/csv' },
      body: ['name,email', ...lines].join('\n'),
    })
    expect(await answer.json()).toMatchObject({ accepted: count, rejected: [] })
    const found = await tenor.all<{ employee_id: string }>(`/clients/${client}/employees`)
    return found.map(({ employee_id: id }) => id)
  }
  return { client, email, employee, staff }
}

const post = <T = Lease>(url: string, body: object = {}) => tenor.must<T>('POST', url, { body })
const leaseOf = (id: string) => tenor.must<Lease>('GET', `/leases/${id}`)
const deductions = async (id: string) =>
  (await tenor.all<Transaction>(`/leases/${id}/transactions`)).filter(({ gateway }) => gateway === 'payroll')
const look = <Row>(sql: string, value: string) => inTenant('tenor', () => orm.em.fork().execute<Row[]>(sql, [value]))
const statusOf = async (unit: string) =>
  (await look<{ status: string }>('select status from devices where id = ?', unit))[0]?.status

describe('two years on a test clock', () => {
  it('from the order to a return, an extension and a buy-out, deducted from pay month by month', async () => {
    const clock = await tenor.clock('2027-01-10T15:00:00Z')
    const { employee } = await company({ term_months: [24], maximum_per_employee: 3 }, clock)
    const who = await employee()
    const code = await placeModel(orm, { units: 3, price: 120_000, tenant: 'tenor' })
    const asked = { employee_id: who, device_code: code, term_months: 24, payer: 'payroll' }
    const ends = [{ choice: 'return' }, { choice: 'extend', months: 3 }, { choice: 'buy_out' }]
    const ids: string[] = []
    for (const end of ends) {
      const { lease_id: id } = await post('/leases', asked)
      await post(`/leases/${id}/dispatched`)
      await post(`/leases/${id}/delivered`)
      await post(`/leases/${id}/end_choice`, end)
      ids.push(id)
    }
    const [returned = '', extended = '', bought = ''] = ids
    // In steps, since each is waited for so long only.
    for (const month of ['2027-06', '2027-12', '2028-06', '2028-12', '2029-06']) {
      await tenor.advance(clock, `${month}-01T00:00:00Z`)
    }

    // 1,200.00 less a tenth in 24: 45.00 a month, and half of it for each of three more.
    expect((await deductions(returned)).map(({ amount }) => amount)).toEqual(Array(24).fill(4_500))
    expect((await deductions(extended)).map(({ amount }) => amount)).toEqual([
      ...Array(24).fill(4_500),
      ...Array(3).fill(2_250),
    ])
    expect((await deductions(bought)).map(({ amount }) => amount)).toEqual([...Array(24).fill(4_500), 12_000])
    const leases = await Promise.all(ids.map(leaseOf))
    expect(leases.map(({ status, outstanding_amount: left }) => [status, left])).toEqual(
      ids.map(() => ['completed', 0]),
    )
    expect(leases.map(({ lease }) => lease.ended?.how)).toEqual(['return', 'return', 'buy_out'])
    const units = await Promise.all(leases.map(({ lease }) => statusOf(lease.unit.device_id)))
    expect(units).toEqual(['maintenance', 'maintenance', 'sold'])
  }, 600_000)
})

describe('what comes off pay besides the months', () => {
  const once = async (email: string, id: string) => {
    const mails = (await tenor.inbox(email)).filter(({ text }) => text.includes(id))
    return mails.filter(({ subject }) => subject.startsWith('Payroll:')).map(({ subject, times }) => [subject, times])
  }

  it('is told to the company by one letter, however often it is asked for', async () => {
    const clock = await tenor.clock('2027-01-10T15:00:00Z')
    const { email, employee } = await company({ maximum_per_employee: 3 }, clock)
    const who = await employee()
    const code = await placeModel(orm, { units: 2, price: 120_000, tenant: 'tenor' })
    const asked = { employee_id: who, device_code: code, term_months: 12, payer: 'payroll' }
    const [lost, bought] = [(await post('/leases', asked)).lease_id, (await post('/leases', asked)).lease_id]
    for (const id of [lost, bought]) await post(`/leases/${id}/delivered`)
    await tenor.advance(clock, '2027-03-20T12:00:00Z')
    const say = (path: string, body: object) => tenor.ask('POST', path, { body, key: `${path}-${process.pid}` })
    for (let time = 0; time < 2; time += 1) {
      expect((await say(`/leases/${lost}/lost`, { how: 'lost' })).status).toBe(200)
      await post(`/leases/${bought}/end_choice`, { choice: 'buy_out' })
    }
    await tenor.advance(clock, '2028-03-01T00:00:00Z')

    const left = 108_000 - (await deductions(lost)).slice(0, -1).reduce((sum, { amount }) => sum + amount, 0) + 12_000
    expect((await deductions(lost)).at(-1)?.amount).toBe(left)
    const told = async (id: string) => (await tenor.notifications(id)).filter(({ type }) => type === 'lease.lump_sum')
    for (const [id, amount] of [
      [lost, left],
      [bought, 12_000],
    ] as const) {
      await tenor.until(`the letter about ${id}`, async () => (await once(email, id))[0])
      expect((await told(id)).map(({ status }) => status)).toEqual(['sent'])
      const money = (amount / 100).toLocaleString('en-US', { style: 'currency', currency: 'USD' })
      expect(await once(email, id)).toEqual([[`Payroll: to be deducted once for Person 1: ${money}`, 1]])
    }
  }, 600_000)
})

describe(`${AT_ONCE} orders at the same moment for the last ${STOCK} of a model, on two API processes`, () => {
  it(
    `give ${STOCK} leases that are at work, and tell all others that there is none left`,
    async () => {
      const { client, staff } = await company({})
      const people = await staff(AT_ONCE)
      const code = await placeModel(orm, { units: STOCK, tenant: 'tenor' })
      const began = performance.now()
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, k) => {
          const asked = { employee_id: people[k], device_code: code, term_months: 12, payer: 'payroll' }
          return ordered(k % 2 ? tenor : beside, asked, `herd-${client}-${k}`)
        }),
      )
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      process.stdout.write(
        `${AT_ONCE} orders for ${STOCK} units on two API processes: ${seconds} s, ${repeats} asked again.\n`,
      )

      const made = answers.filter(({ status }) => status === 201).map(({ body }) => body)
      const refused = answers.filter(({ status }) => status !== 201).map(({ body }) => body.code)
      expect([made.length, refused]).toEqual([STOCK, Array(AT_ONCE - STOCK).fill('out_of_stock')])
      expect(new Set(made.map(({ lease_id }) => lease_id)).size).toBe(STOCK)
      expect(new Set(made.map(({ lease }) => lease.unit.device_id)).size).toBe(STOCK)
      const leases = await tenor.all<Lease>(`/leases?client_id=${client}`)
      expect(leases.map(({ lease_id }) => lease_id).sort()).toEqual(made.map(({ lease_id }) => lease_id).sort())
      // Whoever is at work carries out a command.
      for (const { lease_id: id } of made) expect((await post(`/leases/${id}/dispatched`)).status).toBe('dispatched')
      const units = await look<{ leases: number; confirmed: number }>(
        `select count(distinct lease_id)::int as leases, count(*) filter (where held_until is null)::int as confirmed
        from devices where model_code = ? and status = 'reserved'`,
        code,
      )
      expect(units).toEqual([{ leases: STOCK, confirmed: STOCK }])
    },
    PATIENCE_MS,
  )
})

let repeats = 0

/** As a client does it: what got no answer is asked again with its key. */
async function ordered(at: Tenor, body: object, key: string): Promise<Answer> {
  for (;;) {
    const answer = await at.ask('POST', '/leases', { body, key })
    if (![503, 429].includes(answer.status) && answer.body.code !== 'request_in_progress') return answer
    repeats += 1
    await new Promise((resolve) => setTimeout(resolve, Number(answer.headers.get('retry-after') ?? 1) * 1000))
  }
}
