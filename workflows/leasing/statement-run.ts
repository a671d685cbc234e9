import {
  CancellationScope,
  condition,
  isCancellation,
  log,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import { compareInstants, instantOf, msBetween } from '../../domain/calendar.ts'
import { periodInWords } from '../../domain/leasing/statement-words.ts'
import { areSettings, openPeriod, type Period } from '../../domain/leasing/statements.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { type Follower, join, leave, rest } from '../clocks/follow.ts'
import { clockTick, renew } from '../plans/messages.ts'
import * as messages from './statement-messages.ts'

/** One run of a client's statements: what it goes on with, and what has come in that the loop has not looked at yet. */
export type Run = messages.StatementsStart & {
  closing: messages.StatementsStanding['closing']
  stirred: boolean
  /** Asked to go on in a new run, however short this one is. */
  toBeRenewed: boolean
  restedAt: number
  reportedWake: Instant | null
  shown: string
}

export function beginRun(start: messages.StatementsStart): Run {
  return { ...start, closing: null, stirred: false, toBeRenewed: false, restedAt: -1, reportedWake: null, shown: '' }
}

/** To be called before the workflow first waits. */
export function hear(run: Run): void {
  setHandler(messages.standing, () => ({
    next: openPeriod(run.since, run.settings),
    settings: run.settings,
    closing: run.closing,
  }))
  setHandler(messages.settingsChanged, ({ settings, isEnding }) => {
    run.isEnding = isEnding === true
    // A signal has nobody to tell: a zone that is none would have the workflow fail for ever.
    if (areSettings(settings)) run.settings = settings
    else log.warn('Settings of statements that cannot be kept were left out', { client: run.client })
    run.stirred = true
  })
  setHandler(renew, () => {
    run.toBeRenewed = true
    run.stirred = true
  })
  setHandler(clockTick, ({ now: moment, tick }) => {
    if (!run.clock || tick <= run.clockTick) return
    run.clock = { ...run.clock, now: moment }
    run.clockTick = tick
    run.stirred = true
  })
}

/** The client's test clock's moment, or the workflow's own. */
export function now({ clock }: Run): Instant {
  return clock ? clock.now : instantOf(Date.now())
}

export function isPast(run: Run, at: Instant): boolean {
  return compareInstants(at, now(run)) <= 0
}

/** Waits for the period's end, or for a message. */
export async function untilStirred(run: Run, period: Period): Promise<void> {
  const scope = new CancellationScope()
  if (!run.clock) {
    const ms = Math.max(1, Math.ceil(msBetween(now(run), period.cutOff)))
    void scope
      .run(() => sleep(ms, { summary: periodInWords(period, run.settings) }))
      .then(() => {
        run.stirred = true
      })
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error
      })
  }
  await condition(() => run.stirred)
  scope.cancel()
  run.stirred = false
}

// --- Test clocks ----------------------------------------------------------------------------------------------------

export async function joinClock(run: Run): Promise<void> {
  const follower = followerOf(run)
  if (follower) await join(follower)
}

/** Once per tick, and when the next closing has changed. */
export async function reportRest(run: Run, wakeAt: Instant): Promise<void> {
  const follower = followerOf(run)
  if (!follower || (run.clockTick <= run.restedAt && wakeAt === run.reportedWake)) return
  run.restedAt = run.clockTick
  run.reportedWake = wakeAt
  await rest(follower, run.clockTick, wakeAt)
}

export async function leaveClock(run: Run): Promise<void> {
  const follower = followerOf(run)
  if (follower) await leave(follower)
}

export function followerOf({ clock }: Run): Follower | null {
  return clock && { clock: clock.id, workflow: workflowInfo().workflowId }
}
