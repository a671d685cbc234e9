import { isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import type { PlanActivities } from '../../activities/plans/index.ts'

/**
 * What plans ask of the world. No end of tries: a gateway or database that does not answer says nothing about money, so
 * the same attempt goes on until it is known. Only cancelling the workflow from outside ends it.
 */
export const ask = proxyActivities<PlanActivities>({
  startToCloseTimeout: '3 minutes',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1 minute' },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
})

/** Within the workflow task, which costs half as much: once, and only as long as a task should take. */
const askHere = proxyLocalActivities<PlanActivities>({
  startToCloseTimeout: '8 seconds',
  retry: { maximumAttempts: 1 },
})

type Frequent = 'chargeInstallment' | 'recordChange'

/**
 * Asks within the workflow task first, and when that fails or takes long as an activity of its own, which goes on until
 * there is an answer. Both are safe to run again after the other, being idempotent by their keys.
 */
export async function askOften<Name extends Frequent>(
  name: Name,
  summary: string,
  argument: Parameters<PlanActivities[Name]>[0],
): Promise<Awaited<ReturnType<PlanActivities[Name]>>> {
  type Asked = { executeWithOptions(options: { summary: string }, args: [typeof argument]): Promise<never> }
  try {
    return await (askHere[name] as unknown as Asked).executeWithOptions({ summary }, [argument])
  } catch (error) {
    if (isCancellation(error)) throw error
    return (ask[name] as unknown as Asked).executeWithOptions({ summary }, [argument])
  }
}
