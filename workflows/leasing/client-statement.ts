import { continueAsNew, workflowInfo } from '@temporalio/workflow'
import type { StatementClosed } from '../../activities/leasing/index.ts'
import { openPeriod, type Period, sinceEndOf } from '../../domain/leasing/statements.ts'
import { startCharge } from './start-charge.ts'
import { ask } from './statement-activities.ts'
import { show, showClosing } from './statement-cockpit.ts'
import type { StatementsStart } from './statement-messages.ts'
import {
  beginRun,
  hear,
  isPast,
  joinClock,
  leaveClock,
  now,
  type Run,
  reportRest,
  untilStirred,
} from './statement-run.ts'

/** A run that is woken often goes on in a new one. */
const LONG_RUN = 200

/**
 * The statements of one client: at the end of each period the lines from before it are put together, the statement is
 * closed for ever, and the client is charged by a plan of its own. After an outage the periods that have passed are closed
 * one after the other. All state is in what it starts with and in the database, so that a run goes on where one has ended.
 */
export async function clientStatement(start: StatementsStart): Promise<void> {
  const run = beginRun(start)
  hear(run)
  if (!start.isGoingOn) await joinClock(run)
  while (!(await isOver(run))) {
    const period = openPeriod(run.since, run.settings)
    if (isPast(run, period.cutOff)) {
      await close(run, period)
      await carryOn(run)
    }
    show(run, period)
    await reportRest(run, period.cutOff)
    if (run.toBeRenewed || isLong()) await carryOn(run)
    await untilStirred(run, period)
  }
  await leaveClock(run)
}

/** The client was deleted, and nothing of it waits for a statement. */
async function isOver({ isEnding, tenant, client }: Run): Promise<boolean> {
  return isEnding && !(await ask.hasWaitingLines({ tenant, client }))
}

/** Closes the statement of a period, or as much of it as a run should carry: the next one goes on with it. */
async function close(run: Run, period: Period): Promise<void> {
  const { tenant, client } = run
  const statement = await ask.openStatement({ tenant, client, period, at: now(run) })
  run.isEnding ||= statement?.isClientDeleted ?? true
  if (!statement) return
  const of = statement.placed + statement.waiting
  run.closing = statement.isClosed ? null : { statement: statement.id, placed: statement.placed, of }
  for (let isDone = statement.isClosed; !isDone; ) {
    showClosing(run, period)
    const put = await ask.putLines({ tenant, statement: statement.id })
    if (run.closing) run.closing = { ...run.closing, placed: run.closing.placed + put.placed }
    isDone = put.isDone
    if (!isDone && isLong()) return
  }
  const closed = await ask.closeStatement({ tenant, statement: statement.id, at: now(run) })
  if (isToBeCharged(closed)) {
    const plan = await startCharge(run, closed, statement.number)
    await ask.noteCharge({ tenant, statement: closed.id, plan })
  }
  run.since = sinceEndOf(closed)
}

function isToBeCharged({ total, plan }: StatementClosed): boolean {
  return total > 0 && plan === null
}

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo()
  return continueAsNewSuggested || historyLength > LONG_RUN
}

async function carryOn({ client, tenant, settings, since, clock, clockTick, isEnding }: Run): Promise<void> {
  const state: StatementsStart = { client, tenant, settings, since, clock, clockTick, isEnding, isGoingOn: true }
  await continueAsNew<typeof clientStatement>(state)
}
