import type { EntityManager } from '@mikro-orm/postgresql'
import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import type { Customer } from '../../db/customers/people.ts'
import { Plans } from '../../db/plans/plans.ts'
import { TestClocks } from '../../db/plans/test-clocks.ts'
import type { Decision } from '../../domain/plans/effects.ts'
import type { PaymentMethod, TestClock } from '../../domain/plans/plan.ts'
import { PLAN_WORKFLOWS, type PlanStart, planWorkflowId, recorded } from '../../workflows/plans/messages.ts'
import { attachTo } from '../customers/at-gateway.ts'
import type { ApiDeps } from '../deps.ts'
import { conflict, Problem, unprocessable } from '../http/problem.ts'
import { COMMAND_MS, notInTime, within } from '../http/temporal.ts'
import type { Caller } from '../identity/caller.ts'
import type { Asking } from './kind.ts'
import { describePlan, searchAttributesOf } from './start-words.ts'

/** What creations of all kinds have in common: from what was decided to a plan that is durable. */

/** For a first look at the rules, before anything is asked of the gateway. */
export const ANY_METHOD: PaymentMethod = { id: 'pm_any', type: 'card' }

/** Starts the plan and waits until it is recorded; one that was started before, under the same id, is only waited for. */
export async function startPlan(
  { em, deps, caller }: Asking,
  { plan, effects }: Decision,
  { request, requestId }: { request: Record<string, unknown>; requestId: string },
): Promise<void> {
  const opening = { request, requestId, by: caller.sub, effects }
  await start(deps, { plan, opening }).catch(async (error: unknown) => {
    if (!isOver(error)) throw error
    if (await exists(em, caller, plan.id)) return
    throw error instanceof WorkflowExecutionAlreadyStartedError ? endedUnrecorded() : notInTime(error)
  })
}

/** The workflow that should have answered is there no more: the plan was over before, or its workflow was ended by hand. */
function isOver(error: unknown): boolean {
  return (
    error instanceof WorkflowExecutionAlreadyStartedError ||
    error instanceof WorkflowNotFoundError ||
    error instanceof WorkflowUpdateFailedError
  )
}

function endedUnrecorded(): Problem {
  const detail = 'The plan of this Idempotency-Key was ended before it began. Create it anew, with another key.'
  return conflict('plan_ended', detail)
}

async function start({ temporal, config }: ApiDeps, asked: PlanStart): Promise<void> {
  const { plan, opening } = asked
  const startWorkflowOperation = new WithStartWorkflowOperation(PLAN_WORKFLOWS[plan.kind], {
    workflowId: planWorkflowId(plan),
    args: [asked],
    taskQueue: config.taskQueue,
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    memo: { request_id: opening?.requestId },
    typedSearchAttributes: searchAttributesOf(plan),
    ...describePlan(plan),
  })
  await within(temporal, COMMAND_MS, () =>
    temporal.workflow.executeUpdateWithStart(recorded, { startWorkflowOperation }),
  )
}

export async function exists(em: EntityManager, caller: Caller, id: string): Promise<boolean> {
  return (await em.count(Plans, { id, tenantId: caller.tenant })) > 0
}

/** Coupon books are yet to come: until then there is no code that anybody could have. */
export function refuseCoupon(code: string | null): void {
  if (code !== null) throw unprocessable('coupon_unknown', 'There is no such coupon.', '/coupon_code')
}

/** The method that is asked for, attached to the customer, or their default one. Throws a 422 when there is none. */
export async function methodOf(
  { em, deps }: Pick<Asking, 'em' | 'deps'>,
  customer: Customer,
  asked: string | null,
): Promise<PaymentMethod> {
  const preset = customer.defaultPaymentMethod
  if (asked === null && !preset) {
    const detail = 'Name a payment method: the customer has no default one.'
    throw unprocessable('payment_method_missing', detail, '/payment_method')
  }
  if (preset && (asked === null || asked === preset.id)) return { id: preset.id, type: preset.type }
  const { id, type } = await attachTo(em, deps, customer, asked ?? '')
  return { id, type }
}

/** Where the test clock stands; `null` for none. Throws a 422 for one that is not there, a 409 while it advances. */
export async function clockOf({ em, deps, caller }: Asking, asked: string | null): Promise<TestClock | null> {
  if (asked === null) return null
  if (!deps.config.testClocks) throw new Problem(403, 'test_clocks_off', 'There are no test clocks here.')
  const clock = await em.findOne(TestClocks, { tenantId: caller.tenant, id: asked, deletedAt: null })
  if (!clock) throw unprocessable('unknown_test_clock', 'There is no such test clock.', '/test_clock')
  if (clock.status !== 'ready')
    throw conflict('test_clock_advancing', 'The test clock is advancing: wait until it is ready.')
  return { id: clock.id, now: clock.now }
}
