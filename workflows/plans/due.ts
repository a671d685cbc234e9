import { dueNow } from '../../domain/plans/work.ts'
import { begin, isLooking } from './perform.ts'
import { record } from './record.ts'
import { apply, now, type Run } from './run.ts'

/**
 * Decides what time has brought about, and begins what is due. To be called before anything else is decided at a moment:
 * a charge may have been made in a workflow task that was lost before it ended, and the task that is tried instead may bring
 * a command as well, which is not to undo the decision that was behind the charge.
 */
export function doWhatIsDue(run: Run): void {
  const due = dueNow(run.plan, now(run), { news: run.news, isLooking: isLooking(run) })
  apply(run, due)
  // Before the work begins: it waits until what was decided is durable.
  void record(run)
  for (const work of due.work) begin(run, work)
}
