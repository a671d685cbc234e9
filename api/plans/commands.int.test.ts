import { setTimeout as sleep } from 'node:timers/promises'
import { Events } from '../../db/plans/events.ts'
import { JournalEntries } from '../../db/plans/ledger.ts'
import { Notifications } from '../../db/plans/notifications.ts'
import { findPlan } from '../../db/plans/read.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import type { CancellationTerms } from '../../domain/plans/terms.ts'
import { runsOf } from '../../test/replay/histories.ts'
import { startWorkflowWorld, type WorkflowWorld } from '../../test/support/workflow-world.ts'
import * as messages from '../../workflows/plans/messages.ts'
import { Problem } from '../http/problem.ts'
import { temporalProblem } from '../http/temporal-errors.ts'
import { send } from './commands.ts'

let world: WorkflowWorld
beforeAll(async () => {
  world = await startWorkflowWorld()
}, 120_000)
afterAll(async () => world?.close())

const NOW = '2027-01-14T12:00:00Z'

async function planAt(to: string, cancellation: CancellationTerms = { type: 'pro_rata' }) {
  const clock = await world.startClock(NOW)
  const plan = await world.startPlan(await world.customer(), clock, NOW, { cancellation })
  await world.advanceTo(clock, to)
  const workflowId = messages.planWorkflowId(plan)
  return { clock, plan, workflowId, deps: { temporal: world.client } }
}

const rows = () => world.orm.em.fork()
const eventsOf = ({ id }: Plan, type: string) => rows().count(Events, { planId: id, type })

/** A worker that takes its time to start makes a command late; whoever sent it asks again under its id. */
async function untilAnswered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const problem = error instanceof Problem ? error : temporalProblem(error)
      if (problem?.status !== 503) throw error
    }
  }
}

async function fees({ id }: Plan): Promise<number> {
  const entries = await rows().find(JournalEntries, { planId: id })
  return entries.filter(({ description }) => description === 'Fee and penalty of the cancellation').length
}

/** Two months of 10000 paid; on day 58 of 365, 19068 of 120000 are earned. */
describe('cancelled several times at once, by commands of their own that come in one workflow task', () => {
  it.each<[string, CancellationTerms, object, object[]]>([
    [
      'one refund',
      { type: 'tiered', tiers: [{ fromDay: 0, refundPercent: 50 }], fee: 3_000 },
      { refund: 7_000, balance: 0, fee: 3_000 },
      [{ type: 'refund', amount: 7_000 }],
    ],
    [
      'one charge of the balance',
      { type: 'pro_rata', fee: 5_000, collectBalance: true },
      { refund: 0, balance: 4_068, fee: 5_000 },
      [{ type: 'charge', amount: 4_068 }],
    ],
  ])(
    '%s, one fee, and everybody hears of the one cancellation',
    async (_, terms, figures, moved) => {
      const { clock, plan, workflowId, deps } = await planAt('2027-03-14T12:00:00Z', terms)
      await world.stopWorker()
      const asked = ['c1', 'c2', 'c3'].map((id) => untilAnswered(() => send(deps, workflowId, messages.cancel, { id })))
      await world.startWorker()
      const answers = await Promise.all(asked)
      expect(answers[0]?.cancellation).toMatchObject(figures)
      for (const { cancellation } of answers) expect(cancellation).toEqual(answers[0]?.cancellation)

      await world.advanceTo(clock, '2027-03-17T00:00:00Z')
      expect(await findPlan(rows(), 'acme', plan.id)).toMatchObject({ status: 'canceled', outstandingAmount: 0 })
      const made = await rows().find(Transactions, { planId: plan.id, createdAt: { $gte: '2027-03-14T12:00:00Z' } })
      expect(made).toMatchObject(moved)
      expect(await Promise.all([fees(plan), eventsOf(plan, 'plan.cancellation_requested')])).toEqual([1, 1])
      expect(await rows().count(Notifications, { planId: plan.id, type: 'terms.canceled' })).toBe(1)
    },
    120_000,
  )
})

describe('an adjustment that is sent again and again under its id while the plan continues as new', () => {
  it('has effect once, and every repeat gets the first answer', async () => {
    const { plan, workflowId, deps } = await planAt('2027-01-20T00:00:00Z')
    const handle = world.client.workflow.getHandle(workflowId)
    const runId = async () => (await handle.describe()).runId
    const adjustTo = (id: string, totalAmount: number) => send(deps, workflowId, messages.adjust, { id, totalAmount })
    const totals = Array.from({ length: 8 }, (_, k) => 121_000 + k * 1_000)
    for (const totalAmount of totals) {
      const run = await runId()
      const renewed = handle.signal(messages.renew)
      const repeats = Array.from({ length: 4 }, () => adjustTo(`a${totalAmount}`, totalAmount))
      const [first, ...others] = await Promise.all(repeats)
      expect(first).toMatchObject({ changed: true, previousTotal: totalAmount - 1_000, total: totalAmount })
      expect(others).toEqual(Array(3).fill(first))
      await renewed
      while ((await runId()) === run) await sleep(20)
    }
    // In a later run than the first time, when another total is in force.
    expect(await adjustTo('a121000', 121_000)).toMatchObject({ changed: true, total: 121_000 })

    expect(await findPlan(rows(), 'acme', plan.id)).toMatchObject({ totalAmount: 128_000 })
    expect(await eventsOf(plan, 'plan.adjusted')).toBe(totals.length)
    expect((await runsOf(world.client, workflowId)).length).toBeGreaterThan(totals.length)
    await send(deps, workflowId, messages.cancel, { id: 'c1' })
  }, 180_000)
})
