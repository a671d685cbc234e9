import { allHandlersFinished, condition, continueAsNew, patched, setHandler, workflowInfo } from '@temporalio/workflow'
import { isOver, nextWake } from '../../domain/plans/time.ts'
import { wakeInWords } from '../../domain/plans/words.ts'
import { joinClock, leaveClock, reportRest } from './clock.ts'
import { show } from './cockpit.ts'
import { hearCommands } from './commands.ts'
import { doWhatIsDue } from './due.ts'
import * as messages from './messages.ts'
import { recordOpening } from './record.ts'
import { beginRun, isIdle, now, type Run, wakeAt } from './run.ts'

/** A run carries a few instalments: replaying years of them costs more than running them (docs/decisions). */
const LONG_RUN = 60
/** Under the change of this name a run is shorter. Asked when nothing holds up its end: one that goes on has no marker. */
const SHORT_RUNS = 'short-runs'
const SHORT_RUN = 45

/**
 * The life of a plan: whatever time has brought about is done, whatever is due is asked of the world beside this loop,
 * then it sleeps until the next moment or message. All state is in the plan, so that a run which begins with a carried
 * plan goes on where the last one was. `hearMore` registers what is said to one kind of plan only.
 */
export async function live(
  { plan, opening, isBack }: messages.PlanStart,
  hearMore: (run: Run) => void = () => {},
): Promise<void> {
  const run = beginRun(plan, opening === null)
  hearCommands(run)
  hearMore(run)
  hearNews(run)
  if (opening) {
    await joinClock(run)
    recordOpening(run, opening)
    await run.writing
  }
  if (isBack) await joinClock(run)
  while (!(await isFinished(run))) await untilSomethingHappens(run)
  await leaveClock(run)
  await condition(allHandlersFinished)
}

/** Does what is due, and says whether that was the last of it. Nothing decided is left unwritten at the end. */
async function isFinished(run: Run): Promise<boolean> {
  do {
    run.stirred = false
    doWhatIsDue(run)
  } while (run.stirred)
  show(run)
  run.byTime = false
  if (!isIdle(run)) return false
  await reportRest(run)
  if (!isIdle(run) || run.stirred) return false
  if (isOver(run.plan, now(run))) return true
  if (run.toBeRenewed || isLong()) await carryOn(run)
  return false
}

async function untilSomethingHappens(run: Run): Promise<void> {
  const at = nextWake(run.plan, now(run))
  wakeAt(run, at, at ? wakeInWords(run.plan, at) : '')
  await condition(() => run.stirred)
}

function hearNews(run: Run): void {
  setHandler(messages.currentPlan, () => run.plan)
  setHandler(messages.recorded, async () => {
    await condition(() => run.isRecorded)
    return { plan: run.plan.id }
  })
  setHandler(messages.gatewayNews, ({ transaction }) => {
    run.news.add(transaction)
    run.stirred = true
  })
  setHandler(messages.renew, () => {
    run.toBeRenewed = true
    run.stirred = true
  })
  setHandler(messages.clockTick, ({ now: moment, tick }) => {
    if (!run.plan.clock || tick <= run.plan.sequence.clockTick) return
    const clock = { ...run.plan.clock, now: moment }
    run.plan = { ...run.plan, clock, sequence: { ...run.plan.sequence, clockTick: tick } }
    run.byTime = true
    run.stirred = true
  })
}

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo()
  if (continueAsNewSuggested || historyLength > LONG_RUN) return true
  return historyLength > SHORT_RUN && allHandlersFinished() && patched(SHORT_RUNS)
}

/** Goes on in a new run, with nothing under way and every message answered. */
async function carryOn(run: Run): Promise<void> {
  await condition(allHandlersFinished)
  if (!isIdle(run) || run.stirred) return
  await continueAsNew<typeof live>({ plan: run.plan, opening: null })
}
