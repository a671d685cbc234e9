import { getExternalWorkflowHandle, log } from '@temporalio/workflow'
import type { Instant } from '../../domain/plans/terms.ts'
import * as clocks from './messages.ts'

/** What follows a test clock: it joins the clock, and tells it when it has come to rest. */

/** The clock's id, and the workflow that follows it. */
export type Follower = { clock: string; workflow: string }

export async function join({ clock, workflow }: Follower): Promise<void> {
  await tell(clock, (handle) => handle.signal(clocks.join, { workflow }))
}

/** For one that is about to be started in this tick: the clock does not go on until it has come to rest. */
export async function joinForNew({ clock, workflow }: Follower): Promise<void> {
  await tell(clock, (handle) => handle.signal(clocks.join, { workflow, isAwaited: true }))
}

export async function rest({ clock, workflow }: Follower, tick: number, wakeAt: Instant | null): Promise<void> {
  await tell(clock, (handle) => handle.signal(clocks.atRest, { workflow, tick, wakeAt }))
}

export async function leave({ clock, workflow }: Follower): Promise<void> {
  await tell(clock, (handle) => handle.signal(clocks.leave, { workflow }))
}

type Clock = ReturnType<typeof getExternalWorkflowHandle>

async function tell(clock: string, say: (handle: Clock) => Promise<void>): Promise<void> {
  try {
    await say(getExternalWorkflowHandle(clocks.clockWorkflowId(clock)))
  } catch (error) {
    // A clock that was deleted stands still for ever; who follows it keeps its last moment.
    log.warn('The test clock does not answer', { clock, error: String(error) })
  }
}
