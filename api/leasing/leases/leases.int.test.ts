import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiWorld, ask, startApiWorld, tokenOf } from '../../../test/support/api-world.ts'
import { placeCompany, placeEmployee, placeModel } from '../../../test/support/leasing.ts'
import { freshTaskQueue } from '../../../test/support/servers.ts'

let world: ApiWorld
let client: string
beforeAll(async () => {
  world = await startApiWorld()
  client = await placeCompany(world.orm, {
    store: { subsidy: 10_000, payers: ['payroll', 'employee'], maximumPerEmployee: 3 },
  })
}, 240_000)
afterAll(() => world?.close())

const order = (body: Record<string, unknown>, more: { token?: string; headers?: Record<string, string> } = {}) =>
  world.ask('POST', '/leases', { body: { term_months: 12, payer: 'payroll', ...body }, ...more })
const post = (url: string, body: unknown = {}) => world.ask('POST', url, { body })
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })
const employee = () => placeEmployee(world.orm, client)
const asEmployee = (id: string) => tokenOf({ sub: id, roles: ['employee'], customer: id, client })
const units = (code: string) =>
  world.orm.em
    .fork()
    .execute<{ id: string; status: string; lease_id: string | null; held_until: string | null }[]>(
      'select id, status, lease_id, held_until from devices where model_code = ? order by id',
      [code],
    )

async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await sleep(50)
}

async function answered<T extends { status: number; body: { code?: string } }>(asks: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await asks()
    if (answer.status !== 503 && answer.body.code !== 'request_in_progress') return answer
    await sleep(200)
  }
}

async function delivered(body: Record<string, unknown> = {}) {
  const [who, code] = [await employee(), await placeModel(world.orm)]
  const made = await order({ employee_id: who, device_code: code, ...body })
  const id = made.body.lease_id
  expect((await post(`/leases/${id}/dispatched`, { tracking: 'T-1' })).status).toBe(200)
  const lease = await post(`/leases/${id}/delivered`)
  expect(lease.body).toMatchObject({ status: 'active' })
  return { id, who, code, lease: lease.body }
}

describe('an order', () => {
  it('is quoted and made by the store: price less subsidy less residual, and the cover', async () => {
    const [who, code] = [await employee(), await placeModel(world.orm)]
    const asked = { employee_id: who, device_code: code, term_months: 12, payer: 'payroll', damage_waiver: true }
    const quote = await post('/leases/quote', asked)
    expect([quote.status, quote.body]).toMatchObject([
      200,
      {
        total_amount: 86_000,
        price: 100_000,
        subsidy_amount: 10_000,
        residual_amount: 10_000,
        damage_waiver_amount: 6_000,
      },
    ])
    expect((await units(code))[0]?.status).toBe('available')

    const made = await order(asked)
    expect([made.status, made.body]).toMatchObject([
      201,
      {
        kind: 'lease',
        status: 'init',
        customer_id: who,
        total_amount: 86_000,
        timezone: 'America/Toronto',
        billing_day: 1,
        payment_method: 'payroll',
        lease: {
          client_id: client,
          employee_id: who,
          payer: 'payroll',
          device: { code, price: 100_000, subsidy: 10_000, residual: 10_000 },
          damage_waiver_amount: 6_000,
          dispatched_at: null,
          ended: null,
        },
      },
    ])
    const [unit] = await units(code)
    expect(unit).toMatchObject({ status: 'reserved', lease_id: made.body.lease_id, held_until: null })
    expect(made.body.lease.unit.device_id).toBe(unit?.id)
  })

  it('has the statements of its company begin, and begin anew after they were ended by hand', async () => {
    const company = await placeCompany(world.orm, { store: { maximumPerEmployee: 3 } })
    const code = await placeModel(world.orm, { units: 3 })
    const who = await placeEmployee(world.orm, company)
    const statements = world.deps.temporal.workflow.getHandle(`client-statement-${company}`)
    const ordered = () => order({ employee_id: who, device_code: code, payer: 'payroll' })
    const state = async () => (await statements.describe()).status.name
    expect((await ordered()).status).toBe(201)
    const { runId } = await statements.describe()
    await statements.terminate('by hand')
    expect((await ordered()).status).toBe(201)
    const { runId: anew } = await statements.describe()
    expect([await state(), anew === runId]).toEqual(['RUNNING', false])
    expect((await ordered()).status).toBe(201)
    expect((await statements.describe()).runId).toBe(anew)
  })

  it('says of every field what the store does not offer', async () => {
    const code = await placeModel(world.orm, { currency: 'EUR', waiverMonthly: null })
    const asked = { employee_id: await employee(), device_code: code, term_months: 7, damage_waiver: true }
    const answer = await order({ ...asked, payment_method: 'pm_card_visa' })
    expect([answer.status, answer.body.code]).toEqual([422, 'not_offered'])
    expect(answer.body.errors.map((one: { pointer: string }) => one.pointer).sort()).toEqual([
      '/damage_waiver',
      '/device_code',
      '/payment_method',
      '/term_months',
    ])
    expect((await order({ employee_id: 'nobody', device_code: code })).body.errors).toMatchObject([
      { pointer: '/employee_id' },
    ])
  })

  it('is made once by its key, and a second one finds the stock empty', async () => {
    const [who, code] = [await employee(), await placeModel(world.orm)]
    const [one, two] = await Promise.all([1, 2].map(() => order({ employee_id: who, device_code: code }, keyed('k-1'))))
    expect([one?.status, two?.body]).toEqual([201, one?.body])
    const refused = await order({ employee_id: who, device_code: code })
    expect([refused.status, refused.body.code]).toEqual([409, 'out_of_stock'])
  })

  it('has reminders for who pays themselves, and none of what comes off pay, unless it says otherwise', async () => {
    const days = async (asked: object) => {
      const [who, code] = [await employee(), await placeModel(world.orm)]
      return (await order({ employee_id: who, device_code: code, term_months: 12, ...asked })).body.reminder_days
    }
    const own = { payer: 'employee', payment_method: 'pm_card_visa' }
    expect([await days({ payer: 'payroll' }), await days(own)]).toEqual([0, 3])
    expect([await days({ payer: 'payroll', reminder_days: 5 }), await days({ ...own, reminder_days: 0 })]).toEqual([
      5, 0,
    ])
  })

  it('whose unit went to somebody else before a worker came gets another one, or is refused', async () => {
    const taskQueue = freshTaskQueue()
    const app = await world.another({ taskQueue })
    const codes = [await placeModel(world.orm, { units: 2 }), await placeModel(world.orm)]
    const people = await Promise.all(codes.map(employee))
    const orderLate = (k: number) => {
      const body = { employee_id: people[k], device_code: codes[k], term_months: 12, payer: 'payroll' }
      return ask(app, 'POST', '/leases', { body, ...keyed(`late-${k}`) })
    }
    const change = (set: string, where: string) =>
      world.orm.em.fork().execute(`update devices set ${set} where model_code in (?) and ${where}`, [codes])
    await change(`status = 'maintenance'`, `id like '%\\_1'`)
    const waiting = [orderLate(0), orderLate(1)]
    await until(async () => (await Promise.all(codes.map(units))).every(([unit]) => unit?.status === 'reserved'))
    await change(`held_until = now() - interval '1 second'`, `status = 'reserved'`)
    for (const code of codes) {
      expect((await order({ employee_id: await employee(), device_code: code })).status).toBe(201)
    }
    await change(`status = 'available'`, `status = 'maintenance'`)
    await world.startWorker(taskQueue)

    await Promise.all(waiting)
    // On a busy machine the first answer may be that nobody knows yet.
    const [another, refused] = await Promise.all([0, 1].map((k) => answered(() => orderLate(k))))
    const unit = (await units(codes[0] ?? ''))[1]
    expect([another?.status, another?.body.lease.unit.device_id]).toEqual([201, unit?.id])
    expect(unit).toMatchObject({ status: 'reserved', lease_id: another?.body.lease_id, held_until: null })
    expect([refused?.status, refused?.body.code]).toEqual([409, 'out_of_stock'])
    expect((await orderLate(1)).body.code).toBe('out_of_stock')
    expect((await orderLate(0)).body).toEqual(another?.body)
    const [ended] = (await world.ask('GET', `/leases?employee_id=${people[1]}`)).body.data
    expect(ended).toMatchObject({ status: 'terminated', outstanding_amount: 0 })
    const told = (await world.ask('GET', `/notifications?plan_id=${ended.lease_id}`)).body.data
    expect(told.map((one: { recipient: string; type: string }) => `${one.recipient} ${one.type}`).sort()).toEqual(
      ['back_office', 'client', 'customer'].map((whom) => `${whom} lease.terminated`),
    )
    for (const id of [another?.body.lease_id, ended.lease_id]) {
      const { checks } = (await world.ask('GET', `/leases/${id}/proof`)).body
      const differences = checks.flatMap((check: { differences: { kind: string }[] }) => check.differences)
      expect(differences.filter(({ kind }: { kind: string }) => kind === 'different')).toEqual([])
    }
  })

  it('does not go beyond what an employee may have, however many come at once', async () => {
    const [who, code] = [await employee(), await placeModel(world.orm, { units: 8 })]
    const answers = await Promise.all(Array.from({ length: 8 }, () => order({ employee_id: who, device_code: code })))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(answers.flatMap(({ body }) => body.code ?? [])).toEqual(Array(5).fill('lease_limit_reached'))
    expect((await units(code)).filter(({ status }) => status === 'reserved')).toHaveLength(3)
  })

  it('is for oneself and by the terms of the company, for an employee', async () => {
    const [who, other, code] = [await employee(), await employee(), await placeModel(world.orm)]
    const token = asEmployee(who)
    expect((await order({ employee_id: other, device_code: code }, { token })).body.code).toBe('unknown_employee')
    const cheap = await order({ employee_id: who, device_code: code, total_amount: 1, billing_day: 3 }, { token })
    expect([cheap.status, cheap.body.errors]).toMatchObject([
      422,
      [{ pointer: '/total_amount' }, { pointer: '/billing_day' }],
    ])
    const mine = await order({ employee_id: who, device_code: code }, { token })
    expect(mine.status).toBe(201)
    const theirs = asEmployee(other)
    expect((await world.ask('GET', `/leases/${mine.body.lease_id}`, { token: theirs })).status).toBe(404)
    expect((await world.ask('GET', '/me/leases', { token: theirs })).body.data).toEqual([])
    expect((await world.ask('GET', '/me/leases', { token })).body.data).toMatchObject([
      { lease_id: mine.body.lease_id },
    ])
    const canceled = await world.ask('DELETE', `/leases/${mine.body.lease_id}`, { token })
    expect([canceled.status, canceled.body.lease.ended.how]).toEqual([200, 'canceled'])
    expect((await units(code))[0]).toMatchObject({ status: 'available', lease_id: null })
  })

  it('paid by the employee makes them a customer of the gateway with their first method', async () => {
    const [who, code] = [await employee(), await placeModel(world.orm)]
    const asked = { employee_id: who, device_code: code, payer: 'employee' }
    expect((await order(asked)).body.code).toBe('payment_method_missing')
    expect((await units(code))[0]?.status).toBe('available')
    const made = await order({ ...asked, payment_method: 'pm_card_visa' })
    expect([made.status, made.body.lease?.payer]).toEqual([201, 'employee'])
  })
})

describe('a lease', () => {
  it('is listed by what it is about, and to a company its own only', async () => {
    const { id, who, code } = await delivered()
    const found = async (query: string, token = tokenOf()) =>
      (await world.ask('GET', `/leases?${query}`, { token })).body.data.map((one: { lease_id: string }) => one.lease_id)
    expect(await found(`device_code=${code}`)).toEqual([id])
    expect(await found(`employee_id=${who}&status=active&client_id=${client}`)).toEqual([id])
    expect(await found(`device_code=${code}&status=init`)).toEqual([])
    const other = await placeCompany(world.orm)
    const theirs = tokenOf({ sub: 'their-admin', roles: ['client_admin'], client: other })
    expect([await found(`device_code=${code}`, theirs), await found(`client_id=${client}`, theirs)]).toEqual([[], []])
    expect((await world.ask('GET', `/leases/${id}`, { token: theirs })).status).toBe(404)
    const ours = tokenOf({ sub: 'our-admin', roles: ['client_admin'], client })
    expect(await found(`device_code=${code}`, ours)).toEqual([id])
  })

  it('is told of to each as it concerns them: its employee, its company, and nobody of another', async () => {
    const { id, who } = await delivered()
    const told = async (token: string, query = `plan_id=${id}`) =>
      (await world.ask('GET', `/notifications?${query}`, { token })).body.data.map(
        (one: { type: string; recipient: string }) => `${one.recipient} ${one.type}`,
      )
    const of = (company: string) => tokenOf({ sub: company, roles: ['client_admin'], client: company })
    const [all, mine, ours] = [await told(tokenOf()), await told(asEmployee(who)), await told(of(client))]
    expect(all).toEqual(
      expect.arrayContaining(['back_office dispatch.wanted', 'client lease.delivered', 'customer lease.delivered']),
    )
    expect(mine).toEqual(all.filter((one: string) => one.startsWith('customer ')))
    expect(ours).toEqual(all.filter((one: string) => one.startsWith('client ')))
    expect(await told(of(client), `customer_id=${who}`)).toEqual(ours)
    expect(await told(of(await placeCompany(world.orm)))).toEqual([])
    expect(await told(asEmployee(await employee()))).toEqual([])
  })

  it('begins on the day of delivery, and is on the board until then', async () => {
    const [who, code] = [await employee(), await placeModel(world.orm)]
    const { lease_id: id } = (await order({ employee_id: who, device_code: code })).body
    const board = async (query = '') =>
      (await world.ask('GET', `/dispatch_board?device_code=${code}${query}`)).body.data
    expect(await board()).toMatchObject([
      {
        lease_id: id,
        status: 'init',
        employee: { employee_id: who, email: `${who}@example.com` },
        client: { client_id: client, office_address: '1 Front Street' },
        days_late: 0,
      },
    ])
    await post(`/leases/${id}/dispatched`, { tracking: 'T-1' })
    expect(await board('&status=init')).toEqual([])
    expect(await board('&status=dispatched')).toMatchObject([{ lease_id: id, tracking: 'T-1' }])
    const { body } = await post(`/leases/${id}/delivered`)
    expect(body.installments[0].due_date > body.start_date).toBe(true)
    expect(await board()).toEqual([])
    expect((await post(`/leases/${id}/out_of_stock`)).body.code).toBe('lease_step_wrong')
    const token = asEmployee(who)
    expect((await world.ask('DELETE', `/leases/${id}`, { token })).status).toBe(403)
  })

  it('that is out of stock takes another unit if there is one, and ends if there is none', async () => {
    const [who, code] = [await employee(), await placeModel(world.orm, { units: 2 })]
    const first = (await order({ employee_id: who, device_code: code })).body
    const id = first.lease_id
    const second = (await post(`/leases/${id}/out_of_stock`)).body
    expect(second).toMatchObject({ status: 'init' })
    expect(second.lease.unit.device_id).not.toBe(first.lease.unit.device_id)
    const third = (await post(`/leases/${id}/out_of_stock`)).body
    expect(third).toMatchObject({ status: 'terminated', outstanding_amount: 0 })
    expect((await units(code)).map(({ status, held_until }) => [status, held_until])).toEqual([
      ['maintenance', null],
      ['maintenance', null],
    ])
  })

  it('is covered later, and its device exchanged at the new monthly amount, as previewed', async () => {
    const { id, code } = await delivered()
    const cover = { body: { damage_waiver: true } }
    const preview = await world.ask('PATCH', `/leases/${id}?preview=true`, cover)
    const covered = await world.ask('PATCH', `/leases/${id}`, cover)
    expect(covered.body.adjustment).toEqual(preview.body.adjustment)
    expect(covered.body).toMatchObject({ total_amount: 86_000, lease: { damage_waiver_amount: 6_000 } })
    expect((await world.ask('PATCH', `/leases/${id}`, { body: { damage_waiver: true, total_amount: 1 } })).status).toBe(
      400,
    )

    const bigger = await placeModel(world.orm, { price: 200_000 })
    const wanted = { device_code: bigger, reason: 'broken screen' }
    const thought = await post(`/leases/${id}/exchange?preview=true`, wanted)
    expect((await units(bigger))[0]?.status).toBe('available')
    const done = await post(`/leases/${id}/exchange`, wanted)
    expect([done.status, done.body.adjustment]).toEqual([200, thought.body.adjustment])
    // A twelfth of 2,000.00 less the subsidy and a tenth and with 5.00 a month, for each of twelve months.
    expect(done.body).toMatchObject({ total_amount: 12 * 14_666, lease: { device: { code: bigger } } })
    expect([(await units(code))[0]?.status, (await units(bigger))[0]?.status]).toEqual(['maintenance', 'leased'])
    expect((await post(`/leases/${id}/exchange`, { device_code: bigger })).body.code).toBe('out_of_stock')
  })

  it('gives back the unit of an exchange that is refused', async () => {
    const { id, who } = await delivered()
    await post(`/leases/${id}/lost`, { how: 'stolen' })
    // What is owed for it cannot be cancelled away either.
    expect(await world.ask('DELETE', `/leases/${id}`)).toMatchObject({
      status: 409,
      body: { code: 'lease_step_wrong' },
    })
    const other = await placeModel(world.orm)
    expect((await post(`/leases/${id}/exchange`, { device_code: other })).status).toBe(409)
    expect((await units(other))[0]).toMatchObject({ status: 'available', lease_id: null })
    expect((await world.ask('GET', `/leases?employee_id=${who}`)).body.data).toHaveLength(1)
  })

  it('ends as chosen, by a buy-out or a loss, as previewed', async () => {
    const { id } = await delivered()
    expect((await post(`/leases/${id}/end_choice`, { choice: 'extend', months: 6 })).body.lease.end_choice).toEqual({
      choice: 'extend',
      months: 6,
    })
    expect((await post(`/leases/${id}/end_choice`, { choice: 'extend' })).status).toBe(400)
    const preview = await post(`/leases/${id}/buy_out?preview=true`)
    expect(preview.body).toMatchObject({ preview: true, total_amount: 90_000, lease: { ended: { how: 'buy_out' } } })
    expect((await world.ask('GET', `/leases/${id}`)).body).toMatchObject({
      total_amount: 80_000,
      lease: { ended: null },
    })
    const done = await post(`/leases/${id}/buy_out`)
    expect(done.body).toMatchObject({ preview: false, total_amount: 90_000, lease: { ended: { how: 'buy_out' } } })
  })
})
