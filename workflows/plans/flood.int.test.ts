import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkflowHandle } from '@temporalio/client'
import { Transactions } from '../../db/plans/transactions.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import { startWorkflowWorld, type WorkflowWorld } from '../../test/support/workflow-world.ts'
import * as messages from './messages.ts'

let world: WorkflowWorld
beforeAll(async () => {
  world = await startWorkflowWorld()
}, 120_000)
afterAll(async () => world?.close())

const NOW = '2027-01-14T12:00:00Z'
const FIRST = '2027-01-15T14:00:00Z'
const SECOND = '2027-02-15T14:00:00Z'
/**
 * Several times what a run has before another one follows it. The server gives up every workflow task during which a
 * hundred come, and the SDK one that computes for five seconds, which with more of them is soon on a busy machine.
 */
const FLOOD = 300
const AT_ONCE = 20

type Say = (handle: WorkflowHandle, plan: Plan, k: number) => Promise<void>
const FLOODS: [string, Say][] = [
  [
    'news of a charge that is over',
    (handle, { id }) => handle.signal(messages.gatewayNews, { transaction: `txn_${id.slice('pt_'.length)}_1_1` }),
  ],
  ['commands that change nothing', (handle, _, k) => handle.signal('adjust', { id: `a${k}`, totalAmount: 120_000 })],
  ['ticks of days gone by', (handle) => handle.signal(messages.clockTick, { now: NOW, tick: 0 })],
]

/** However much comes at once, a plan gets to what is due, and its run is followed by another one. */
describe(`${FLOOD} signals at once, and an instalment that falls due in the midst of them`, () => {
  it.each(FLOODS)(
    '%s: it is charged once, and the plan continues as new',
    async (_, say) => {
      const clock = await world.startClock(NOW)
      const plan = await world.startPlan(await world.customer(), clock, NOW)
      const handle = world.client.workflow.getHandle(messages.planWorkflowId(plan))
      await world.advanceTo(clock, FIRST)
      const runId = async () => (await handle.describe()).runId
      const begun = await runId()
      let sent = 0
      const pour = async () => {
        while (sent < FLOOD) {
          sent += 1
          if (sent === FLOOD / 2) await handle.signal(messages.clockTick, { now: SECOND, tick: 1_000 })
          await say(handle, plan, sent)
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, pour))
      while ((await chargesOf(plan)) < 2 || (await runId()) === begun) await sleep(50)

      const { installments } = await handle.query(messages.currentPlan)
      expect(installments.map(({ paid }) => paid)).toEqual([10_000, 10_000, ...Array(10).fill(0)])
      expect(await chargesOf(plan)).toBe(2)
      await handle.executeUpdate(messages.cancel, { args: [{ id: 'c1' }] })
    },
    180_000,
  )
})

async function chargesOf({ id }: Plan): Promise<number> {
  return world.orm.em.fork().count(Transactions, { planId: id, status: 'succeeded' })
}
