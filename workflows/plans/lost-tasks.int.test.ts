import { isDeepStrictEqual } from 'node:util'
import type { WorkflowHandle } from '@temporalio/client'
import { Installments } from '../../db/plans/installments.ts'
import { Plans } from '../../db/plans/plans.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import { startProxy, type TcpProxy } from '../../test/faults/proxy.ts'
import { temporalAddress } from '../../test/support/servers.ts'
import { startWorkflowWorld, type WorkflowWorld } from '../../test/support/workflow-world.ts'
import * as messages from './messages.ts'

let world: WorkflowWorld
let way: TcpProxy
beforeAll(async () => {
  world = await startWorkflowWorld()
  way = await startProxy(Number(temporalAddress().split(':')[1]))
  await world.stopWorker()
  await world.startWorker(`127.0.0.1:${way.port}`)
}, 120_000)
afterAll(async () => {
  await world?.close()
  await way?.close()
})

const NOW = '2027-01-14T12:00:00Z'
const BILLING = '2027-01-15T14:00:00Z'

/**
 * What a workflow task does in the world stays done when the task is lost before it ends. The task that is tried instead
 * brings messages that have come meanwhile, and hears them first.
 */
describe('after a workflow task that was lost, when a command came meanwhile', () => {
  it('a charge that was made in it is known to the plan', async () => {
    const { plan, handle } = await planAt(NOW)
    await fault({ mode: 'slow', count: 1, ms: 700 })
    await handle.signal(messages.clockTick, { now: BILLING, tick: 1 })
    await until(async () => (await transactionsOf(plan)).length === 1)
    way.setOpen(false)
    await until(async () => (await transactionsOf(plan)).every(({ status }) => status === 'succeeded'))
    await until(() => isTimedOut(handle))
    const canceled = handle.executeUpdate(messages.cancel, { args: [{ id: 'c1' }] })
    await handle.signal(messages.gatewayNews, { transaction: `txn_${plan.id.slice(3)}_1_1` })
    way.setOpen(true)

    await expect(canceled).resolves.toMatchObject({ chargeOfTheDay: 'before' })
    await agreeing(handle)
    const [first] = await installmentsOf(plan)
    expect(first).toMatchObject({ status: 'paid', attempts: 1, paid: 10_000 })
  }, 120_000)

  it('a change that was decided in it is the one that is written, or none', async () => {
    const { plan, handle } = await planAt(NOW)
    const letGo = await holdRow(plan)
    const adjusted = handle.executeUpdate(messages.adjust, { args: [{ id: 'a1', totalAmount: 150_000 }] })
    await until(isRowWaitedFor)
    way.setOpen(false)
    await letGo()
    // Unless it ended before anything was written.
    await until(async () => (await isTimedOut(handle)) || (await isScheduled(handle, 'recordChange')))
    await handle.signal(messages.clockTick, { now: BILLING, tick: 1 })
    way.setOpen(true)

    await expect(adjusted).resolves.toMatchObject({ changed: true })
    await until(async () => (await transactionsOf(plan)).some(({ status }) => status === 'succeeded'))
    await agreeing(handle)
  }, 120_000)
})

async function planAt(now: string): Promise<{ plan: Plan; handle: WorkflowHandle }> {
  const plan = await world.startPlan(await world.customer(), await world.startClock(now), now)
  return { plan, handle: world.client.workflow.getHandle(messages.planWorkflowId(plan)) }
}

const transactionsOf = ({ id }: Plan) => world.orm.em.fork().find(Transactions, { planId: id })

async function installmentsOf({ id }: Pick<Plan, 'id'>) {
  const rows = await world.orm.em.fork().find(Installments, { planId: id }, { orderBy: { number: 'asc' } })
  return rows.map(({ state }) => state)
}

/** The rows say what the workflow says. */
async function agreeing(handle: WorkflowHandle): Promise<void> {
  const both = async () => {
    const plan = await handle.query(messages.currentPlan)
    const { state } = await world.orm.em.fork().findOneOrFail(Plans, { id: plan.id })
    const ours = {
      installments: plan.installments,
      total: plan.total,
      lifecycle: plan.lifecycle,
      change: plan.sequence.change,
    }
    const { total, lifecycle, sequence } = state
    return [ours, { installments: await installmentsOf(plan), total, lifecycle, change: sequence.change }]
  }
  await until(async () => {
    const [ours, written] = await both()
    return isDeepStrictEqual(ours, written)
  }).catch(() => {})
  const [ours, written] = await both()
  expect(written).toEqual(ours)
}

/** As another transaction would; resolves to what lets it go. */
async function holdRow({ id }: Plan): Promise<() => Promise<void>> {
  const em = world.orm.em.fork()
  await em.begin()
  await em.execute('select 1 from plans where id = ? for update', [id])
  return () => em.commit()
}

async function isRowWaitedFor(): Promise<boolean> {
  const waiting = await world.orm.em
    .fork()
    .execute(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)
  return waiting.length > 0
}

/** The worker cannot say that it has done its workflow task: the server gives it up. */
async function isTimedOut(handle: WorkflowHandle): Promise<boolean> {
  return (await eventsOf(handle)).some((event) => event.workflowTaskTimedOutEventAttributes)
}

async function isScheduled(handle: WorkflowHandle, activity: string): Promise<boolean> {
  const events = await eventsOf(handle)
  return events.some((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity)
}

async function eventsOf(handle: WorkflowHandle) {
  return (await handle.fetchHistory()).events ?? []
}

async function until(is: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 40_000
  while (!(await is())) {
    if (Date.now() > end) throw new Error('It has not come to pass')
    await new Promise((done) => setTimeout(done, 50))
  }
}

async function fault(how: Record<string, unknown>): Promise<void> {
  const body = JSON.stringify(how)
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${world.stripe}/_sandbox/faults`, { method: 'POST', headers, body })
  expect(answer.status).toBeLessThan(300)
}
