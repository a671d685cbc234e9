import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Instant } from '../../domain/plans/terms.ts'

/** What can be said to a test clock. */

export type ClockStart = {
  id: string
  tenant: string
  now: Instant
  plans: ClockPlan[]
  tick: number
  to: Instant | null
}
/**
 * `wakeAt` is when the plan has something to do next; unknown until it has come to rest at the present tick. One that
 * `isAwaited` was begun by another in this tick, which ends only when it has come to rest, too.
 */
export type ClockPlan = { workflow: string; restedAt: number; wakeAt: Instant | null; isAwaited?: true }
export type ClockState = { id: string; now: Instant; status: 'ready' | 'advancing' }

/** Advances to `to`, through every due moment of its plans in order; answers when that is decided, not when it is done. */
export const advance = defineUpdate<ClockState, [{ to: Instant }]>('advance')
/** A plan follows the clock from now on; one `isAwaited` before the clock goes on. */
export const join = defineSignal<[{ workflow: string; isAwaited?: true }]>('join')
/** A plan has nothing left to do at this tick, until `wakeAt` (`null`: for ever). */
export const atRest = defineSignal<[{ workflow: string; tick: number; wakeAt: Instant | null }]>('atRest')
/** A plan is over. */
export const leave = defineSignal<[{ workflow: string }]>('leave')
/** The clock is not needed any more. */
export const end = defineSignal<[]>('end')
export const clockState = defineQuery<ClockState>('clock')

export const CLOCK_WORKFLOW = 'testClock'
export function clockWorkflowId(clock: string): string {
  return `test-clock-${clock}`
}
