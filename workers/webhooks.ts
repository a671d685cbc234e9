import type { OutboxDeps } from '../activities/telling/outbox.ts'
import { deliverWebhooks, queueWebhooks } from '../activities/webhooks/deliver.ts'
import { acrossTenants } from '../db/tenancy/scope.ts'
import { endpointsDue } from '../db/webhooks/fan-out.ts'
import type { SendWebhook } from '../gateways/webhooks/send.ts'
import { type LoopOptions, loop } from './outbox.ts'

export type WebhooksOptions = LoopOptions & Pick<OutboxDeps, 'em' | 'now' | 'random' | 'onTold'> & { send: SendWebhook }

const MOST_LANES = 32

/**
 * Tells endpoints what happened, until it is stopped. Each endpoint has a lane of its own, so that one that does not
 * answer holds up nobody else. Any number of these may run.
 */
export function startWebhooks(options: WebhooksOptions): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const lanes = new Map<string, Promise<void>>()
  const openLanes = async () => {
    const now = options.now?.() ?? new Date()
    const busy = [...lanes.keys()]
    const due = await acrossTenants(() => endpointsDue(options.em(), busy, MOST_LANES - lanes.size, now))
    for (const id of due) lanes.set(id, lane(id))
    return due.length
  }
  const lane = async (id: string) => {
    try {
      while (!stopping.signal.aborted && (await deliverWebhooks(options, id)) > 0);
    } catch (error) {
      options.onError?.(error)
    } finally {
      lanes.delete(id)
    }
  }
  const loops = [
    loop(options, stopping.signal, () => queueWebhooks(options)),
    loop(options, stopping.signal, openLanes),
  ]
  return {
    /** Resolves when what is on its way has arrived or has failed. */
    async stop() {
      stopping.abort()
      await Promise.all(loops)
      await Promise.all(lanes.values())
    },
  }
}
