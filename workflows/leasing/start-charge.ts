import {
  defineSearchAttributeKey,
  TypedSearchAttributes,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common'
import { getExternalWorkflowHandle, startChild, workflowInfo } from '@temporalio/workflow'
import type { StatementClosed } from '../../activities/leasing/index.ts'
import { makeStatementPlan } from '../../domain/leasing/statement-plan.ts'
import { chargeInWords } from '../../domain/leasing/statement-words.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import { joinForNew, leave } from '../clocks/follow.ts'
import { clockTick, PLAN_WORKFLOWS, type PlanStart, planWorkflowId } from '../plans/messages.ts'
import type { statementPayment } from './statement-payment.ts'
import { now, type Run } from './statement-run.ts'

/**
 * Starts the plan by which a statement is charged, and returns its id, which is made from the statement's: however often
 * this is run there is one. It lives on by itself, whatever becomes of who started it.
 */
export async function startCharge(run: Run, statement: StatementClosed, number: number): Promise<string> {
  const { plan, effects } = makeStatementPlan({
    id: `sp_${statement.id.slice(statement.id.indexOf('_') + 1)}`,
    tenant: run.tenant,
    client: run.client,
    currency: statement.currency,
    timezone: run.settings.timezone,
    total: statement.total,
    paymentMethod: statement.paymentMethod,
    clock: run.clock,
    clockTick: run.clockTick,
    now: now(run),
  })
  const opening = { request: {}, requestId: null, by: workflowInfo().workflowId, effects }
  const follower = run.clock && { clock: run.clock.id, workflow: planWorkflowId(plan) }
  if (follower) await joinForNew(follower)
  const isNew = await start({ plan, opening }, chargeInWords(number, statement.total, statement.currency))
  // One that is over already does not come to rest any more.
  if (follower && !isNew && !(await isThere(run, follower.workflow))) await leave(follower)
  return plan.id
}

/** False when it was started before. */
async function start(asked: PlanStart, staticSummary: string): Promise<boolean> {
  try {
    await startChild<typeof statementPayment>(PLAN_WORKFLOWS.statement, {
      workflowId: planWorkflowId(asked.plan),
      args: [asked],
      parentClosePolicy: 'ABANDON',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      typedSearchAttributes: searchAttributesOf(asked.plan),
      staticSummary,
    })
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw error
  }
}

async function isThere({ clock, clockTick: tick }: Run, workflow: string): Promise<boolean> {
  if (!clock) return true
  try {
    await getExternalWorkflowHandle(workflow).signal(clockTick, { now: clock.now, tick })
    return true
  } catch {
    return false
  }
}

/** What the plan's own workflow does not set: it never changes. */
function searchAttributesOf({ kind, customer, tenant, terms }: Plan): TypedSearchAttributes {
  const keyword = (name: string, value: string) => ({ key: defineSearchAttributeKey(name, 'KEYWORD'), value })
  return new TypedSearchAttributes([
    keyword('TenorPlanKind', kind),
    keyword('TenorCustomer', customer),
    keyword('TenorTenant', tenant),
    keyword('TenorCurrency', terms.currency),
  ])
}
