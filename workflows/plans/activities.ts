import { isCancellation, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow'
import type { PlanActivities } from '../../activities/plans/index.ts'
import type { Run } from './run.ts'

/**
 * What plans ask of the world. No end of tries: a gateway or database that does not answer says nothing about money, so
 * the same attempt goes on until it is known. Only cancelling the workflow from outside ends it.
 */
export const ask = proxyActivities<PlanActivities>({
  startToCloseTimeout: '3 minutes',
  // The worker says that it is alive; what a killed one had begun is begun anew after this.
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1 minute' },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
})

/** Within the workflow task, which costs half as much: once, and only as long as a task should take. */
const askHere = proxyLocalActivities<PlanActivities>({
  // From being asked on, so that waiting for a busy worker counts.
  scheduleToCloseTimeout: '2 seconds',
  retry: { maximumAttempts: 1 },
})

/**
 * How many one workflow task may ask within itself: the longest that they can take, one after the other, stays below the
 * 8 seconds after which the SDK would carry a task of 10 seconds on in another. What is asked in one task and answered
 * in the next is not replayed in the order in which it happened when a message comes in between, and the plan is stuck.
 */
const MOST_IN_A_TASK = 3

type Charge = Parameters<PlanActivities['chargeInstallment']>[0]
type Charged = Awaited<ReturnType<PlanActivities['chargeInstallment']>>

/**
 * Charges within the workflow task first, and when that fails, takes long, or the task has asked enough already, by an
 * activity of its own, which goes on until there is an answer. Both are safe to run again after the other, being idempotent
 * by their keys. One at a time: of two that are asked beside each other a replay is told the answers in the order in which
 * they were asked, whichever came first, and what follows from them would differ.
 *
 * Only for what is decided again, and in the same way, should this task be lost after the money has moved: what time has
 * brought about, since it is done before anything else that a task brings (`doWhatIsDue`). Not for what begins while
 * somebody waits for the answer to a message either: an answer leaves when the task ends.
 */
export async function chargeHereFirst(run: Pick<Run, 'here'>, summary: string, charge: Charge): Promise<Charged> {
  const { here } = run
  const answer = here.turn.then(() => {
    if (!mayAskHere(here)) throw new AskedEnough()
    return askHere.chargeInstallment.executeWithOptions({ summary }, [charge])
  })
  // Whoever is next need not wait for the activity that follows a failure.
  here.turn = answer.then(nothing, nothing)
  try {
    return await answer
  } catch (error) {
    if (isCancellation(error)) throw error
    return chargeByItself(summary, charge)
  }
}

class AskedEnough extends Error {}

const nothing = (): void => {}

function mayAskHere(here: Run['here']): boolean {
  // The same throughout a workflow task, and in its replay.
  const task = workflowInfo().historyLength
  const asked = here.task === task ? here.asked : 0
  if (asked === MOST_IN_A_TASK) return false
  Object.assign(here, { task, asked: asked + 1 })
  return true
}

/** Charges by an activity of its own. */
export function chargeByItself(summary: string, charge: Charge): Promise<Charged> {
  return ask.chargeInstallment.executeWithOptions({ summary }, [charge])
}
