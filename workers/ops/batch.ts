import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { eachOf, type Ops, UsageError } from './connect.ts'

const SHOWN = 20
const AT_ONCE = 10

export type BatchOptions = {
  query?: string | undefined
  name?: string | undefined
  input?: string | undefined
  to?: string | undefined
  reason?: string | undefined
  dryRun?: boolean
}

/** Sends a signal to every workflow that a query finds. */
export async function signalCommand(ops: Ops, { name, input, ...options }: BatchOptions): Promise<number> {
  if (!name) throw new UsageError('Say which signal: --name.')
  const args = input === undefined ? [] : [jsonIn(input)]
  const ids = await chosen(ops, options)
  if (options.dryRun) return 0
  const failures = await eachOf(ids, AT_ONCE, async (id) => {
    try {
      await ops.temporal.workflow.getHandle(id).signal(name, ...args)
      return 0
    } catch (error) {
      ops.say(`${id}: ${String(error)}`)
      return 1
    }
  })
  const failed = failures.reduce<number>((sum, one) => sum + one, 0)
  ops.say(`${ids.length - failed} signaled, ${failed} failed.`)
  return failed > 0 ? 1 : 0
}

/**
 * Resets every workflow that a query finds to its last workflow task (or its first), on the server. What was charged is
 * not charged again: activities that run once more find what they have done.
 */
export async function resetCommand(ops: Ops, options: BatchOptions): Promise<number> {
  const { to = 'last', reason } = options
  if (to !== 'last' && to !== 'first') throw new UsageError('--to is last or first.')
  if (!reason) throw new UsageError('Say why: --reason.')
  const ids = await chosen(ops, options)
  if (options.dryRun || ids.length === 0) return 0
  const { workflowService } = ops.temporal
  const { namespace } = ops
  const jobId = randomUUID()
  const target = to === 'last' ? { lastWorkflowTask: {} } : { firstWorkflowTask: {} }
  await workflowService.startBatchOperation({
    namespace,
    jobId,
    reason,
    visibilityQuery: options.query ?? '',
    resetOperation: { identity: 'tenor-ops', options: target },
  })
  for (;;) {
    const { state, completeOperationCount, failureOperationCount } = await workflowService.describeBatchOperation({
      namespace,
      jobId,
    })
    if (state !== RUNNING) {
      ops.say(`${String(completeOperationCount)} reset, ${String(failureOperationCount)} failed.`)
      return Number(failureOperationCount) > 0 || state !== COMPLETED ? 1 : 0
    }
    await sleep(500)
  }
}

/** `temporal.api.enums.v1.BatchOperationState`. */
const RUNNING = 1
const COMPLETED = 2

/** What the query finds, shown before anything is done to it. */
async function chosen({ temporal, say }: Ops, { query, dryRun }: BatchOptions): Promise<string[]> {
  if (!query)
    throw new UsageError(`Say which workflows: --query 'TenorEscalated = true AND ExecutionStatus = "Running"'.`)
  const ids: string[] = []
  for await (const { workflowId } of temporal.workflow.list({ query })) ids.push(workflowId)
  for (const id of ids.slice(0, SHOWN)) say(`  ${id}`)
  if (ids.length > SHOWN) say(`  … and ${ids.length - SHOWN} more`)
  say(`${ids.length} workflows${dryRun ? '; nothing was done, since this is a dry run' : ''}.`)
  return ids
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`--input is no JSON: ${(error as Error).message}`, { cause: error })
  }
}
