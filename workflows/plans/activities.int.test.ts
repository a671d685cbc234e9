import { Worker } from '@temporalio/worker'
import { Transactions } from '../../db/plans/transactions.ts'
import { encrypting } from '../../secrets/data-converter.ts'
import { bundledWorkflows } from '../../test/replay/bundle.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { startWorkflowWorld, type WorkflowWorld } from '../../test/support/workflow-world.ts'
import * as messages from './messages.ts'

let world: WorkflowWorld
beforeAll(async () => {
  world = await startWorkflowWorld()
}, 120_000)
afterAll(async () => world?.close())

const NOW = '2027-01-14T12:00:00Z'
const BILLING = '2027-01-15T14:00:00Z'

describe('what a plan asks within a workflow task', () => {
  it('replays when a charge that fails there is overtaken by the record of a command that came in the same task', async () => {
    const clock = await world.startClock(NOW)
    const plan = await world.startPlan(await world.customer(), clock, NOW)
    const handle = world.client.workflow.getHandle(messages.planWorkflowId(plan))
    // Both wait for a worker, so that one workflow task brings them both.
    await world.stopWorker()
    await handle.signal(messages.clockTick, { now: BILLING, tick: 1 })
    const adjusted = handle.executeUpdate(messages.adjust, { args: [{ id: 'a1', totalAmount: 150_000 }] })
    await fault({ mode: 'slow', count: 1, ms: 600 })
    await fault({ mode: 'error_500', count: 3 })
    await world.startWorker()
    await expect(adjusted).resolves.toMatchObject({ changed: true })
    await charged(plan.id)

    const history = await handle.fetchHistory()
    const types = history.events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name)
    expect(types).toContain('chargeInstallment')
    const replay = Worker.runReplayHistory(
      { workflowBundle: { code: await bundledWorkflows() }, dataConverter: encrypting(TEST_KEYS) },
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

async function charged(plan: string): Promise<void> {
  for (;;) {
    const made = await world.orm.em.fork().find(Transactions, { planId: plan })
    if (made.length === 1 && made[0]?.status === 'succeeded') return
    await new Promise((done) => setTimeout(done, 50))
  }
}
