import { proxyActivities } from '@temporalio/workflow'
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
