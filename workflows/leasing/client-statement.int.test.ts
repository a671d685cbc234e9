import { setTimeout as sleep } from 'node:timers/promises'
import { endStatements, ensureStatements } from '../../api/leasing/statements/start.ts'
import { findCustomer } from '../../db/customers/people.ts'
import { Clients } from '../../db/leasing/clients.ts'
import { type StatementRow, Statements } from '../../db/leasing/statements.ts'
import { Escalations } from '../../db/plans/escalations.ts'
import { Plans } from '../../db/plans/plans.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import { addDays, civilOf, instantOf, startOfDay } from '../../domain/calendar.ts'
import type { StatementSettings } from '../../domain/leasing/store.ts'
import { addClient, addDeductions, addLeaseChanges, addLeases, MONTHLY } from '../../test/support/leasing.ts'
import { balancesOf } from '../../test/support/read-back.ts'
import { freshTaskQueue } from '../../test/support/servers.ts'
import { startWorkflowWorld, type WorkflowWorld } from '../../test/support/workflow-world.ts'
import { clockWorkflowId } from '../clocks/messages.ts'
import { changePaymentMethod, resolve } from '../plans/messages.ts'
import { standing, statementsWorkflowId } from './statement-messages.ts'

let world: WorkflowWorld
let count = 0
beforeAll(async () => {
  world = await startWorkflowWorld()
}, 120_000)
afterAll(async () => world?.close())

const em = () => world.orm.em.fork()
const CARD = { id: 'pm_card_visa', type: 'card', label: 'Visa 4242' }

type Given = { clock?: string; outcomes?: string[]; method?: typeof CARD | null; statement?: StatementSettings }

/** A client with two leases, whose statements are closed from now on. */
async function newClient({ clock, outcomes = [], method = CARD, statement = MONTHLY }: Given) {
  count += 1
  const [prefix, id] = [`w${count}`, `cli_w${count}`]
  const holder = await findCustomer(em(), { tenantId: 'acme', id: await world.customer(outcomes) })
  const gatewayCustomer = method && holder?.gatewayCustomerId
  await addClient(em(), { id, method, statement, ...(clock && { clock }), ...(gatewayCustomer && { gatewayCustomer }) })
  await addLeases(em(), { client: id, prefix, count: 2 })
  return { id, prefix, tenantId: 'acme' }
}

type Client = Awaited<ReturnType<typeof newClient>>

const ensure = (client: Client, taskQueue = world.taskQueue) =>
  ensureStatements({ orm: world.orm, temporal: world.client, now: () => new Date(), config: { taskQueue } }, client)
const take = (client: Client, number: number, at: string, amount = 10_000, lines = 2) =>
  addDeductions(em(), { prefix: client.prefix, count: lines, number, amount, at })
const statementsOf = (client: Client): Promise<StatementRow[]> =>
  em().find(Statements, { clientId: client.id }, { orderBy: { number: 'asc' } })
const handleOf = (client: Client) => world.client.workflow.getHandle(statementsWorkflowId(client.id))

async function until<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found) return found
    await sleep(100)
  }
}

describe("a client's statements", () => {
  it('close through a year at midnight of the client, each charged, credits set off by what comes after', async () => {
    const clock = await world.startClock('2027-01-20T12:00:00Z')
    const client = await newClient({ clock })
    await ensure(client)
    for (let month = 2; month <= 12; month++) {
      const at = `2027-${String(month).padStart(2, '0')}-15T14:00:00Z`
      await take(client, month, at)
      // More back in June than is taken in June and July together.
      if (month === 6) await take(client, 99, at, -50_000, 1)
    }
    const [one, other] = [`ls_${client.prefix}_1`, `ls_${client.prefix}_2`]
    await addLeaseChanges(em(), [
      { lease: one, change: 'began', at: '2027-01-21T14:00:00Z', monthly: 10_000 },
      { lease: other, change: 'began', at: '2027-01-22T14:00:00Z', monthly: 10_000 },
      { lease: one, change: 'ended', at: '2027-03-01T04:59:00Z', how: 'stolen' },
    ])
    await world.advanceTo(clock, '2028-01-02T00:00:00Z')
    const statements = await statementsOf(client)
    expect(statements.map(({ cutOff }) => cutOff)).toEqual([
      '2027-02-01T05:00:00Z',
      '2027-03-01T05:00:00Z',
      '2027-04-01T04:00:00Z',
      '2027-05-01T04:00:00Z',
      '2027-06-01T04:00:00Z',
      '2027-07-01T04:00:00Z',
      '2027-08-01T04:00:00Z',
      '2027-09-01T04:00:00Z',
      '2027-10-01T04:00:00Z',
      '2027-11-01T04:00:00Z',
      '2027-12-01T05:00:00Z',
      '2028-01-01T05:00:00Z',
    ])
    expect(statements.map(({ total, carriedOut }) => [total, carriedOut])).toEqual([
      [0, 0],
      ...Array(4).fill([20_000, 0]),
      [0, -30_000],
      [0, -10_000],
      [10_000, 0],
      ...Array(4).fill([20_000, 0]),
    ])
    expect(statements.map(({ counts }) => [counts.new, counts.changed, counts.ended])).toEqual([
      [2, 0, 0],
      [0, 0, 1],
      ...Array(10).fill([0, 0, 0]),
    ])
    expect(statements.map(({ number, status }) => [number, status])).toEqual(
      statements.map((_, k) => [k + 1, 'closed']),
    )
    for (const { id, total, planId, cutOff } of statements) {
      if (total === 0) expect(planId).toBeNull()
      else {
        const plan = await em().findOneOrFail(Plans, { id: planId ?? id })
        expect(plan).toMatchObject({ kind: 'statement', status: 'completed', paidAmount: total, customerId: client.id })
        const paid = await em().find(Transactions, { planId: plan.id })
        expect(paid.map((t) => [t.status, t.amount, t.createdAt])).toEqual([['succeeded', total, cutOff]])
        expect(await balancesOf(em(), 'acme', plan.id)).toEqual({
          receivable: 0,
          payroll: 0 - Number(total),
          cash: total,
        })
      }
    }
  }, 240_000)

  it('that cannot be charged are tried on the next day, escalated, and settled as any plan', async () => {
    const clock = await world.startClock('2027-01-20T12:00:00Z')
    const client = await newClient({ clock, outcomes: ['insufficient_funds', 'insufficient_funds'] })
    await ensure(client)
    await take(client, 1, '2027-01-25T14:00:00Z')
    await take(client, 2, '2027-02-25T14:00:00Z')
    // In one go: the retry comes on its day although another statement is far ahead.
    await world.advanceTo(clock, '2027-03-02T00:00:00Z')
    const [first, second] = await statementsOf(client)
    expect(await em().findOneOrFail(Plans, { id: first?.planId ?? '' })).toMatchObject({ status: 'past_due' })
    const tries = await em().find(Transactions, { planId: first?.planId ?? '' }, { orderBy: { attempt: 'asc' } })
    expect(tries.map((t) => [t.status, t.createdAt])).toEqual([
      ['failed', '2027-02-01T05:00:00Z'],
      ['failed', '2027-02-02T14:00:00Z'],
    ])
    // The next one is closed and charged meanwhile.
    expect(await em().findOneOrFail(Plans, { id: second?.planId ?? '' })).toMatchObject({ status: 'completed' })
    const escalation = await em().findOneOrFail(Escalations, { planId: first?.planId ?? '' })
    expect(escalation).toMatchObject({ reason: 'insufficient_funds', status: 'open', amount: 20_000 })
    const plan = world.client.workflow.getHandle(`statement-${first?.planId}`)
    await plan.executeUpdate(resolve, {
      args: [{ id: 'r1', escalation: escalation.id, action: 'retry', note: 'they have topped up' }],
    })
    await plan.result()
    expect(await em().findOneOrFail(Plans, { id: first?.planId ?? '' })).toMatchObject({ status: 'completed' })
    expect(await em().findOneOrFail(Escalations, { id: escalation.id })).toMatchObject({ status: 'resolved' })
  }, 240_000)

  it.each([
    ['deleted', (id: string) => em().nativeUpdate(Clients, { id }, { deletedAt: instantOf(Date.now()) })],
    ['not there any more', (id: string) => em().nativeDelete(Clients, { id })],
  ])(
    'end with the period when the client is %s, also when nobody has told them',
    async (_, remove) => {
      const clock = await world.startClock('2027-01-20T12:00:00Z')
      const client = await newClient({ clock })
      await ensure(client)
      await world.advanceTo(clock, '2027-01-21T00:00:00Z')
      await remove(client.id)
      await world.advanceTo(clock, '2027-04-15T00:00:00Z')
      await handleOf(client).result()
      expect((await statementsOf(client)).length).toBeLessThanOrEqual(1)
    },
    120_000,
  )

  it('are known to their clock when they are started, also when no worker has come to them yet', async () => {
    const clock = await world.startClock('2027-01-20T12:00:00Z')
    const client = await newClient({ clock })
    await ensure(client, freshTaskQueue())
    const handle = world.client.workflow.getHandle(clockWorkflowId(clock))
    // In its history when its present task is done.
    const joined = await until(async () => {
      const { events } = await handle.fetchHistory()
      return events?.some((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'join')
    })
    expect(joined).toBe(true)
  }, 60_000)

  it('that wait for a broker hold up no test clock', async () => {
    const clock = await world.startClock('2027-01-20T12:00:00Z')
    const client = await newClient({ clock, method: null })
    await ensure(client)
    await take(client, 2, '2027-02-15T14:00:00Z')
    await world.advanceTo(clock, '2027-03-15T00:00:00Z')
    const [, statement] = await statementsOf(client)
    const plan = await em().findOneOrFail(Plans, { id: statement?.planId ?? '' })
    expect(plan).toMatchObject({ status: 'past_due', escalated: true, nextBillingAt: null })
  }, 120_000)

  it('go on by new settings where the last one has ended', async () => {
    const clock = await world.startClock('2027-03-01T12:00:00Z')
    const client = await newClient({ clock })
    await ensure(client)
    await world.advanceTo(clock, '2027-04-10T12:00:00Z')
    const weekly: StatementSettings = { period: 'weekly', day: 3, timezone: 'Asia/Tokyo' }
    await em().nativeUpdate(Clients, { id: client.id }, { statement: weekly })
    await ensure(client)
    await until(async () => (await handleOf(client).query(standing)).settings.period === 'weekly')
    await world.advanceTo(clock, '2027-04-22T00:00:00Z')
    const statements = await statementsOf(client)
    expect(statements.map(({ periodStart, periodEnd, cutOff }) => [periodStart, periodEnd, cutOff])).toEqual([
      ['2027-03-01', '2027-03-31', '2027-04-01T04:00:00Z'],
      ['2027-04-01', '2027-04-06', '2027-04-06T15:00:00Z'],
      ['2027-04-07', '2027-04-13', '2027-04-13T15:00:00Z'],
      ['2027-04-14', '2027-04-20', '2027-04-20T15:00:00Z'],
    ])
  }, 240_000)

  it('that an outage has missed are closed one after the other, each with its own lines; a client that is deleted ends them', async () => {
    const client = await newClient({ method: null, statement: { period: 'weekly', day: 1, timezone: 'UTC' } })
    // In real time. The last statement that there is ends two Mondays and some days ago.
    const today = civilOf(instantOf(Date.now()), 'UTC')
    const ago = (days: number) => startOfDay(addDays(today, -days), 'UTC')
    await em().insert(Statements, {
      ...{
        id: `st_${client.prefix}_1`,
        tenantId: 'acme',
        clientId: client.id,
        number: 1,
        status: 'closed',
        counts: {},
      },
      ...{ periodStart: addDays(today, -20), periodEnd: addDays(today, -16), cutOff: ago(15), currency: 'USD' },
      ...{ createdAt: ago(15), closedAt: ago(15) },
    })
    for (const days of [14, 8, 7]) await take(client, days, ago(days), 100)
    await take(client, 20, ago(20), 100)
    await ensure(client)
    const ended = await until(async () => {
      const { next } = await handleOf(client).query(standing)
      return new Date(next.cutOff) > new Date() && (await statementsOf(client))
    })
    expect(ended.length).toBeGreaterThanOrEqual(3)
    const lines = await em().execute<{ n: string; at: string; cut: string; before: string }[]>(
      `select count(*) as n, bool_and(d.at < s.cut_off) as at, bool_and(d.at >= b.cut_off or d.id like '%\\_20\\_1') as before
        from payroll_deductions d join statements s on s.id = d.statement_id
        join statements b on b.client_id = s.client_id and b.number = s.number - 1 where d.client_id = ?`,
      [client.id],
    )
    expect(lines).toMatchObject([{ at: true, before: true }])
    const [, second] = ended
    const escalation = await until(() => em().findOne(Escalations, { planId: second?.planId ?? 'none' }))
    expect(escalation).toMatchObject({ reason: 'payment_method_invalid', code: 'payment_method_missing' })

    // Begun anew after somebody ended it, it repeats nothing.
    await handleOf(client).terminate('by a test')
    await ensure(client)
    await until(async () => (await handleOf(client).query(standing)).next)
    expect(await statementsOf(client)).toEqual(ended)

    const holder = await findCustomer(em(), { tenantId: 'acme', id: await world.customer() })
    await em().execute('update customers set gateway_customer_id = ? where id = ?', [
      holder?.gatewayCustomerId,
      client.id,
    ])
    const plan = world.client.workflow.getHandle(`statement-${second?.planId}`)
    await plan.executeUpdate(changePaymentMethod, {
      args: [{ id: 'm1', paymentMethod: { id: CARD.id, type: 'card' } }],
    })
    await plan.result()
    expect(await em().findOneOrFail(Plans, { id: second?.planId ?? '' })).toMatchObject({ status: 'completed' })

    await em().nativeUpdate(Clients, { id: client.id }, { deletedAt: instantOf(Date.now()) })
    const { statement } = await em().findOneOrFail(Clients, { id: client.id })
    await endStatements({ temporal: world.client }, { id: client.id, statement })
    await handleOf(client).result()
  }, 240_000)
})
