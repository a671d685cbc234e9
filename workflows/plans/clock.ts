import { getExternalWorkflowHandle, log } from '@temporalio/workflow'
import { nextWake } from '../../domain/plans/time.ts'
import * as clocks from '../clocks/messages.ts'
import { planWorkflowId } from './messages.ts'
import { now, type Run } from './run.ts'

/** A plan on a test clock: it joins the clock, and tells it when it has come to rest. */

export async function joinClock(run: Run): Promise<void> {
  await tell(run, (clock, workflow) => clock.signal(clocks.join, { workflow }))
}

/** Tells the clock once per tick, and when its next moment has changed, that nothing is left to do until the next moment. */
export async function reportRest(run: Run): Promise<void> {
  const tick = run.plan.sequence.clockTick
  const wakeAt = nextWake(run.plan, now(run))
  // Also between ticks: a message may have brought forward what the clock would pass over.
  if (!run.plan.clock || (tick <= run.restedAt && wakeAt === run.reportedWake)) return
  run.restedAt = tick
  run.reportedWake = wakeAt
  await tell(run, (clock, workflow) => clock.signal(clocks.atRest, { workflow, tick, wakeAt }))
}

export async function leaveClock(run: Run): Promise<void> {
  await tell(run, (clock, workflow) => clock.signal(clocks.leave, { workflow }))
}

type Clock = ReturnType<typeof getExternalWorkflowHandle>

async function tell(run: Run, say: (clock: Clock, workflow: string) => Promise<void>): Promise<void> {
  const { clock } = run.plan
  if (!clock) return
  try {
    await say(getExternalWorkflowHandle(clocks.clockWorkflowId(clock.id)), planWorkflowId(run.plan))
  } catch (error) {
    // A clock that was deleted stands still for ever; the plan keeps its last moment.
    log.warn('The test clock does not answer', { clock: clock.id, error: String(error) })
  }
}
