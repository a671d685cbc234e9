import type { Context } from '@temporalio/activity'
import type { ActivityInterceptors } from '@temporalio/worker'

const EVERY_MS = 4_000

/**
 * Has every activity say that it is alive while it runs, so that one whose worker was killed is begun anew after its
 * heartbeat time-out, and not only after the longest time that it might take. One that is quick says nothing.
 */
export function keepAlive(context: Context): ActivityInterceptors {
  return {
    inbound: {
      async execute(input, next) {
        if (context.info.isLocal) return next(input)
        const beat = setInterval(() => context.heartbeat(), EVERY_MS)
        try {
          return await next(input)
        } finally {
          clearInterval(beat)
        }
      },
    },
  }
}
