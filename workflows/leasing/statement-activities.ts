import { proxyActivities } from '@temporalio/workflow'
import type { LeasingActivities } from '../../activities/leasing/index.ts'

/** What a client's statements ask of the world: without end, since what is owed does not go away with a fault. */
export const ask = proxyActivities<LeasingActivities>({
  startToCloseTimeout: '5 minutes',
  // The worker says that it is alive; what a killed one had begun is begun anew after this.
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1 minute' },
})
