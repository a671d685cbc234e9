import type { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { ActivityInterceptors } from '@temporalio/worker'
import type { GuardedGateway } from '../gateways/circuit.ts'

/** Shorter than a message to another plan may wait for the worker. */
const LONG_MS = 500

/**
 * A charge within a workflow task holds that task up while it waits for its turn at the gateway. When the turn is far
 * off, or the gateway is left alone, it is refused before anything is asked, and the plan asks for it as an activity of
 * its own, which may wait.
 */
export function notWhileBusy(gateway: GuardedGateway): (context: Context) => ActivityInterceptors {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const holdsTask = info.isLocal && info.activityType === 'chargeInstallment'
        if (holdsTask && gateway.waitMs() > LONG_MS) {
          throw ApplicationFailure.nonRetryable('The gateway is left alone, or many wait for their turn', 'GatewayBusy')
        }
        return next(input)
      },
    },
  })
}
