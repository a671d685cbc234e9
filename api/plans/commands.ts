import { setTimeout as sleep } from 'node:timers/promises'
import { ApplicationFailure, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import type { UpdateDefinition } from '@temporalio/common'
import type { Command, RuleBrokenDetails } from '../../workflows/plans/messages.ts'
import { RULE_BROKEN } from '../../workflows/plans/messages.ts'
import type { ApiDeps } from '../deps.ts'
import { conflict, Problem } from '../http/problem.ts'
import { COMMAND_MS, SERVER_MS, within } from '../http/temporal.ts'

const TRIES = 3
const PAUSE_MS = 150

type Parts = Pick<ApiDeps, 'temporal'>

/**
 * Sends a command to a plan's workflow and waits for its answer. Safe to repeat: a command is carried out once by its
 * id. Throws a 409 or 422 for a rule that is broken, 409 `plan_not_active` too when nobody is there any more to take it.
 */
export async function send<Answer, Sent extends Command>(
  { temporal }: Parts,
  workflowId: string,
  update: UpdateDefinition<Answer, [Sent]>,
  command: Sent,
): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      const handle = temporal.workflow.getHandle(workflowId)
      return await within(temporal, COMMAND_MS, () =>
        handle.executeUpdate(update, { args: [command], updateId: command.id }),
      )
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw commandProblem(error)
      // Between two runs of a plan that continues as new there is none for a moment.
      if (tries >= TRIES || !(await isRunning(temporal, workflowId))) throw planOver()
      await sleep(PAUSE_MS)
    }
  }
}

function planOver(): Problem {
  return conflict('plan_not_active', 'The plan is over: nothing more can be changed.')
}

async function isRunning(temporal: Parts['temporal'], workflowId: string): Promise<boolean> {
  try {
    const described = await within(temporal, SERVER_MS, () => temporal.workflow.getHandle(workflowId).describe())
    return described.status.name === 'RUNNING'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}

/** A command's failure as an answer; whatever it does not know is passed on. */
function commandProblem(error: unknown): unknown {
  const failure = error instanceof WorkflowUpdateFailedError ? error.cause : undefined
  if (!(failure instanceof ApplicationFailure) || failure.type !== RULE_BROKEN) return error
  const { code, kind, detail, errors } = (failure.details?.[0] ?? {}) as Partial<RuleBrokenDetails>
  return new Problem(
    kind === 'unprocessable' ? 422 : 409,
    code ?? 'rule_broken',
    detail ?? failure.message,
    errors ? { errors } : {},
  )
}
