import { nextWake } from '../../domain/plans/time.ts'
import { type Follower, join, leave, rest } from '../clocks/follow.ts'
import { planWorkflowId } from './messages.ts'
import { now, type Run } from './run.ts'

/** A plan on a test clock: it joins the clock, and tells it when it has come to rest. */

export async function joinClock(run: Run): Promise<void> {
  const follower = followerOf(run)
  if (follower) await join(follower)
}

/** Tells the clock once per tick, and when its next moment has changed, that nothing is left to do until the next moment. */
export async function reportRest(run: Run): Promise<void> {
  const tick = run.plan.sequence.clockTick
  const wakeAt = nextWake(run.plan, now(run))
  const follower = followerOf(run)
  // Also between ticks: a message may have brought forward what the clock would pass over.
  if (!follower || (tick <= run.restedAt && wakeAt === run.reportedWake)) return
  run.restedAt = tick
  run.reportedWake = wakeAt
  await rest(follower, tick, wakeAt)
}

export async function leaveClock(run: Run): Promise<void> {
  const follower = followerOf(run)
  if (follower) await leave(follower)
}

function followerOf({ plan }: Run): Follower | null {
  return plan.clock && { clock: plan.clock.id, workflow: planWorkflowId(plan) }
}
