import { Worker } from '@temporalio/worker'
import { Transactions } from '../../db/plans/transactions.ts'
import { encrypting } from '../../secrets/data-converter.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { startWorkflowWorld, type WorkflowWorld } from '../../test/support/workflow-world.ts'
import { workflowBundle } from '../../workers/workflow-bundle.ts'
import * as messages from './messages.ts'

let world: WorkflowWorld
beforeAll(async () => {
  world = await startWorkflowWorld()
}, 120_000)
afterAll(async () => world?.close())

const NOW = '2027-01-14T12:00:00Z'
const BILLING = '2027-01-15T14:00:00Z'
/** Of the second instalment, and of the retry of the first. */
const NEXT = '2027-02-15T14:00:00Z'

describe('what a plan asks within a workflow task', () => {
  it('replays when of two charges in one task the one asked later fails first', async () => {
    const clock = await world.startClock(NOW)
    const retryPolicy = { retries: 1, everyDays: [31] }
    const plan = await world.startPlan(await world.customer(['insufficient_funds']), clock, NOW, { retryPolicy })
    const handle = world.client.workflow.getHandle(messages.planWorkflowId(plan))
    await world.advanceTo(clock, BILLING)
    await fault({ mode: 'slow', count: 1, ms: 600 })
    await fault({ mode: 'error_500', count: 3 })
    await handle.signal(messages.clockTick, { now: NEXT, tick: 1_000 })
    await charged(plan.id, 2)

    const history = await handle.fetchHistory()
    const types = history.events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name)
    expect(types).toContain('chargeInstallment')
    const replay = Worker.runReplayHistory(
      { workflowBundle: await workflowBundle(), dataConverter: encrypting(TEST_KEYS) },
      history,
      handle.workflowId,
    )
    await expect(replay).resolves.toBeUndefined()
  }, 120_000)
})

async function fault(how: Record<string, unknown>): Promise<void> {
  const body = JSON.stringify(how)
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${world.stripe}/_sandbox/faults`, { method: 'POST', headers, body })
  expect(answer.status).toBeLessThan(300)
}

async function charged(plan: string, times: number): Promise<void> {
  for (;;) {
    const made = await world.orm.em.fork().find(Transactions, { planId: plan })
    if (made.filter(({ status }) => status === 'succeeded').length === times) return
    await new Promise((done) => setTimeout(done, 50))
  }
}
