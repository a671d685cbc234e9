import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import proto from '@temporalio/proto'
import { clockWorkflowId } from '../../workflows/clocks/messages.ts'
import { runsOf } from '../replay/histories.ts'
import type { Begun } from '../support/e2e-client.ts'
import { FaultStack } from './fault-stack.ts'
import { converged, violations } from './judge.ts'
import { BREATHING, breathing, opsOf, releaseWith } from './releases.ts'

/** What docs/operations.md says of deploying and of going back, done on plans that are charged meanwhile. */

const MARKED = `TemporalChangeVersion = "${BREATHING}" AND ExecutionStatus = "Running"`

const PLANS = 'ExecutionStatus = "Running" AND TenorPlanStatus IS NOT NULL'

let stack: FaultStack
let temporal: Client
let connection: Connection
/** This working tree again, and the release after it, which sets a timer more wherever its patch is taken up. */
let current: string
let next: string
beforeAll(async () => {
  stack = await FaultStack.start()
  connection = await Connection.connect({ address: stack.env.TEMPORAL_ADDRESS ?? '' })
  temporal = new Client({ connection })
  current = releaseWith(`${stack.home.path}/current`, [])
  next = releaseWith(`${stack.home.path}/next`, breathing(`patched('${BREATHING}')`))
}, 120_000)
afterAll(async () => {
  await connection?.close()
  await stack?.stop()
}, 60_000)

const ops = (release: string, ...args: string[]) => opsOf(release, stack.env, ...args)

async function wouldBreak(release: string): Promise<{ replayed: number; broken: number }> {
  const { said } = await ops(release, 'replay-open')
  const [, replayed, broken] = /(\d+) open workflows replayed, (\d+) would break/.exec(said) ?? []
  if (replayed === undefined) throw new Error(`replay-open does not say what would break: ${said}`)
  return { replayed: Number(replayed), broken: Number(broken) }
}

async function workflowsWith(query: string): Promise<number> {
  return (await temporal.workflow.count(query)).count
}

const workflowsOf = ({ plan, clock }: Begun) => [plan.workflow.workflow_id, clockWorkflowId(clock)]

/** Brings a plan on by a month every second or so until told to stop: the releases need the machine as well. */
async function live({ clock }: Begun, isOver: () => boolean): Promise<void> {
  for (let month = 1; !isOver() && month < 600; month++) {
    const to = new Date(Date.UTC(2027, month, 16)).toISOString().replace('.000Z', 'Z')
    await stack.insist('POST', `/test_clocks/${clock}/advance`, { to })
    await stack.settled(clock)
    await sleep(1_000)
  }
}

const { WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND } = proto.temporal.api.enums.v1.WorkflowTaskFailedCause

/**
 * What the workflow tasks failed of, in all runs of a workflow. A message that comes while a run is being ended makes the
 * server refuse the end, so that the message is heard first: that is no fault of the code.
 */
async function failuresOf(workflowId: string): Promise<string[]> {
  const runs = await runsOf(temporal, workflowId)
  return runs
    .flatMap(({ events }) => events?.flatMap((event) => event.workflowTaskFailedEventAttributes ?? []) ?? [])
    .filter(({ cause }) => cause !== WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND)
    .map(({ cause, failure, identity }) => `${workflowId}: cause ${cause}, ${failure?.message} (${identity})`)
}

it('a release that is not fit for the runs that are open is found by the gate', async () => {
  const { tenor } = stack
  const { id: customer_id } = await tenor.customer()
  const { payment_terms_id } = await tenor.term({ customer_id, start_date: '2099-01-15' })
  await tenor.pay(payment_terms_id, { amount: 5_000 })
  await tenor.untilPlan(payment_terms_id, ({ paid_amount }) => paid_amount === 5_000)
  const careless = releaseWith(`${stack.home.path}/careless`, breathing('true'))
  expect(await wouldBreak(current)).toEqual({ replayed: 1, broken: 0 })
  // The run has charged without the timer that this release sets before.
  expect(await wouldBreak(careless)).toEqual({ replayed: 1, broken: 1 })
  expect((await ops(careless, 'replay-open')).status).toBe(1)
  expect(await wouldBreak(next)).toEqual({ replayed: 1, broken: 0 })
}, 120_000)

it('a release goes out, is switched on, and is taken back while plans are charged: no workflow task fails', async () => {
  const { tenor } = stack
  const plans = await Promise.all(Array.from({ length: 3 }, () => tenor.begin({ term_duration: 60 })))
  let isOver = false
  const living = Promise.all(plans.map((plan) => live(plan, () => isOver)))
  // What goes wrong is heard of when all have ended.
  living.catch(() => {})

  // Out: its workers beside the old ones, then alone; nothing is switched on.
  expect((await wouldBreak(next)).broken).toBe(0)
  const held = await stack.addWorker(next, { WORKFLOW_PATCHES: '' })
  await sleep(1_000)
  await stack.end('worker')
  expect(await workflowsWith(MARKED)).toBe(0)

  // On: runs that begin now take the change up.
  const on = await stack.addWorker(next, { WORKFLOW_PATCHES: BREATHING })
  await held.stop()
  expect((await ops(next, 'signal', '--query', PLANS, '--name', 'renew')).status).toBe(0)
  await tenor.until('every plan to take the change up', async () => (await workflowsWith(MARKED)) >= 3 || undefined)

  // Back: switched off first, since the gate of the old release says what would break.
  expect((await wouldBreak(current)).broken).toBeGreaterThan(0)
  const off = await stack.addWorker(next, { WORKFLOW_PATCHES: '' })
  await on.stop()
  await tenor.until('no run to have the change', async () => {
    await ops(next, 'signal', '--query', MARKED, '--name', 'renew')
    return (await workflowsWith(MARKED)) === 0 || undefined
  })
  expect((await wouldBreak(current)).broken).toBe(0)
  const back = await stack.addWorker(current)
  await off.stop()
  await sleep(2_000)
  isOver = true
  await living
  await converged(tenor, plans, 60_000)

  for (const plan of plans) expect(await violations(tenor, plan)).toEqual([])
  expect((await Promise.all(plans.flatMap(workflowsOf).map(failuresOf))).flat()).toEqual([])
  await back.stop()
}, 400_000)
