import { JournalEntries } from '../../db/plans/ledger.ts'
import { findPlan } from '../../db/plans/read.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import { runsOf } from '../../test/replay/histories.ts'
import { installmentsOf, loadPlan } from '../../test/support/read-back.ts'
import { startWorkflowWorld, type WorkflowWorld } from '../../test/support/workflow-world.ts'
import * as messages from '../plans/messages.ts'

let world: WorkflowWorld
beforeAll(async () => {
  world = await startWorkflowWorld()
}, 120_000)
afterAll(async () => world?.close())

const NOW = '2027-01-14T12:00:00Z'

describe('a financing term', () => {
  it('charges every instalment of a year and completes', async () => {
    const clock = await world.startClock(NOW)
    const plan = await world.startPlan(await world.customer(), clock, NOW)
    await world.advanceTo(clock, '2028-01-16T00:00:00Z')
    const row = await findPlan(world.orm.em.fork(), 'acme', plan.id)
    expect(row).toMatchObject({ status: 'completed', paidAmount: 120_000, outstandingAmount: 0, nextBillingAt: null })
    const rows = await installmentsOf(world.orm.em.fork(), 'acme', plan.id)
    expect(rows.map((i) => i.status)).toEqual(Array(12).fill('paid'))
    await expect(world.client.workflow.getHandle(messages.planWorkflowId(plan)).result()).resolves.toBeUndefined()
  }, 120_000)

  it('says in one line, of our sources, where an error was thrown: the SDK takes a stack of every promise', async () => {
    const clock = await world.startClock(NOW)
    const plan = await world.startPlan(await world.customer(), clock, NOW)
    const resumed = world.client.workflow
      .getHandle(messages.planWorkflowId(plan))
      .executeUpdate(messages.resume, { args: [{ id: 'r1' }] })
    await expect(resumed).rejects.toMatchObject({
      cause: {
        stack: expect.stringMatching(/^ApplicationFailure: The plan is not paused\.\n {4}at .*\.ts:\d+:\d+\)$/),
      },
    })
  }, 120_000)

  it('lives its year in short runs', async () => {
    const clock = await world.startClock(NOW)
    const plan = await world.startPlan(await world.customer(), clock, NOW)
    await world.advanceTo(clock, '2028-01-16T00:00:00Z')
    const lengths = (await runsOf(world.client, messages.planWorkflowId(plan))).map(({ events }) => events?.length ?? 0)
    expect(lengths.length).toBeGreaterThan(2)
    // Those that have something under way then go on a little longer.
    expect(Math.min(...lengths.slice(0, -1))).toBeLessThan(60)
  }, 120_000)

  it('retries on the next day and escalates what is declined again; a broker has it tried once more', async () => {
    const clock = await world.startClock(NOW)
    const plan = await world.startPlan(await world.customer(['insufficient_funds', 'insufficient_funds']), clock, NOW)
    await world.advanceTo(clock, '2027-01-20T00:00:00Z')
    const em = world.orm.em.fork()
    expect(await findPlan(em, 'acme', plan.id)).toMatchObject({ status: 'past_due', escalated: true })
    const handle = world.client.workflow.getHandle(messages.planWorkflowId(plan))
    const escalation = (await loadPlan(em, 'acme', plan.id))?.installments[0]?.escalation ?? ''
    await handle.executeUpdate(messages.resolve, {
      args: [{ id: 'c1', escalation, action: 'retry', note: 'card was topped up' }],
    })
    await world.advanceTo(clock, '2027-01-21T00:00:00Z')
    expect(await findPlan(world.orm.em.fork(), 'acme', plan.id)).toMatchObject({
      status: 'active',
      escalated: false,
      paidAmount: 10_000,
    })
    const made = await world.orm.em.fork().find(Transactions, { planId: plan.id }, { orderBy: { attempt: 'asc' } })
    expect(made.map((t) => [t.attempt, t.status, t.createdAt])).toEqual([
      [1, 'failed', '2027-01-15T14:00:00Z'],
      [2, 'failed', '2027-01-16T14:00:00Z'],
      [3, 'succeeded', '2027-01-20T00:00:00Z'],
    ])
  }, 120_000)

  it('adjusts, and gives back on cancellation what the terms say', async () => {
    const clock = await world.startClock(NOW)
    const plan = await world.startPlan(await world.customer(), clock, NOW)
    await world.advanceTo(clock, '2027-03-20T00:00:00Z')
    const handle = world.client.workflow.getHandle(messages.planWorkflowId(plan))
    const answer = await handle.executeUpdate(messages.adjust, { args: [{ id: 'a1', totalAmount: 150_000 }] })
    expect(answer).toMatchObject({
      changed: true,
      previousTotal: 120_000,
      total: 150_000,
      refunded: 0,
      charged: 0,
      provisional: false,
    })
    const rows = await installmentsOf(world.orm.em.fork(), 'acme', plan.id)
    expect(rows.map((i) => i.amount)).toEqual([10_000, 10_000, 10_000, ...Array(8).fill(13_333), 13_336])
    await handle.executeUpdate(messages.cancel, { args: [{ id: 'c1' }] })
    await world.advanceTo(clock, '2027-03-21T00:00:00Z')
    const row = await findPlan(world.orm.em.fork(), 'acme', plan.id)
    const earned = Math.round((150_000 * 63) / 365)
    expect(row).toMatchObject({ status: 'canceled', refundedAmount: 30_000 - earned })
    expect(await world.orm.em.fork().count(JournalEntries, { planId: plan.id })).toBeGreaterThan(5)
    await expect(handle.result()).resolves.toBeUndefined()
  }, 120_000)
})
