import { ApplicationFailure, CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import { instantOf, msBetween } from '../../domain/calendar.ts'
import { RuleBroken } from '../../domain/errors.ts'
import type { Decision, Effect } from '../../domain/plans/effects.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { nextWake } from '../../domain/plans/time.ts'
import { RULE_BROKEN, type RuleBrokenDetails } from './messages.ts'
import { type Written, writtenAs } from './written.ts'

/** One run of a plan's workflow: the plan, and what has happened to it that the world does not know yet. */
export type Run = {
  plan: Plan
  /** Decided and not yet on its way to PostgreSQL. */
  effects: Effect[]
  /** What PostgreSQL holds of the plan. */
  written: Written
  /** Changes are written one after the other. */
  writing: Promise<void>
  writes: number
  /** Keys of the work that is under way. */
  running: Set<string>
  /** Transactions that a gateway has news about. */
  news: Set<string>
  /** Something has happened that the main loop has not looked at yet. */
  stirred: boolean
  /** It was time that woke the loop, so that nobody waits for an answer from this workflow task. */
  byTime: boolean
  /** How much the workflow task that began at an event has asked within itself, and when the next may be asked. */
  here: { task: number; asked: number; turn: Promise<void> }
  timer: { at: Instant; scope: CancellationScope } | null
  /** The test clock's tick at which the plan last said that it had come to rest. */
  restedAt: number
  /** The moment of which the clock was last told. */
  reportedWake: Instant | null
  isRecorded: boolean
  /** Asked to go on in a new run, however short this one is. */
  toBeRenewed: boolean
  /** The plan that Temporal's UI describes, and the search attributes that it shows. */
  described: Plan | null
  shown: string
}

export function beginRun(plan: Plan, isRecorded: boolean): Run {
  return {
    plan,
    effects: [],
    written: writtenAs(plan),
    writing: Promise.resolve(),
    writes: 0,
    running: new Set(),
    news: new Set(),
    stirred: true,
    byTime: false,
    here: { task: 0, asked: 0, turn: Promise.resolve() },
    timer: null,
    // A new plan is at rest for the first time when it says so, also if it then has nothing more to do.
    restedAt: isRecorded ? plan.sequence.clockTick : -1,
    reportedWake: isRecorded && plan.clock ? nextWake(plan, plan.clock.now) : null,
    isRecorded,
    toBeRenewed: false,
    described: null,
    shown: '',
  }
}

/** Takes over what was decided. */
export function apply(run: Run, { plan, effects }: Decision): void {
  if (plan === run.plan && effects.length === 0) return
  run.plan = plan
  run.effects.push(...effects)
  run.stirred = true
}

/** The moment it is for this plan: its test clock's, or the workflow's own. */
export function now(run: Run): Instant {
  return run.plan.clock ? run.plan.clock.now : instantOf(Date.now())
}

/** Nothing is under way: no work, no write. */
export function isIdle(run: Run): boolean {
  return run.running.size === 0 && run.writes === 0
}

/**
 * Sees to it that the main loop wakes at a moment. Nothing for a plan on a test clock, whose moments are brought by its
 * ticks. A timer that stands for the same moment already is kept, since each one costs events.
 */
export function wakeAt(run: Run, at: Instant | null, summary: string): void {
  if (run.plan.clock || run.timer?.at === at) return
  run.timer?.scope.cancel()
  run.timer = null
  if (at === null) return
  const scope = new CancellationScope()
  const timer = { at, scope }
  run.timer = timer
  const ms = Math.max(1, Math.ceil(msBetween(now(run), at)))
  void scope
    .run(() => sleep(ms, { summary }))
    .then(() => {
      if (run.timer === timer) run.timer = null
      run.byTime = true
      run.stirred = true
    })
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error
    })
}

/** A broken rule as the caller of a command sees it; anything else is a bug and stays what it is. */
export function asFailure(error: unknown): unknown {
  if (!(error instanceof RuleBroken)) return error
  const { code, kind, detail, errors } = error
  const details: RuleBrokenDetails = { code, kind, detail, ...(errors ? { errors } : {}) }
  return ApplicationFailure.create({ message: detail, type: RULE_BROKEN, nonRetryable: true, details: [details] })
}
