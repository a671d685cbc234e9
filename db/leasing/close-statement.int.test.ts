import type { MikroORM } from '@mikro-orm/postgresql'
import { openPeriod, type Period, sinceEndOf } from '../../domain/leasing/statements.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { addClient, addDeductions, addLeaseChanges, addLeases, MONTHLY } from '../../test/support/leasing.ts'
import { freshDatabase } from '../../test/support/servers.ts'
import { openDatabase } from '../orm.ts'
import { Events } from '../plans/events.ts'
import { Notifications } from '../plans/notifications.ts'
import { inTenant } from '../tenancy/scope.ts'
import {
  closeStatement,
  hasWaitingLines,
  linesOf,
  NoSuchClient,
  noteCharge,
  openStatement,
  putLeaseChanges,
  putLines,
} from './close-statement.ts'
import { LeaseChanges } from './lease-changes.ts'
import { listLeaseChanges } from './read-lease-changes.ts'
import { allLeaseChanges, allLines, listLines } from './read-statements.ts'
import { PayrollDeductions, Statements } from './statements.ts'

const BATCH = 1_000
const FEBRUARY = openPeriod({ date: '2027-02-01', at: '2027-02-01T05:00:00Z' }, MONTHLY)
const MARCH = openPeriod(sinceEndOf(FEBRUARY), MONTHLY)
const IN_FEBRUARY = '2027-02-10T14:00:00Z'

let database: Awaited<ReturnType<typeof freshDatabase>>
/** As a worker has it, fenced in; and as the owner, for looking. */
let orm: MikroORM
let owner: MikroORM
let count = 0

beforeAll(async () => {
  database = await freshDatabase()
  orm = await openDatabase(database.urls.worker, { role: 'worker', keys: TEST_KEYS })
  owner = await openDatabase(database.url, { keys: TEST_KEYS })
})
afterAll(async () => {
  await Promise.all([orm.close(), owner.close()])
  await database.drop()
})

const em = () => orm.em.fork()
const look = () => owner.em.fork()
const acme = <T>(work: () => Promise<T>) => inTenant('acme', work)

/** A client with so many leases and a line of 100 for each in February. */
async function clientWith(leases: number, lines = leases): Promise<{ id: string; tenant: string; prefix: string }> {
  count += 1
  const prefix = `c${count}`
  const id = `cli_${prefix}`
  await addClient(look(), { id })
  if (leases > 0) await addLeases(look(), { client: id, prefix, count: leases })
  if (lines > 0) await addDeductions(look(), { prefix, count: lines, number: 1, amount: 100, at: IN_FEBRUARY })
  return { id, tenant: 'acme', prefix }
}

/** Opens, fills and closes, as the workflow has it done. */
async function closed(client: { id: string; tenant: string }, period: Period) {
  return acme(async () => {
    const { id } = await openStatement(em(), client, period, period.cutOff)
    while ((await putLines(em(), id, BATCH)) === BATCH);
    while ((await putLeaseChanges(em(), id, BATCH)) === BATCH);
    return closeStatement(em(), id, period.cutOff)
  })
}

async function leasesOn(statement: { id: string; tenantId: string }) {
  const { data } = await acme(() => listLeaseChanges(em(), statement, { limit: 100 }))
  return data
}

describe('closing a statement', () => {
  it('takes the lines from before its end, in any order in which they were written, and says what they come to', async () => {
    const client = await clientWith(3)
    await addDeductions(look(), { prefix: client.prefix, count: 1, number: 2, amount: -40, at: '2027-02-20T00:00:00Z' })
    await addDeductions(look(), { prefix: client.prefix, count: 3, number: 3, amount: 100, at: FEBRUARY.cutOff })
    const statement = await closed(client, FEBRUARY)
    expect(statement).toMatchObject({
      number: 1,
      status: 'closed',
      periodStart: '2027-02-01',
      periodEnd: '2027-02-28',
      cutOff: '2027-03-01T05:00:00Z',
      lines: 4,
      linesAmount: 260,
      total: 260,
      counts: { new: 0, changed: 0, ended: 0, credits: 1 },
    })
    expect(await acme(() => hasWaitingLines(em(), client))).toBe(true)
    expect(await closed(client, MARCH)).toMatchObject({ number: 2, lines: 3, total: 300 })
    expect(await acme(() => hasWaitingLines(em(), client))).toBe(false)
  })

  it('leaves a line that comes late to the next one', async () => {
    const client = await clientWith(2)
    await closed(client, FEBRUARY)
    await addDeductions(look(), { prefix: client.prefix, count: 1, number: 7, amount: 100, at: IN_FEBRUARY })
    expect(await closed(client, MARCH)).toMatchObject({ lines: 1, total: 100, periodStart: '2027-03-01' })
  })

  it('carries over what cannot be set off, until it is', async () => {
    const client = await clientWith(1)
    const prefix = client.prefix
    await addDeductions(look(), { prefix, count: 1, number: 2, amount: -450, at: IN_FEBRUARY })
    expect(await closed(client, FEBRUARY)).toMatchObject({ linesAmount: -350, total: 0, carriedOut: -350 })
    await addDeductions(look(), { prefix, count: 1, number: 3, amount: 200, at: '2027-03-10T00:00:00Z' })
    expect(await closed(client, MARCH)).toMatchObject({ carriedIn: -350, linesAmount: 200, total: 0, carriedOut: -150 })
    const april = openPeriod(sinceEndOf(MARCH), MONTHLY)
    await addDeductions(look(), { prefix, count: 1, number: 4, amount: 200, at: '2027-04-10T00:00:00Z' })
    expect(await closed(client, april)).toMatchObject({ carriedIn: -150, total: 50, carriedOut: 0 })
  })

  it('lists the leases that began, changed and ended within the period, each once, and counts them', async () => {
    const client = await clientWith(4)
    const lease = (n: number) => `ls_${client.prefix}_${n}`
    await addLeaseChanges(look(), [
      { lease: lease(1), change: 'began', at: '2027-02-02T00:00:00Z', monthly: 10_000 },
      { lease: lease(2), change: 'began', at: '2027-02-28T23:00:00Z', monthly: 9_000 },
      { lease: lease(3), change: 'began', at: FEBRUARY.cutOff, monthly: 8_000 },
      { lease: lease(1), change: 'changed', at: '2027-02-03T00:00:00Z', monthly: 12_000, previousMonthly: 10_000 },
      {
        ...{ lease: lease(1), change: 'changed', at: '2027-02-20T00:00:00Z', monthly: 15_000, previousMonthly: 12_000 },
        ...{ device: 'Tablet', previousDevice: 'Phone' },
      },
      { lease: lease(4), change: 'ended', at: '2027-02-04T00:00:00Z', previousMonthly: 7_000, how: 'transfer' },
    ])
    const february = await closed(client, FEBRUARY)
    expect(february.counts).toEqual({ new: 2, changed: 1, ended: 1, credits: 0 })
    const nothing = { previousDevice: null, monthly: null, previousMonthly: null, how: null }
    const phone = { ...nothing, model: 'phone-12', device: 'phone-12', employeeName: null }
    const of = (n: number) => ({ employee: `emp_${client.prefix}_${n}`, lease: lease(n) })
    const listed = [
      { ...phone, ...of(1), change: 'began', since: '2027-02-02', monthly: 10_000 },
      { ...phone, ...of(2), change: 'began', since: '2027-02-28', monthly: 9_000 },
      {
        ...{ ...phone, ...of(1), change: 'changed', since: '2027-02-20', device: 'Tablet', previousDevice: 'Phone' },
        ...{ monthly: 15_000, previousMonthly: 10_000 },
      },
      { ...phone, ...of(4), change: 'ended', since: '2027-02-04', previousMonthly: 7_000, how: 'transfer' },
    ]
    expect(await leasesOn(february)).toEqual(listed)
    const march = await closed(client, MARCH)
    expect([march.counts, await leasesOn(march)]).toEqual([
      { new: 1, changed: 0, ended: 0, credits: 0 },
      [{ ...phone, ...of(3), change: 'began', since: '2027-03-01', monthly: 8_000 }],
    ])
  })

  it('goes on listing what it did when it was closed, whatever becomes of leases, models and employees', async () => {
    const client = await clientWith(1)
    const lease = `ls_${client.prefix}_1`
    await addLeaseChanges(look(), [{ lease, change: 'began', at: IN_FEBRUARY, monthly: 10_000 }])
    const february = await closed(client, FEBRUARY)
    const before = await leasesOn(february)
    await look().execute(`update leases set model_code = 'tablet', payer = 'employee' where plan_id = ?`, [lease])
    // Known late, of the time before: it is on the next one.
    await addLeaseChanges(look(), [{ lease, change: 'ended', at: IN_FEBRUARY, how: 'lost' }])
    expect(await leasesOn(february)).toEqual(before)
    expect(await leasesOn(await closed(client, MARCH))).toMatchObject([{ lease, change: 'ended', how: 'lost' }])
  })

  it('tells the world and the client once, and nobody of an empty one but the world', async () => {
    const client = await clientWith(1)
    const { id } = await closed(client, FEBRUARY)
    await closed(client, FEBRUARY)
    await acme(() => closeStatement(em(), id, '2027-04-01T00:00:00Z'))
    const empty = await closed(client, MARCH)
    const events = await look().find(Events, { type: 'statement.closed', data: { client_id: client.id } as never })
    expect(events.map(({ data }) => data.statement_id)).toEqual([id, empty.id])
    expect(await look().find(Notifications, { customerId: client.id })).toMatchObject([
      { statementId: id, planId: null, recipient: 'client', type: 'statement.closed', status: 'queued' },
    ])
  })

  it('goes on with the one that is being closed, whatever the settings have become', async () => {
    const client = await clientWith(2)
    const first = await acme(() => openStatement(em(), client, FEBRUARY, FEBRUARY.cutOff))
    const again = await acme(() => openStatement(em(), client, MARCH, MARCH.cutOff))
    expect(again).toMatchObject({ id: first.id, cutOff: FEBRUARY.cutOff })
  })

  it('is for the clients of the tenant', async () => {
    const client = await clientWith(1)
    const other = inTenant('rival', () =>
      openStatement(em(), { ...client, tenant: 'rival' }, FEBRUARY, FEBRUARY.cutOff),
    )
    await expect(other).rejects.toThrow(NoSuchClient)
  })

  it('leaves out another currency, rather than add it', async () => {
    const client = await clientWith(2, 0)
    await addDeductions(look(), { prefix: client.prefix, count: 1, number: 1, amount: 100, at: IN_FEBRUARY })
    const other = { prefix: client.prefix, count: 1, from: 2, number: 1, amount: 7, currency: 'EUR', at: IN_FEBRUARY }
    await addDeductions(look(), other)
    expect(await closed(client, FEBRUARY)).toMatchObject({ lines: 1, total: 100 })
    expect(await acme(() => hasWaitingLines(em(), client))).toBe(true)
  })

  it('notes the plan that charges it, the first one only', async () => {
    const client = await clientWith(1)
    const { id } = await closed(client, FEBRUARY)
    await acme(() => noteCharge(em(), id, 'sp_a'))
    await acme(() => noteCharge(em(), id, 'sp_b'))
    expect(await look().findOneOrFail(Statements, { id })).toMatchObject({ planId: 'sp_a' })
  })
})

describe('the database', () => {
  it('keeps a line on its statement, and off one that is closed or is not its own', async () => {
    const client = await clientWith(2)
    const other = await clientWith(1)
    const { id } = await closed(client, FEBRUARY)
    const next = await acme(() => openStatement(em(), client, MARCH, MARCH.cutOff))
    const put = (line: string, statement: string) =>
      look().execute('update payroll_deductions set statement_id = ? where id = ?', [statement, line])
    const [line] = await look().find(PayrollDeductions, { statementId: id })
    await expect(put(line?.id ?? '', next.id)).rejects.toThrow('it is put on a statement once, and stays')
    await expect(put(`txn_${other.prefix}_1_1_1`, next.id)).rejects.toThrow('does not belong on statement')
    await addDeductions(look(), { prefix: client.prefix, count: 1, number: 9, amount: 1, at: IN_FEBRUARY })
    await expect(put(`txn_${client.prefix}_1_9_1`, id)).rejects.toThrow('does not belong on statement')
    await addDeductions(look(), { prefix: client.prefix, count: 1, number: 10, amount: 1, at: MARCH.cutOff })
    await expect(put(`txn_${client.prefix}_1_10_1`, next.id)).rejects.toThrow('does not belong on statement')
    await expect(look().nativeUpdate(Statements, { id }, { total: 1, linesAmount: 1 })).rejects.toThrow(
      'stays as it is',
    )
  })

  it('keeps what is listed of a lease as it was written, and on the statement of its own client', async () => {
    const client = await clientWith(1)
    const other = await clientWith(1)
    await addLeaseChanges(look(), [
      { lease: `ls_${client.prefix}_1`, change: 'began', at: IN_FEBRUARY, monthly: 10_000 },
      { lease: `ls_${other.prefix}_1`, change: 'began', at: IN_FEBRUARY, monthly: 10_000 },
      { lease: `ls_${client.prefix}_1`, change: 'changed', at: MARCH.cutOff },
      { lease: `ls_${client.prefix}_1`, change: 'changed', at: '2027-03-02T00:00:00Z', currency: 'EUR' },
    ])
    const { id } = await closed(client, FEBRUARY)
    const next = await acme(() => openStatement(em(), client, MARCH, MARCH.cutOff))
    const all = await look().find(LeaseChanges, { clientId: [client.id, other.id] }, { orderBy: { at: 'asc' } })
    const put = (change: string | undefined, statement: string | null) =>
      look().nativeUpdate(LeaseChanges, { id: change ?? '' }, { statementId: statement })
    const placed = all.find(({ statementId }) => statementId === id)
    for (const statement of [next.id, null]) {
      await expect(put(placed?.id, statement)).rejects.toThrow('it is put on a statement once, and stays')
    }
    for (const { id: waiting } of all.filter(({ statementId }) => !statementId)) {
      await expect(put(waiting, id)).rejects.toThrow('does not belong on statement')
      await expect(put(waiting, next.id)).rejects.toThrow('does not belong on statement')
      await expect(look().nativeUpdate(LeaseChanges, { id: waiting }, { monthlyAmount: 1 })).rejects.toThrow('stays')
    }
    await expect(look().nativeDelete(LeaseChanges, { id: placed?.id ?? '' })).rejects.toThrow()
  })
})

describe('20,000 lines', () => {
  const LINES = 20_000

  it('are closed in batches, gone on with after a crash, by two at once, in bounded memory', async () => {
    const client = await clientWith(LINES)
    // And every lease began in the period.
    await look().execute(
      `insert into lease_changes (id, tenant_id, client_id, employee_id, plan_id, change, model_code, device,
          monthly_amount, currency, date, at)
        select 'lch_' || plan_id || '_began', tenant_id, client_id, employee_id, plan_id, 'began', model_code, model_code,
          100, 'USD', '2027-02-02', '2027-02-02T00:00:00Z' from leases where client_id = ?`,
      [client.id],
    )
    const began = performance.now()
    const { id } = await acme(() => openStatement(em(), client, FEBRUARY, FEBRUARY.cutOff))
    expect(await acme(() => linesOf(em(), id))).toEqual({ placed: 0, waiting: LINES })
    await acme(() => putLines(em(), id, BATCH))
    // A worker that is killed loses the batch that it was at, and no other.
    const killed = acme(() =>
      em().transactional(async (tx) => {
        await putLines(tx, id, BATCH)
        throw new Error('killed')
      }),
    )
    await expect(killed).rejects.toThrow('killed')
    expect(await acme(() => linesOf(em(), id))).toEqual({ placed: BATCH, waiting: LINES - BATCH })
    const closer = async () => {
      let placed = 0
      for (let put = BATCH; put > 0; placed += put) put = await acme(() => putLines(em(), id, BATCH))
      while ((await acme(() => putLeaseChanges(em(), id, BATCH))) > 0);
      return { placed, closed: await acme(() => closeStatement(em(), id, FEBRUARY.cutOff)) }
    }
    const [one, two] = await Promise.all([closer(), closer()])
    const ms = Math.round(performance.now() - began)
    expect(one.placed + two.placed).toBe(LINES - BATCH)
    expect(one.closed).toEqual(two.closed)
    expect(one.closed).toMatchObject({ lines: LINES, total: LINES * 100, counts: { new: LINES } })

    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    let [read, most] = [0, 0]
    for (const parts of [allLines(em, one.closed), allLeaseChanges(em, one.closed)]) {
      for await (const part of parts) {
        read += part.length
        most = Math.max(most, process.memoryUsage().heapUsed - before)
      }
    }
    expect(read).toBe(2 * LINES)
    expect(most).toBeLessThan(100e6)
    console.log(
      `20,000 lines and as many new leases closed in ${ms} ms, and read with ${Math.round(most / 1e6)} MB more of heap`,
    )
  }, 120_000)
})

describe('the lines of a statement', () => {
  it('come in pages by employee, each once', async () => {
    count += 1
    const prefix = `c${count}`
    const client = { id: `cli_${prefix}`, tenant: 'acme' }
    await addClient(look(), { id: client.id })
    await addLeases(look(), { client: client.id, prefix, count: 7, employees: 2 })
    await addDeductions(look(), { prefix, count: 7, number: 1, amount: 100, at: IN_FEBRUARY })
    const statement = await closed(client, FEBRUARY)
    const found: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof listLines>> = await acme(() =>
        listLines(em(), statement, { limit: 3, cursor }),
      )
      found.push(...page.data.map(({ employee, lease }) => `${employee} ${lease}`))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(found).toHaveLength(7)
    expect(found).toEqual([...new Set(found)].toSorted())
  })
})
