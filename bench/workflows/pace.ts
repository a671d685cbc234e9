import type { Next, WorkflowInterceptors, WorkflowOutboundCallsInterceptor } from '@temporalio/workflow'

/**
 * A plan's month in seconds, on real timers: the time that plans see runs faster than the server's, and their timers
 * are as much shorter. Nothing else about them changes. How fast is part of the task queue's name, which every run of
 * a workflow knows, its replays included.
 */
export type Pace = { realStart: number; planStart: number; speed: number }

export function paceQueue(name: string, { realStart, planStart, speed }: Pace): string {
  return `${name}@${realStart}x${planStart}x${speed}`
}

export function paceOf(taskQueue: string): Pace {
  const [realStart = 0, planStart = 0, speed = 1] = (taskQueue.split('@')[1] ?? '0x0x1').split('x').map(Number)
  return { realStart, planStart, speed }
}

/** The moment it is for plans, in milliseconds since 1970, at a moment of the server's. */
export function planTime({ realStart, planStart, speed }: Pace, realMs: number): number {
  return Math.round(planStart + (realMs - realStart) * speed)
}

/** The server's moment at which it is `planMs` for plans. */
export function realTime({ realStart, planStart, speed }: Pace, planMs: number): number {
  return realStart + (planMs - planStart) / speed
}

export const shorterTimers = (pace: () => Pace): WorkflowInterceptors => {
  const timers: WorkflowOutboundCallsInterceptor = {
    startTimer(input, next: Next<WorkflowOutboundCallsInterceptor, 'startTimer'>) {
      return next({ ...input, durationMs: Math.max(1, Math.ceil(input.durationMs / pace().speed)) })
    },
  }
  return { inbound: [], outbound: [timers], internals: [] }
}
