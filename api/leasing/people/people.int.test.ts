import { samplePlan } from '../../../db/plans/sample.ts'
import { recordNewPlan } from '../../../db/plans/write.ts'
import { inTenant } from '../../../db/tenancy/scope.ts'
import { DEFAULT_STORE } from '../../../domain/leasing/store.ts'
import { type Answer, type ApiWorld, startApiWorld, tokenOf } from '../../../test/support/api-world.ts'
import { writtenOf } from './store-shapes.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld({ worker: false })
}, 120_000)
afterAll(async () => world?.close())

const as = (
  roles: 'admin' | 'agent' | 'client_admin' | 'employee',
  named: { client?: string; customer?: string } = {},
) => tokenOf({ sub: `${roles}-${JSON.stringify(named)}`, roles: [roles], ...named })
const admin = as('admin')
const ask = (method: string, url: string, body?: unknown, token = admin, headers: Record<string, string> = {}) =>
  world.ask(method, url, { token, headers, ...(body === undefined ? {} : { body }) })

let made = 0
async function newClient(more: Record<string, unknown> = {}, token = admin): Promise<Answer['body']> {
  made += 1
  const domains = [`company-${made}.example`]
  const answer = await ask(
    'POST',
    '/clients',
    { name: `Company ${made}`, email: 'hr@x.example', domains, ...more },
    token,
  )
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
  return answer.body
}
async function newEmployee(client: { client_id: string; domains: string[] }, more: object = {}) {
  made += 1
  const body = { name: 'Ann Ode', email: `Ann-${made}@${client.domains[0]}`, ...more }
  const answer = await ask('POST', `/clients/${client.client_id}/employees`, body)
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
  return answer.body
}
const sql = <T extends object>(text: string, values: unknown[] = []) => world.orm.em.fork().execute<T[]>(text, values)
/** A lease, as far as what goes by it looks. */
async function leaseOf(employee: { employee_id: string; client_id: string }, isRunning: boolean) {
  const id = `ls_${employee.employee_id}`
  const { plan, effects } = samplePlan(id, { tenant: 'acme', customer: employee.employee_id })
  const record = { request: {}, workflowId: id, runId: null, effects }
  await inTenant('acme', () => recordNewPlan(world.workerOrm.em.fork(), plan, record))
  await sql(
    `insert into leases (plan_id, tenant_id, client_id, employee_id, model_code, unit_id, payer, is_running, created_at)
      values (?, 'acme', ?, ?, 'X', 'dev_x', 'payroll', ?, now())`,
    [id, employee.client_id, employee.employee_id, isRunning],
  )
}

describe('a company', () => {
  it('is made, shown, listed, changed and removed', async () => {
    const clock = await ask('POST', '/test_clocks', { frozen_time: '2027-01-15T10:00:00Z' })
    const asked = {
      ...{ name: 'Acme', email: 'hr@acme.example', phone: '+14165550100', locale: 'fr-CA' },
      ...{ domains: ['ACME.example', 'acme.example'], currency: 'CAD', timezone: 'America/Toronto' },
      ...{
        statement: { period: 'weekly', day: 5 },
        office_address: '1 King St W\nToronto',
        payment_method: 'pm_card_visa',
      },
      ...{ test_clock: clock.body.test_clock_id, store: { subsidy: 5_000, payers: ['employee', 'payroll'] } },
    }
    const answer = await ask('POST', '/clients', asked)
    expect(answer).toMatchObject({ status: 201, headers: { etag: expect.any(String) } })
    const { store, payment_method: _, ...shown } = asked
    expect(answer.body).toMatchObject({
      ...{ ...shown, domains: ['acme.example'], status: 'active', payment_method: expect.stringMatching(/^pm_/) },
    })
    const url = String(answer.headers.location)
    const read = await ask('GET', url)
    expect(read.body).toEqual(answer.body)
    expect((await ask('GET', url, undefined, admin, { 'if-none-match': String(read.headers.etag) })).status).toBe(304)
    expect((await ask('GET', `${url}/store`)).body).toEqual({
      client_id: answer.body.client_id,
      ...writtenOf({ ...DEFAULT_STORE, subsidy: 5_000, payers: ['employee', 'payroll'] }),
    })
    expect((await ask('GET', '/clients?limit=100')).body.data).toContainEqual(answer.body)
    const change = { office_address: null, phone: null, status: 'suspended', domains: ['acme.test'], timezone: 'UTC' }
    const changed = await ask('PATCH', url, change, admin, { 'if-match': String(read.headers.etag) })
    expect(changed).toMatchObject({ status: 200, body: { ...change, name: 'Acme', statement: asked.statement } })
    expect((await ask('PATCH', url, { name: 'X' }, admin, { 'if-match': String(read.headers.etag) })).status).toBe(412)
    expect((await ask('GET', '/clients?status=suspended')).body.data).toEqual([changed.body])
    expect((await ask('DELETE', url)).status).toBe(204)
    expect([(await ask('GET', url)).status, (await ask('DELETE', url)).status]).toEqual([404, 404])
    expect(await sql('select id from customers where id = ?', [answer.body.client_id])).toEqual([])
    expect(store).toBeDefined()
  })

  it('has nothing personal of it in the open', async () => {
    const client = await newClient({
      office_address: 'Sesame Street 1',
      phone: '+14165559999',
      email: 'big@bird.example',
    })
    const [kept] = await sql<{ text: string }>(
      `select (select json_agg(c) from clients c)::text || (select json_agg(c) from customers c)::text ||
        (select json_agg(e) from events e)::text as text`,
    )
    expect(kept?.text).toContain(client.client_id)
    for (const secret of ['Sesame', '5559999', 'bird.example', 'Company']) expect(kept?.text).not.toContain(secret)
  })

  it('is refused with every field named that breaks a rule', async () => {
    const body = { name: 'X', email: 'hr@x.example' }
    const pointers = async (more: object) => {
      const answer = await ask('POST', '/clients', { ...body, ...more })
      return [answer.status, answer.body.errors?.map(({ pointer }: { pointer: string }) => pointer)]
    }
    expect(await pointers({ timezone: 'Mars', currency: 'ZZZ' })).toEqual([422, ['/timezone', '/currency']])
    expect(await pointers({ statement: { period: 'weekly', day: 8 } })).toEqual([400, ['/statement/day']])
    expect(await pointers({ test_clock: 'clk_none' })).toEqual([422, ['/test_clock']])
    expect(await pointers({ store: { models: ['none'] } })).toEqual([422, ['/store/models/0']])
    expect(await pointers({ store: { residual_percent: 1.234 } })).toEqual([422, ['/store/residual_percent']])
    expect(await pointers({ domains: ['no domain', 'x'] })).toEqual([400, ['/domains/0', '/domains/1']])
    expect(await pointers({ payment_method: 'pm_nobodys' })).toEqual([422, ['/payment_method']])
  })

  it('has its domains to itself in its tenant, and gives them back when it goes', async () => {
    const first = await newClient({ domains: ['one.example', 'two.example'] })
    const taken = await ask('POST', '/clients', {
      name: 'B',
      email: 'b@x.example',
      domains: ['new.example', 'two.example'],
    })
    expect(taken).toMatchObject({ status: 409, body: { code: 'domain_taken', errors: [{ pointer: '/domains' }] } })
    const second = await newClient({ domains: [] })
    const url = `/clients/${second.client_id}`
    expect((await ask('PATCH', url, { domains: ['new.example', 'one.example'] })).body.code).toBe('domain_taken')
    expect((await ask('GET', url)).body.domains).toEqual([])
    await newClient({ domains: ['one.example'] }, tokenOf({ tenant: 'globex', roles: ['admin'] }))
    await ask('PATCH', `/clients/${first.client_id}`, { domains: ['two.example'] })
    expect((await ask('PATCH', url, { domains: ['one.example'] })).body.domains).toEqual(['one.example'])
    await ask('DELETE', `/clients/${first.client_id}`)
    expect((await ask('PATCH', url, { domains: ['two.example'] })).body.domains).toEqual(['two.example'])
  })

  it('of fifty that want one domain at once is one', async () => {
    const body = { name: 'Race', email: 'r@x.example', domains: ['race.example', 'race2.example'] }
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, k) => {
        const domains = k % 2 ? body.domains : body.domains.toReversed()
        return ask('POST', '/clients', { ...body, domains })
      }),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.code === 'domain_taken')).toHaveLength(49)
  })

  it('is made once by one key, and is there still for who repeats it after a crash', async () => {
    const body = { name: 'Once', email: 'o@x.example', domains: ['once.example'] }
    const headers = { 'idempotency-key': 'make-company' }
    const both = await Promise.all([1, 2].map(() => ask('POST', '/clients', body, admin, headers)))
    expect(both.map(({ status }) => status)).toEqual([201, 201])
    expect(both[0]?.body).toEqual(both[1]?.body)
    await sql(
      `update idempotency_keys set state = 'in_progress', status = null, headers = null, body = null,
        locked_until = '2020-01-01' where key = 'make-company'`,
    )
    const again = await ask('POST', '/clients', body, admin, headers)
    expect([again.status, again.body]).toEqual([201, both[0]?.body])
  })

  it('with leases that run stays; with history it is gone for who asks, and on record', async () => {
    const client = await newClient()
    const employee = await newEmployee(client)
    await leaseOf(employee, true)
    const url = `/clients/${client.client_id}`
    for (const one of [url, `/employees/${employee.employee_id}`]) {
      expect(await ask('DELETE', one)).toMatchObject({ status: 409, body: { code: 'leases_running' } })
    }
    await sql('update leases set is_running = false where employee_id = ?', [employee.employee_id])
    // The device is back, and months are still to be deducted.
    for (const one of [url, `/employees/${employee.employee_id}`]) expect((await ask('DELETE', one)).status).toBe(409)
    await sql(
      `insert into statements (id, tenant_id, client_id, number, status, period_start, period_end, cut_off, currency,
          lines_amount, total, plan_id, created_at, closed_at)
        select 'st_unpaid', tenant_id, ?, 1, 'closed', '2027-01-01', '2027-01-31', '2027-02-01', 'USD', 100, 100, id,
          created_at, created_at from plans where customer_id = ?`,
      [client.client_id, employee.employee_id],
    )
    await sql(`update leases set payer = 'employee' where employee_id = ?`, [employee.employee_id])
    expect(await ask('DELETE', url)).toMatchObject({ status: 409, body: { code: 'statements_unpaid' } })
    await sql(`update plans set lifecycle = 'completed' where customer_id = ?`, [employee.employee_id])
    expect((await ask('DELETE', url)).status).toBe(204)
    for (const gone of [url, `${url}/store`, `${url}/employees`, `/employees/${employee.employee_id}`]) {
      expect([gone, (await ask('GET', gone)).status]).toEqual([gone, 404])
    }
    const [kept] = await sql<{ n: number }>(
      'select count(*)::int as n from clients where id = ? and deleted_at is not null',
      [client.client_id],
    )
    expect(kept?.n).toBe(1)
    const types = await sql<{ type: string }>(
      `select type from events where data->>'client_id' = ? order by position`,
      [client.client_id],
    )
    expect(types.map(({ type }) => type)).toEqual(['client.created', 'employee.created', 'client.deleted'])
  })
})

describe('the store of a company', () => {
  it('is set as a whole, and says what is wrong with each field', async () => {
    const client = await newClient()
    const url = `/clients/${client.client_id}/store`
    await sql(
      `insert into device_models (tenant_id, code, name, description, manufacturer, price, currency, created_at, updated_at)
        values ('acme', 'PHONE', 'P', 'P', 'P', 100000, 'USD', now(), now())`,
    )
    const { client_id: _, ...before } = (await ask('GET', url)).body
    const wanted = {
      ...{ models: ['PHONE'], payers: ['employee'], term_months: [24, 12], subsidy: 100, maximum_per_employee: 1 },
      ...{ residual_percent: 12.34, extension_percent: 0, dispatch_days: 3, billing_day: 31, offboarding: 'transfer' },
      cancellation_terms: {
        type: 'tiered',
        tiers: [{ from_day: 0, refund_percent: 50 }],
        cooling_off_days: 14,
        fee: 5,
      },
    }
    const put = await ask('PUT', url, wanted)
    expect(put).toMatchObject({ status: 200, body: { ...wanted, term_months: [12, 24] } })
    expect((await ask('GET', url)).body).toEqual(put.body)
    const wrong = { ...wanted, subsidy: 1.5, term_months: [], payers: [], billing_day: 32, offboarding: 'x' }
    const refused = await ask('PUT', url, { ...wrong, maximum_per_employee: 0 })
    expect(refused.status).toBe(400)
    expect(refused.body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual([
      ...['/billing_day', '/maximum_per_employee', '/offboarding', '/payers', '/subsidy', '/term_months'],
    ])
    const broken = await ask('PUT', url, {
      ...wanted,
      ...{ term_months: [12, 12], extension_percent: 0.001, models: ['PHONE', 'PHONE'] },
      cancellation_terms: { type: 'short_rate', penalty_percent: 3.333 },
    })
    expect(broken.status).toBe(422)
    expect(broken.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      ...['/models', '/term_months', '/extension_percent', '/cancellation_terms/penalty_percent'],
    ])
    expect((await ask('PUT', url, { ...wanted, models: undefined })).status).toBe(400)
    expect((await ask('GET', url)).body).toEqual(put.body)
    expect((await ask('PUT', url, before)).body).toMatchObject(before)
  })

  it("is its admin's to change, but for the terms of whoever owns the devices", async () => {
    const client = await newClient()
    const token = as('client_admin', { client: client.client_id })
    const url = `/clients/${client.client_id}/store`
    const { client_id: _, ...store } = (await ask('GET', url, undefined, token)).body
    expect((await ask('PUT', url, { ...store, term_months: [12], billing_day: 7 }, token)).status).toBe(200)
    const refused = await ask('PUT', url, { ...store, subsidy: 1, cancellation_terms: { type: 'full' } }, token)
    expect([refused.status, refused.body.errors.map(({ pointer }: { pointer: string }) => pointer)]).toEqual([
      403,
      ['/subsidy', '/cancellation_terms'],
    ])
    expect((await ask('GET', url)).body).toMatchObject({ subsidy: 0, term_months: [12], billing_day: 7 })
  })
})

describe('an employee', () => {
  it('is added, shown, listed, changed and removed', async () => {
    const client = await newClient()
    const employee = await newEmployee(client, { phone: '+14165550101', locale: 'en-CA' })
    const url = `/employees/${employee.employee_id}`
    expect(employee).toMatchObject({ client_id: client.client_id, status: 'active', payment_method: null })
    expect((await ask('GET', url)).body).toEqual(employee)
    expect((await ask('GET', `/clients/${client.client_id}/employees`)).body).toEqual({
      data: [employee],
      next_cursor: null,
    })
    expect((await ask('GET', `/clients/${client.client_id}/employees?status=offboarded`)).body.data).toEqual([])
    const tag = String((await ask('GET', url)).headers.etag)
    const [row] = await sql<{ id: string | null }>('select gateway_customer_id as id from customers where id = ?', [
      employee.employee_id,
    ])
    expect(row?.id).toBeNull()
    const changed = await ask('PATCH', url, { payment_method: 'pm_card_visa', phone: null }, admin, { 'if-match': tag })
    expect(changed).toMatchObject({ status: 200, body: { phone: null, payment_method: expect.stringMatching(/^pm_/) } })
    expect((await ask('PATCH', url, { name: 'X' }, admin, { 'if-match': tag })).status).toBe(412)
    await ask('PATCH', url, { name: 'Ann O. Ode' })
    const [there] = await sql<{ id: string }>('select gateway_customer_id as id from customers where id = ?', [
      employee.employee_id,
    ])
    expect(await world.deps.payments.readCustomer(there?.id ?? '')).toMatchObject({
      name: 'Ann O. Ode',
      email: employee.email,
    })
    expect((await ask('DELETE', url)).status).toBe(204)
    expect((await ask('GET', url)).status).toBe(404)
    expect(await sql('select id from employees where id = ?', [employee.employee_id])).toEqual([])
  })

  it('has an address to themselves in the tenant, however it is written, until they are gone', async () => {
    const [client, other] = [await newClient(), await newClient()]
    const employee = await newEmployee(client)
    const url = (one: { client_id: string }) => `/clients/${one.client_id}/employees`
    const same = { name: 'B', email: employee.email.toUpperCase() }
    for (const one of [client, other]) {
      expect(await ask('POST', url(one), same)).toMatchObject({ status: 409, body: { code: 'employee_exists' } })
    }
    const second = await newEmployee(other)
    expect((await ask('PATCH', `/employees/${second.employee_id}`, { email: same.email })).body.code).toBe(
      'employee_exists',
    )
    expect((await ask('PATCH', `/employees/${employee.employee_id}`, { email: same.email })).status).toBe(200)
    const globex = tokenOf({ tenant: 'globex', roles: ['admin'] })
    const foreign = await newClient({}, globex)
    expect((await ask('POST', url(foreign), same, globex)).status).toBe(201)
    await ask('DELETE', `/employees/${employee.employee_id}`)
    expect((await ask('PATCH', `/employees/${second.employee_id}`, { email: same.email })).status).toBe(200)
  })

  it('of fifty with one address at once is one', async () => {
    const clients = [await newClient(), await newClient()]
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, k) =>
        ask('POST', `/clients/${clients[k % 2].client_id}/employees`, {
          name: 'R',
          email: `Race@${k % 3 ? 'r' : 'R'}.example`,
        }),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.code === 'employee_exists')).toHaveLength(49)
  })

  it('changes phone, language and payment method by themselves, and nothing else', async () => {
    const employee = await newEmployee(await newClient())
    const token = as('employee', { customer: employee.employee_id })
    const url = `/employees/${employee.employee_id}`
    expect((await ask('GET', url, undefined, token)).body).toEqual(employee)
    expect((await ask('PATCH', url, { locale: 'fr', payment_method: 'pm_card_visa' }, token)).status).toBe(200)
    const refused = await ask('PATCH', url, { name: 'Boss', email: 'boss@x.example' }, token)
    expect([refused.status, refused.body.errors.length]).toEqual([403, 2])
    expect((await ask('DELETE', url, undefined, token)).status).toBe(403)
  })

  it('is changed here and not as a customer, so that the address stays their own', async () => {
    const client = await newClient()
    const employee = await newEmployee(client)
    for (const id of [employee.employee_id, client.client_id]) {
      expect((await ask('GET', `/customers/${id}`)).status).toBe(200)
      const answer = await ask('PATCH', `/customers/${id}`, { email: 'x@x.example' })
      expect([answer.status, answer.body.code]).toEqual([409, 'changed_elsewhere'])
    }
  })
})

describe("a company's admin", () => {
  it('sees and changes its own company and its people, and nobody else learns of them', async () => {
    const [mine, other] = [await newClient(), await newClient()]
    const [ann, bob] = [await newEmployee(mine), await newEmployee(other)]
    const globex = tokenOf({ tenant: 'globex', roles: ['admin'] })
    const token = as('client_admin', { client: mine.client_id })
    expect((await ask('GET', '/clients', undefined, token)).body).toEqual({ data: [mine], next_cursor: null })
    expect((await ask('GET', `/clients/${mine.client_id}/employees`, undefined, token)).body.data).toEqual([ann])
    expect((await ask('PATCH', `/clients/${mine.client_id}`, { name: 'Mine' }, token)).body.name).toBe('Mine')
    expect((await ask('PATCH', `/employees/${ann.employee_id}`, { name: 'A' }, token)).body.name).toBe('A')
    const refused = await ask('PATCH', `/clients/${mine.client_id}`, { domains: [], status: 'active' }, token)
    expect([refused.status, refused.body.errors.length]).toEqual([403, 2])
    expect((await ask('POST', '/clients', { name: 'N', email: 'n@x.example' }, token)).status).toBe(403)
    const theirs = [`/clients/${other.client_id}`, `/employees/${bob.employee_id}`]
    for (const [method, url, body] of [
      ...theirs.flatMap((one) => [['GET', one] as const, ['PATCH', one, { name: 'X' }] as const]),
      ['GET', `${theirs[0]}/store`] as const,
      ['PUT', `${theirs[0]}/store`, writtenOf(DEFAULT_STORE)] as const,
      ['GET', `${theirs[0]}/employees`] as const,
      ['POST', `${theirs[0]}/employees`, { name: 'X', email: `x@${other.domains[0]}` }] as const,
      ['DELETE', `${theirs[1]}`] as const,
    ]) {
      for (const who of [token, globex]) {
        expect([method, url, (await ask(method, url, body, who)).status]).toEqual([method, url, 404])
      }
    }
    const nobodys = as('client_admin')
    expect((await ask('GET', '/clients', undefined, nobodys)).status).toBe(403)
  })

  it('names people of the company by its own addresses', async () => {
    const client = await newClient()
    const token = as('client_admin', { client: client.client_id })
    const add = (email: string) => ask('POST', `/clients/${client.client_id}/employees`, { name: 'N', email }, token)
    expect(await add('n@elsewhere.example')).toMatchObject({ status: 422, body: { code: 'foreign_address' } })
    const added = await add(`n@${client.domains[0].toUpperCase()}`)
    expect(added.status).toBe(201)
    const moved = await ask('PATCH', `/employees/${added.body.employee_id}`, { email: 'n@elsewhere.example' }, token)
    expect(moved.body.code).toBe('foreign_address')
  })
})
