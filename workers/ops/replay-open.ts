import { Worker } from '@temporalio/worker'
import { encrypting } from '../../secrets/data-converter.ts'
import { workflowBundle } from '../workflow-bundle.ts'
import type { Ops } from './connect.ts'

const SHOWN = 20

/**
 * Replays the history of every open plan and clock of a running server against the workflows of this working tree, and
 * counts those that would break if it were deployed. Exit code 1 when any would.
 */
export async function replayOpenCommand({ temporal, keys, taskQueue, say }: Ops): Promise<number> {
  const open = temporal.workflow.list({ query: `ExecutionStatus = "Running" AND TaskQueue = "${taskQueue}"` })
  const results = Worker.runReplayHistories(
    { workflowBundle: await workflowBundle(), dataConverter: encrypting(keys) },
    open.intoHistories({ concurrency: 5 }),
  )
  const counts = { replayed: 0, broken: 0 }
  for await (const { workflowId, error } of results) {
    counts.replayed += 1
    if (!error) continue
    counts.broken += 1
    if (counts.broken <= SHOWN) say(`${workflowId}: ${error.message.split('\n')[0]}`)
    if (counts.broken === SHOWN + 1) say('…')
  }
  say(`${counts.replayed} open workflows replayed, ${counts.broken} would break.`)
  return counts.broken > 0 ? 1 : 0
}
