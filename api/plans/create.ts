import type { EntityManager } from '@mikro-orm/postgresql'
import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { instantOf } from '../../db/columns.ts'
import type { Customer } from '../../db/customers/people.ts'
import { Plans } from '../../db/plans/plans.ts'
import { TestClocks } from '../../db/plans/test-clocks.ts'
import type { Decision } from '../../domain/plans/effects.ts'
import { makePlan } from '../../domain/plans/make.ts'
import type { PaymentMethod, Plan, TestClock } from '../../domain/plans/plan.ts'
import { PLAN_WORKFLOWS, type PlanStart, planWorkflowId, recorded } from '../../workflows/plans/messages.ts'
import { customerOrAdopted, isGatewayId } from '../customers/adopt.ts'
import { attach } from '../customers/payment-methods.ts'
import type { ApiDeps } from '../deps.ts'
import { conflict, Problem, unprocessable } from '../http/problem.ts'
import { COMMAND_MS, notInTime, within } from '../http/temporal.ts'
import { type Caller, onlyCustomer } from '../identity/caller.ts'
import type { Asked, PlanApi } from './kind.ts'
import { describePlan, searchAttributesOf } from './start-words.ts'

/** For a first look at the rules, before anything is asked of the gateway. */
const ANY_METHOD: PaymentMethod = { id: 'pm_any', type: 'card' }

/** The plan that a body would make; nothing is stored and the gateway is not asked. Throws RuleBroken and problems. */
export async function quotePlan(
  em: EntityManager,
  deps: ApiDeps,
  caller: Caller,
  kind: PlanApi,
  asked: Asked,
): Promise<Plan> {
  refuseCoupon(asked)
  const only = onlyCustomer(caller)
  if (only !== null && asked.customer !== null && asked.customer !== only) throw unknownCustomer()
  // One that only the gateway knows so far is not taken over for a quote.
  if (asked.customer !== null && !isGatewayId(asked.customer)) await customerOf(em, deps, caller, asked.customer)
  const clock = await clockOf(em, deps, caller, asked)
  return decide(kind, caller, asked, { id: kind.idPrefix, clock, paymentMethod: ANY_METHOD }, deps).plan
}

type Creation = { id: string; requestId: string }

/**
 * Starts a plan and waits until it is durable. The id comes from the caller's key, so that whoever repeats a creation
 * that got no answer finds the same plan: started but not answered, it is only waited for.
 */
export async function createPlan(
  em: EntityManager,
  deps: ApiDeps,
  caller: Caller,
  kind: PlanApi,
  asked: Asked,
  creation: Creation,
): Promise<void> {
  if (await exists(em, caller, creation.id)) return
  refuseCoupon(asked)
  const customer = await customerOf(em, deps, caller, asked.customer ?? '')
  const clock = await clockOf(em, deps, caller, asked)
  const known = { id: creation.id, clock }
  decide(kind, caller, asked, { ...known, paymentMethod: ANY_METHOD }, deps)
  const paymentMethod = await methodOf(deps, customer, asked.paymentMethod)
  const { plan, effects } = decide(kind, caller, asked, { ...known, paymentMethod }, deps)
  const request = { coupon_code: asked.couponCode, payment_terms: asked.paymentTerms, metadata: asked.metadata }
  const opening = { request, requestId: creation.requestId, by: caller.sub, effects }
  await start(deps, { plan, opening }).catch(async (error: unknown) => {
    if (!isOver(error)) throw error
    if (await exists(em, caller, creation.id)) return
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

/** The rules' answer to what is asked, at the plan's own time. */
function decide(
  kind: PlanApi,
  caller: Caller,
  asked: Asked,
  known: { id: string; clock: TestClock | null; paymentMethod: PaymentMethod },
  deps: Pick<ApiDeps, 'now'>,
): Decision {
  const now = known.clock?.now ?? instantOf(deps.now())
  return makePlan({
    ...known,
    tenant: caller.tenant,
    kind: kind.kind,
    customer: asked.customer ?? '',
    terms: asked.terms(now),
    total: asked.total,
    now,
  })
}

async function exists(em: EntityManager, caller: Caller, id: string): Promise<boolean> {
  return (await em.count(Plans, { id, tenantId: caller.tenant })) > 0
}

/** Coupon books are yet to come: until then there is no code that anybody could have. */
function refuseCoupon({ couponCode }: Asked): void {
  if (couponCode !== null) throw unprocessable('coupon_unknown', 'There is no such coupon.', '/coupon_code')
}

async function customerOf(em: EntityManager, deps: ApiDeps, caller: Caller, id: string): Promise<Customer> {
  const customer = await customerOrAdopted(em, deps, caller.tenant, id)
  if (!customer) throw unknownCustomer()
  return customer
}

function unknownCustomer() {
  return unprocessable('unknown_customer', 'There is no such customer: create it first.', '/customer_id')
}

async function methodOf(deps: ApiDeps, customer: Customer, asked: string | null): Promise<PaymentMethod> {
  const preset = customer.defaultPaymentMethod
  if (asked === null && !preset) {
    const detail = 'Name a payment method: the customer has no default one.'
    throw unprocessable('payment_method_missing', detail, '/payment_method')
  }
  if (preset && (asked === null || asked === preset.id)) return { id: preset.id, type: preset.type }
  const { id, type } = await attach(deps, customer, asked ?? '')
  return { id, type }
}

async function clockOf(
  em: EntityManager,
  { config }: ApiDeps,
  caller: Caller,
  asked: Asked,
): Promise<TestClock | null> {
  if (asked.testClock === null) return null
  if (!config.testClocks) throw new Problem(403, 'test_clocks_off', 'There are no test clocks here.')
  const clock = await em.findOne(TestClocks, { tenantId: caller.tenant, id: asked.testClock, deletedAt: null })
  if (!clock) throw unprocessable('unknown_test_clock', 'There is no such test clock.', '/test_clock')
  if (clock.status !== 'ready')
    throw conflict('test_clock_advancing', 'The test clock is advancing: wait until it is ready.')
  return { id: clock.id, now: clock.now }
}
