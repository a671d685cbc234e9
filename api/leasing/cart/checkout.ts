import { instantOf } from '../../../db/columns.ts'
import {
  type CartOwner,
  type ClaimedLine,
  cartGivenBack,
  cartLeft,
  cartOrdered,
  claimCart,
} from '../../../db/leasing/carts.ts'
import { releaseHold } from '../../../db/leasing/units.ts'
import { type PlanRow, Plans } from '../../../db/plans/plans.ts'
import { wasDelivered, wasGivenUp } from '../../../domain/leasing/order.ts'
import type { Plan } from '../../../domain/plans/plan.ts'
import { cancel, planWorkflowId } from '../../../workflows/plans/messages.ts'
import { idFrom } from '../../http/idempotency.ts'
import { conflict, Problem } from '../../http/problem.ts'
import { send } from '../../plans/commands.ts'
import type { Asking } from '../../plans/kind.ts'
import { LeaseQuoteBody } from '../leases/bodies.ts'
import { holdFor, isCertain, type Prepared, prepared, startLease } from '../leases/create.ts'

/** Longer than a checkout takes: after it, whoever began it is taken to be gone. */
const CLAIM_MS = 60_000

export type Checkout = { id: string; requestId: string; paymentMethod: string | undefined }

/**
 * Orders every line of the cart or none, and answers the leases in the order of the lines. All units are put aside first;
 * then the leases are started one by one. When one cannot be, those before it are cancelled, at no cost, and the cart is
 * as it was; when nobody knows, it is left for the repeat, which goes on with the same leases.
 */
export async function checkOut(asking: Asking, owner: CartOwner, checkout: Checkout): Promise<string[]> {
  const { em, deps } = asking
  const claim = await claimCart(em, owner, {
    checkout: checkout.id,
    leaseOf: (line) => idFrom('ls_', [checkout.id, line]),
    now: instantOf(deps.now()),
    until: instantOf(new Date(deps.now().getTime() + CLAIM_MS)),
  })
  if (typeof claim === 'string') throw REFUSED[claim]()
  const leases = claim.lines.map(({ leaseId }) => leaseId)
  if (claim.isOrdered) return leases
  try {
    await orderAll(asking, claim.lines, checkout)
    await cartOrdered(em, checkout.id, instantOf(deps.now()))
    return leases
  } catch (error) {
    if (isCertain(error)) await undo(asking, leases, checkout)
    else await cartLeft(em, checkout.id)
    throw error
  }
}

const REFUSED = {
  cart_empty: () => conflict('cart_empty', 'There is nothing in the cart.'),
  checkout_under_way: () => conflict('checkout_under_way', 'The cart is being ordered at this moment.'),
}

async function orderAll(asking: Asking, lines: ClaimedLine[], { requestId, paymentMethod }: Checkout): Promise<void> {
  const there = new Map(
    (
      await plansOf(
        asking,
        lines.map(({ leaseId }) => leaseId),
      )
    ).map((plan) => [plan.id, plan]),
  )
  // Somebody had begun to undo this checkout.
  if ([...there.values()].some(({ state }) => wasGivenUp(state as Plan))) throw undone()
  const missing: { id: string; order: Prepared }[] = []
  for (const line of lines.filter(({ leaseId }) => !there.has(leaseId))) {
    missing.push({ id: line.leaseId, order: await preparedLine(asking, line, paymentMethod) })
  }
  const [first] = missing
  if (!first) return
  const wanted = missing.map(({ id, order }) => ({ lease: id, modelCode: order.model.code }))
  const units = await holdFor(asking, first.order, wanted)
  for (const [k, { id, order }] of missing.entries()) {
    await startLease(asking, order, { id, unit: units[k] ?? '', requestId })
  }
}

function undone(): Problem {
  return conflict('checkout_undone', 'A device could not be ordered, and so none was: the cart is as it was.')
}

async function preparedLine(asking: Asking, line: ClaimedLine, paymentMethod: string | undefined): Promise<Prepared> {
  const { deviceCode, termMonths, payer, damageWaiver } = line
  const own = payer === 'employee' && paymentMethod !== undefined ? { payment_method: paymentMethod } : {}
  const asked = { device_code: deviceCode, term_months: termMonths, payer, damage_waiver: damageWaiver, ...own }
  return prepared(asking, LeaseQuoteBody.parse(asked))
}

/**
 * What was ordered is cancelled and what was put aside is given back; what the employee has got meanwhile is theirs, and no
 * part of the cart. Until all of that is certain, the lines stay as they are.
 */
async function undo(asking: Asking, leases: string[], { id }: Checkout): Promise<void> {
  const { em, deps, caller } = asking
  try {
    const kept = await deliveredOf(asking, leases)
    for (const lease of leases.filter((one) => !kept.includes(one))) {
      // Also one that is not on record yet: an earlier start of it may have got no answer.
      const workflow = planWorkflowId({ id: lease, kind: 'lease' })
      await send(deps, workflow, cancel, { id: `undo_${id}`, by: caller.sub }).catch((error: unknown) => {
        // It was never started, or is over already.
        if (!(error instanceof Problem) || error.status !== 409) throw error
      })
    }
    for (const lease of leases) await releaseHold(em, lease)
    await cartGivenBack(em, id, kept)
  } catch (error) {
    await cartLeft(em, id)
    throw error
  }
}

async function deliveredOf(asking: Asking, leases: string[]): Promise<string[]> {
  const there = await plansOf(asking, leases)
  return there.filter(({ state }) => wasDelivered(state as Plan)).map(({ id }) => id)
}

function plansOf({ em, caller }: Asking, ids: string[]): Promise<PlanRow[]> {
  return em.find(Plans, { tenantId: caller.tenant, id: { $in: ids } }, { refresh: true })
}
