import { instantOf } from '../../db/columns.ts'
import type { Customer } from '../../db/customers/people.ts'
import type { Decision } from '../../domain/plans/effects.ts'
import { makePlan } from '../../domain/plans/make.ts'
import type { PaymentMethod, PlanKind, TestClock } from '../../domain/plans/plan.ts'
import { customerOrAdopted, isGatewayId } from '../customers/adopt.ts'
import { unprocessable } from '../http/problem.ts'
import { onlyCustomer } from '../identity/caller.ts'
import type { Asked, Asking, Creation, PlanCreation } from './kind.ts'
import { showQuote } from './present.ts'
import { Quote } from './shapes.ts'
import { ANY_METHOD, clockOf, exists, methodOf, refuseCoupon, startPlan } from './start.ts'

type Kind = { kind: PlanKind; idPrefix: string }

/** How plans come about of which a body says all that is agreed. */
export function plainCreation(
  kind: Kind,
  asked: (body: unknown) => Asked,
): Pick<PlanCreation, 'quoteShape' | 'quote' | 'create'> {
  return {
    quoteShape: Quote,
    quote: (asking, body) => quotePlan(asking, kind, asked(body)),
    create: (asking, body, creation) => createPlan(asking, kind, asked(body), creation),
  }
}

/** The plan that a body would make; nothing is stored and the gateway is not asked. Throws RuleBroken and problems. */
async function quotePlan(asking: Asking, kind: Kind, asked: Asked) {
  refuseCoupon(asked.couponCode)
  const only = onlyCustomer(asking.caller)
  if (only !== null && asked.customer !== null && asked.customer !== only) throw unknownCustomer()
  // One that only the gateway knows so far is not taken over for a quote.
  if (asked.customer !== null && !isGatewayId(asked.customer)) await customerOf(asking, asked.customer)
  const clock = await clockOf(asking, asked.testClock)
  return showQuote(decide(asking, kind, asked, { id: kind.idPrefix, clock, paymentMethod: ANY_METHOD }).plan)
}

/**
 * Starts a plan and waits until it is durable. The id comes from the caller's key, so that whoever repeats a creation
 * that got no answer finds the same plan: started but not answered, it is only waited for.
 */
async function createPlan(asking: Asking, kind: Kind, asked: Asked, { id, requestId }: Creation): Promise<void> {
  if (await exists(asking.em, asking.caller, id)) return
  refuseCoupon(asked.couponCode)
  const customer = await customerOf(asking, asked.customer ?? '')
  const clock = await clockOf(asking, asked.testClock)
  decide(asking, kind, asked, { id, clock, paymentMethod: ANY_METHOD })
  const paymentMethod = await methodOf(asking, customer, asked.paymentMethod)
  const decision = decide(asking, kind, asked, { id, clock, paymentMethod })
  const request = { coupon_code: asked.couponCode, payment_terms: asked.paymentTerms, metadata: asked.metadata }
  await startPlan(asking, decision, { request, requestId })
}

/** The rules' answer to what is asked, at the plan's own time. */
function decide(
  { caller, deps }: Asking,
  { kind }: Kind,
  asked: Asked,
  known: { id: string; clock: TestClock | null; paymentMethod: PaymentMethod },
): Decision {
  const now = known.clock?.now ?? instantOf(deps.now())
  return makePlan({
    ...known,
    tenant: caller.tenant,
    kind,
    customer: asked.customer ?? '',
    terms: asked.terms(now),
    total: asked.total,
    now,
  })
}

async function customerOf({ em, deps, caller }: Asking, id: string): Promise<Customer> {
  const customer = await customerOrAdopted(em, deps, caller.tenant, id)
  if (!customer) throw unknownCustomer()
  return customer
}

function unknownCustomer() {
  return unprocessable('unknown_customer', 'There is no such customer: create it first.', '/customer_id')
}
