import type { MikroORM } from '@mikro-orm/postgresql'
import { addMonthsClamped } from '../../domain/calendar.ts'
import { endChosen } from '../../domain/leasing/end.ts'
import { PlayedLease } from '../../domain/leasing/example-lease.ts'
import { pause, resume } from '../../domain/plans/pause.ts'
import type { Pause } from '../../domain/plans/plan.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { addClient, addDeductions, addLeases } from '../../test/support/leasing.ts'
import { freshDatabase } from '../../test/support/servers.ts'
import { openDatabase } from '../orm.ts'
import { recordNewPlan } from '../plans/write.ts'
import { inTenant } from '../tenancy/scope.ts'
import { listPayroll } from './read-payroll.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
/** As the API has it, fenced in; and as the owner, for writing. */
let orm: MikroORM
let owner: MikroORM
beforeAll(async () => {
  database = await freshDatabase()
  orm = await openDatabase(database.urls.api, { role: 'api', keys: TEST_KEYS })
  owner = await openDatabase(database.url, { keys: TEST_KEYS })
})
afterAll(async () => {
  await Promise.all([orm.close(), owner.close()])
  await database.drop()
})

const em = () => owner.em.fork()

/** Deducted from January to March, and as it stands then. */
function lease(mode?: Pause['mode'], until: string | null = null): PlayedLease {
  const p = new PlayedLease().delivered().to('2027-03-20')
  if (mode) p.says((plan, now) => pause(plan, { mode, until }, now))
  return p
}

async function record(client: string, name: string, { plan }: PlayedLease): Promise<void> {
  const [id, customer] = [`ls_${name}`, `emp_${name}`]
  const owned = { ...plan, id, customer, tenant: 'acme', lease: plan.lease && { ...plan.lease, client } }
  await recordNewPlan(em(), owned, { request: {}, workflowId: `w-${id}`, runId: null, effects: [] })
}

/** Day and instalment by employee, over all pages of so many. */
async function payroll(client: string, month: string, { limit = 100, now = '2027-03-20T00:00:00Z' } = {}) {
  const from = `${month}-01`
  const asked = { tenant: 'acme', client, from, before: addMonthsClamped(from, 1), now }
  const found: Record<string, string[]> = {}
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof listPayroll>> = await inTenant('acme', () =>
      listPayroll(orm.em.fork(), asked, { limit, cursor }),
    )
    for (const { employee, lines } of page.data) {
      found[employee.slice(4)] = lines.map(({ date, installment }) => `${date} ${installment}`)
    }
    cursor = page.nextCursor
  } while (cursor !== null)
  return found
}

it('what was chosen for the end of the term is known before', async () => {
  await addClient(em(), { id: 'cli_end' })
  for (const choice of [{ choice: 'return' }, { choice: 'buy_out' }, { choice: 'extend', months: 2 }] as const) {
    const played = lease()
    played.says((plan) => endChosen(plan, choice))
    await record('cli_end', choice.choice, played)
  }
  const [first, second] = [await payroll('cli_end', '2028-01'), await payroll('cli_end', '2028-02')]
  expect(first).toEqual({ buy_out: ['2028-01-15 13'], extend: ['2028-01-15 13'] })
  expect(second).toEqual({ extend: ['2028-02-15 14'] })
})

it('what is to come is in the month in which it will be attempted, and in none while nobody knows which', async () => {
  await addClient(em(), { id: 'cli_a' })
  const until = '2027-06-20T00:00:00Z'
  const all = {
    plain: lease(),
    caught_up: lease('catch_up', until),
    across: lease('catch_up', '2027-05-31T00:00:00Z'),
    moved: lease('extend', until),
    open: lease('catch_up'),
    open_moved: lease('extend'),
  }
  for (const [name, played] of Object.entries(all)) await record('cli_a', name, played)
  const expected = {
    '2027-04': { plain: ['2027-04-15 4'] },
    '2027-05': { plain: ['2027-05-15 5'], across: ['2027-05-31 4'] },
    '2027-06': {
      plain: ['2027-06-15 6'],
      caught_up: ['2027-06-20 4', '2027-06-21 5', '2027-06-22 6'],
      across: ['2027-06-01 5', '2027-06-15 6'],
    },
    '2027-07': {
      ...{ plain: ['2027-07-15 7'], caught_up: ['2027-07-15 7'] },
      ...{ across: ['2027-07-15 7'], moved: ['2027-07-15 7'] },
    },
    '2028-01': { moved: ['2028-01-15 4'] },
    '2028-03': { moved: ['2028-03-15 6'] },
    '2028-04': {},
  }
  for (const [month, wanted] of Object.entries(expected)) {
    expect([month, await payroll('cli_a', month)]).toEqual([month, wanted])
    expect([month, await payroll('cli_a', month, { limit: 1 })]).toEqual([month, wanted])
  }
})

it('what a pause of unknown end has held back is to come as soon as that is over, one a day', async () => {
  await addClient(em(), { id: 'cli_b' })
  const p = lease('catch_up').to('2027-05-31T06:00:00Z')
  p.says(resume)
  await record('cli_b', 'resumed', p)
  const now = p.now
  expect(await payroll('cli_b', '2027-04', { now })).toEqual({})
  expect(await payroll('cli_b', '2027-05', { now })).toEqual({ resumed: ['2027-05-31 4'] })
  expect(await payroll('cli_b', '2027-06', { now })).toEqual({ resumed: ['2027-06-01 5', '2027-06-15 6'] })
})

it('20,000 leases: a page costs what its employees have, not what the company has', async () => {
  await addClient(em(), { id: 'cli_c' })
  await addLeases(em(), { client: 'cli_c', prefix: 'c', count: 20_000, employees: 10_000 })
  await addDeductions(em(), { prefix: 'c', count: 20_000, number: 1, amount: 10_000, at: '2027-02-15T14:00:00Z' })
  await em().execute(
    `insert into installments (plan_id, tenant_id, number, due_date, due_at, amount, paid_amount, status, next_attempt_at, state)
      select l.plan_id, 'acme', n, d.due, d.due + time '14:00', 10000, 0, 'scheduled', d.due + time '14:00',
        jsonb_build_object('number', n, 'dueDate', d.due, 'amount', 10000, 'paid', 0, 'status', 'scheduled')
          || '{"open": null, "openLink": null, "atOnce": null, "firstTriedOn": null, "retryOn": null}'
      from leases l, generate_series(2, 12) n,
        lateral (select ('2027-01-15'::date + make_interval(months => n - 1))::date as due) d
      where l.client_id = 'cli_c'`,
  )
  await em().execute('analyze')
  const from = '2027-06-01'
  const asked = { tenant: 'acme', client: 'cli_c', from, before: '2027-07-01', now: '2027-02-20T00:00:00Z' }
  const began = performance.now()
  const { data } = await inTenant('acme', () => listPayroll(orm.em.fork(), asked, { limit: 100 }))
  const ms = Math.round(performance.now() - began)
  expect(data.map(({ lines }) => lines.length)).toEqual(Array(100).fill(2))
  expect(
    data.flatMap(({ lines }) => lines).every(({ date, amount }) => date === '2027-06-15' && amount === 10_000),
  ).toBe(true)
  console.log(`the first 100 of 10,000 employees in ${ms} ms`)
}, 120_000)
