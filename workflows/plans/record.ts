import { workflowInfo } from '@temporalio/workflow'
import { opened } from '../../domain/leasing/order.ts'
import type { Effect } from '../../domain/plans/effects.ts'
import { typeInWords } from '../../domain/plans/words.ts'
import { ask } from './activities.ts'
import type { Opening } from './messages.ts'
import { now, type Run } from './run.ts'
import { unwritten, writtenAs } from './written.ts'

/** Temporal's UI cuts what is longer. */
const MOST_SUMMARY = 200

/** Has the new plan recorded before anything else of it is. */
export function recordOpening(run: Run, { effects, ...opening }: Opening & { effects: Effect[] }): void {
  const { workflowId, runId } = workflowInfo()
  const plan = run.plan
  enqueue(run, async () => {
    const summary = `Record the plan: ${plan.installments.length} instalments`
    const asked = { plan, opening, effects, workflowId, runId }
    const lease = await ask.recordOpening.executeWithOptions({ summary }, [asked])
    if (lease) {
      run.plan = opened({ plan: run.plan, effects: [] }, lease.unit).plan
      run.written = writtenAs(run.plan)
    }
    run.isRecorded = true
  })
}

/**
 * Has everything decided so far written, after what was decided before it; resolves when that is durable. By an activity
 * of its own: it begins when the decision is in the history. Written within a workflow task that is then lost, a change
 * would stand in the database under its number while the task that is tried instead decides otherwise.
 */
export async function record(run: Run): Promise<void> {
  const change = unwritten(run.plan, run.written, run.effects, now(run))
  if (change) {
    run.plan = { ...run.plan, sequence: change.head.sequence }
    run.effects = []
    const asked = run.written.installments
    run.written = writtenAs(run.plan)
    // An instalment whose charge is under way is not part of the change: what is known of it stays as it was.
    for (const { number } of [...run.plan.installments, ...(run.plan.balance ? [run.plan.balance] : [])]) {
      const wrote = change.installments.some((i) => i.number === number)
      const known = asked[number]
      if (!wrote && known !== undefined) run.written.installments[number] = known
    }
    const summary = summaryOf(change.effects)
    enqueue(run, () => ask.recordChange.executeWithOptions({ summary }, [change]))
  }
  await run.writing
}

function enqueue(run: Run, write: () => Promise<void>): void {
  run.writes += 1
  run.writing = run.writing.then(write).then(() => {
    run.writes -= 1
    run.stirred = true
  })
}

/** `Record: payment failed, escalation opened`, `Write to the customer: payment reminder`. */
function summaryOf(effects: Effect[]): string {
  const told = (write: 'event' | 'notice') =>
    [...new Set(effects.flatMap((effect) => (effect.write === write ? [typeInWords(effect.type)] : [])))].join(', ')
  const [events, notices] = [told('event'), told('notice')]
  const what = events ? `Record: ${events}` : notices ? `Write to the customer: ${notices}` : 'Record the plan'
  return what.slice(0, MOST_SUMMARY)
}
