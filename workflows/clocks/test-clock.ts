import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { ClockActivities } from '../../activities/clocks/index.ts'
import { compareInstants, earlier } from '../../domain/calendar.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { clockTick, RULE_BROKEN, type RuleBrokenDetails } from '../plans/messages.ts'
import * as messages from './messages.ts'

const { recordClock } = proxyActivities<ClockActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '200ms', maximumInterval: '10 seconds' },
})

const LONG_RUN = 2_000

/**
 * A test clock: its plans live at the moment it shows. Advancing brings every due moment to the plans that have one, in
 * order, and waits until they have come to rest before it goes on to the next.
 */
export async function testClock(start: messages.ClockStart): Promise<void> {
  const clock = { ...start, plans: start.plans.map((plan) => ({ ...plan })) }
  let isEnded = false
  setHandler(messages.clockState, () => stateOf(clock))
  setHandler(messages.join, ({ workflow, isAwaited }) => {
    if (clock.plans.some((plan) => plan.workflow === workflow)) return
    clock.plans.push({ workflow, restedAt: clock.tick, wakeAt: null, ...(isAwaited && { isAwaited }) })
  })
  setHandler(messages.leave, ({ workflow }) => {
    clock.plans = clock.plans.filter((plan) => plan.workflow !== workflow)
  })
  setHandler(messages.atRest, ({ workflow, tick, wakeAt }) => {
    const plan = clock.plans.find((p) => p.workflow === workflow)
    // Who has begun one that is awaited may not have been told of this tick, nor has then the new one.
    if (!plan || (tick < plan.restedAt && !plan.isAwaited)) return
    Object.assign(plan, { restedAt: tick, wakeAt })
    delete plan.isAwaited
  })
  setHandler(messages.end, () => {
    isEnded = true
  })
  setHandler(
    messages.advance,
    async ({ to }) => {
      clock.to = to
      await recordClock({ ...stateOf(clock), tenant: clock.tenant }, to)
      return stateOf(clock)
    },
    { validator: ({ to }) => mayAdvance(clock, to) },
  )

  while (!isEnded) {
    await condition(() => isEnded || clock.to !== null)
    // The advance is on record before its end can be.
    await condition(allHandlersFinished)
    if (clock.to !== null) await advanceTo(clock, clock.to, () => isEnded)
    await condition(allHandlersFinished)
    if (!isEnded && isLong()) await continueAsNew<typeof testClock>(clock)
  }
  await condition(allHandlersFinished)
}

function mayAdvance(clock: messages.ClockStart, to: Instant): void {
  if (clock.to !== null) throw refusal('clock_advancing', `The clock is on its way to ${clock.to}.`)
  if (compareInstants(to, clock.now) <= 0)
    throw refusal('clock_backwards', `The clock stands at ${clock.now} already.`, 'unprocessable')
}

function refusal(code: string, detail: string, kind: RuleBrokenDetails['kind'] = 'conflict'): ApplicationFailure {
  return ApplicationFailure.nonRetryable(detail, RULE_BROKEN, { code, kind, detail } satisfies RuleBrokenDetails)
}

async function advanceTo(clock: messages.ClockStart, to: Instant, isEnded: () => boolean): Promise<void> {
  // First at the present moment: what was asked of the plans since the last advance is let come to rest.
  await tick(clock, clock.plans, isEnded)
  for (let next = nextMoment(clock, to); next !== null && !isEnded(); next = nextMoment(clock, to)) {
    // The way goes on in a new run: this one would outgrow what a history may hold.
    if (isLong()) return
    const moment = next
    clock.now = moment
    await tick(
      clock,
      clock.plans.filter((p) => p.wakeAt !== null && compareInstants(p.wakeAt, moment) <= 0),
      isEnded,
    )
  }
  clock.now = to
  await tick(clock, clock.plans, isEnded)
  clock.to = null
  await recordClock({ ...stateOf(clock), tenant: clock.tenant }, null)
}

/** Brings the present moment to some plans and waits until each has come to rest in it, or is over. */
async function tick(clock: messages.ClockStart, plans: messages.ClockPlan[], isEnded: () => boolean): Promise<void> {
  clock.tick += 1
  const number = clock.tick
  const ticked = new Set(plans.map((plan) => plan.workflow))
  await Promise.all(
    plans.map(async ({ workflow }) => {
      try {
        await getExternalWorkflowHandle(workflow).signal(clockTick, { now: clock.now, tick: number })
      } catch {
        // The plan is over, or was never started: it has nothing more to wait for.
        clock.plans = clock.plans.filter((plan) => plan.workflow !== workflow)
      }
    }),
  )
  const isAtRest = (p: messages.ClockPlan) => (ticked.has(p.workflow) ? p.restedAt >= number : !p.isAwaited)
  await condition(() => isEnded() || clock.plans.every(isAtRest))
}

function nextMoment(clock: messages.ClockStart, to: Instant): Instant | null {
  let next: Instant | null = null
  for (const { wakeAt } of clock.plans) {
    if (wakeAt === null || compareInstants(wakeAt, to) > 0) continue
    next = next === null ? wakeAt : earlier(next, wakeAt)
  }
  return next
}

function stateOf({ id, now, to }: messages.ClockStart): messages.ClockState {
  return { id, now, status: to === null ? 'ready' : 'advancing' }
}

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo()
  return continueAsNewSuggested || historyLength > LONG_RUN
}
