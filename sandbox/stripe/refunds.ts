import type Stripe from 'stripe'
import { z } from 'zod'
import { latestCharge, openDispute } from './confirm.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { Answer, missing, refuse } from './errors.ts'
import { newId, nowInSeconds } from './ids.ts'
import { isRefundOutcome, type RefundOutcome, type Step } from './outcomes.ts'
import { created, expand, filled, ignored, mergeMetadata, metadata, paging, positive } from './params.ts'
import { testNameOf } from './payment-methods.ts'
import type { Sandbox } from './sandbox.ts'

const createParams = z.strictObject({
  amount: positive.optional(),
  charge: filled.optional(),
  payment_intent: filled.optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  metadata: metadata.optional(),
  expand,
  ...ignored('instructions_email', 'refund_application_fee', 'reverse_transfer'),
})
type CreateParams = z.output<typeof createParams>

function chargeToRefund(sandbox: Sandbox, { charge: id, payment_intent }: CreateParams): Stripe.Charge {
  if (payment_intent !== undefined) {
    const intent = sandbox.records.get<Stripe.PaymentIntent>('payment_intent', payment_intent)
    if (!intent) throw missing('payment_intent', payment_intent, 'payment_intent', false)
    const charge = latestCharge(sandbox, intent)
    if (charge?.status !== 'succeeded') {
      const message = `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`
      throw refuse(message, { code: 'payment_intent_unexpected_state', param: 'payment_intent' })
    }
    return charge
  }
  if (id === undefined)
    throw refuse('One of the following params should be provided for this request: payment_intent or charge.')
  const charge = sandbox.records.get<Stripe.Charge>('charge', id)
  if (!charge) throw missing('charge', id, 'charge', false)
  if (charge.status !== 'succeeded')
    throw refuse(`Charge ${id} has not succeeded; it cannot be refunded.`, { param: 'charge' })
  return charge
}

function outcomeFor(sandbox: Sandbox, charge: Stripe.Charge): RefundOutcome {
  const names = sandbox.namesOf(charge.customer as string | null, charge.metadata)
  const asked = sandbox.outcomes.take('refund', names)
  if (asked !== undefined && isRefundOutcome(asked)) return asked
  const test = testNameOf(sandbox, charge.payment_method ?? '')
  if (test === 'pm_card_refundFail') return 'refund_succeeded_then_failed'
  const isCard = charge.payment_method_details?.type === 'card'
  return isCard && test !== 'pm_card_pendingRefund' ? 'refund_succeeded' : 'refund_pending_then_succeeded'
}

function newRefund(charge: Stripe.Charge, amount: number, outcome: RefundOutcome, params: CreateParams): Stripe.Refund {
  return {
    id: newId(charge.id.startsWith('py_') ? 'pyr' : 're'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: nowInSeconds(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    metadata: mergeMetadata({}, params.metadata),
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: params.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: outcome.startsWith('refund_pending') ? 'pending' : 'succeeded',
    transfer_reversal: null,
  }
}

/** Answers the refund; the refusal that was asked for is an answer as well, so that it is used up. */
function create(sandbox: Sandbox, params: CreateParams): Stripe.Refund | Answer {
  const charge = chargeToRefund(sandbox, params)
  const left = charge.amount - charge.amount_refunded
  const outcome = outcomeFor(sandbox, charge)
  const noMore = refuse(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' })
  if (outcome === 'refund_refused') return new Answer(noMore.status, { error: noMore.error })
  if (left === 0) throw noMore
  if (openDispute(sandbox, String(charge.payment_intent))) {
    throw refuse(`Charge ${charge.id} has been charged back; cannot issue a refund.`, { code: 'charge_disputed' })
  }
  const amount = params.amount ?? left
  if (amount > left) {
    const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`
    throw refuse(message, { param: 'amount' })
  }
  const refund = newRefund(charge, amount, outcome, params)
  charge.amount_refunded += amount
  charge.refunded = charge.amount_refunded === charge.amount
  sandbox.records.put(charge)
  sandbox.records.put(refund)
  sandbox.emit('refund.created', refund)
  sandbox.emit('charge.refunded', charge)
  const later = laterOf(outcome)
  if (outcome === 'refund_failed') settleRefund(sandbox, refund, { to: 'failed', code: 'declined' })
  else if (later) sandbox.pending.set(refund.id, 'settlement', [later], dueAt(sandbox))
  return refund
}

function dueAt(sandbox: Sandbox): number | null {
  const { settleAfterMs } = sandbox.options
  return settleAfterMs === undefined ? null : Date.now() + settleAfterMs
}

function laterOf(outcome: RefundOutcome): Step | undefined {
  if (outcome.endsWith('_then_succeeded')) return { to: 'succeeded' }
  return outcome.endsWith('_then_failed') ? { to: 'failed', code: 'lost_or_stolen_card' } : undefined
}

/** The end of a refund that was not at its end. A failed one gives the charge its money back. */
export function settleRefund(sandbox: Sandbox, refund: Stripe.Refund, step: Step): void {
  sandbox.pending.forget(refund.id)
  refund.status = step.to === 'succeeded' ? 'succeeded' : 'failed'
  if (step.to === 'failed') {
    refund.failure_reason = step.code
    const charge = sandbox.records.get<Stripe.Charge>('charge', String(refund.charge))
    if (charge) {
      charge.amount_refunded -= refund.amount
      charge.refunded = false
      sandbox.records.put(charge)
    }
  }
  sandbox.records.put(refund)
  sandbox.emit('refund.updated', refund)
  sandbox.emit('charge.refund.updated', refund)
  if (step.to === 'failed') sandbox.emit('refund.failed', refund)
}

function refundOf(sandbox: Sandbox, id: string): Stripe.Refund {
  const refund = sandbox.records.get<Stripe.Refund>('refund', id)
  if (!refund) throw missing('refund', id, 'id', true)
  return refund
}

export const refundEndpoints: Endpoint[] = [
  endpoint('POST', '/v1/refunds', createParams, create),
  endpoint('GET', '/v1/refunds/:id', z.strictObject({ expand }), (sandbox, _, { id }) => refundOf(sandbox, id)),
  endpoint(
    'POST',
    '/v1/refunds/:id',
    z.strictObject({ metadata: metadata.optional(), expand }),
    (sandbox, params, { id }) => {
      const refund = refundOf(sandbox, id)
      refund.metadata = mergeMetadata(refund.metadata, params.metadata)
      sandbox.emit('refund.updated', refund)
      return sandbox.records.put(refund)
    },
  ),
  endpoint('POST', '/v1/refunds/:id/cancel', z.strictObject({ expand }), (sandbox, _, { id }) => {
    const refund = refundOf(sandbox, id)
    throw refuse(`Refund ${refund.id} with a status of ${refund.status} cannot be canceled.`)
  }),
  endpoint(
    'GET',
    '/v1/refunds',
    z.strictObject({
      ...paging,
      charge: filled.optional(),
      payment_intent: filled.optional(),
      created: created.optional(),
    }),
    (sandbox, { charge, payment_intent: payment, expand: _, ...filter }) => {
      const where = (refund: Stripe.Refund) => charge === undefined || refund.charge === charge
      return sandbox.records.list<Stripe.Refund>('refund', '/v1/refunds', { ...filter, payment, where })
    },
  ),
]
