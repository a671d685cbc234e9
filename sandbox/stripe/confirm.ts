import type Stripe from 'stripe'
import { type Decline, decline } from './declines.ts'
import { Answer, refuse, wrongState } from './errors.ts'
import { newCharge, newDispute } from './objects.ts'
import { asBankDebit, readOutcome, type Step } from './outcomes.ts'
import { ownPaymentMethod, testOutcomeOf } from './payment-methods.ts'
import type { Sandbox } from './sandbox.ts'

export type ConfirmOptions = {
  payment_method?: string | undefined
  off_session?: boolean | undefined
  return_url?: string | undefined
  error_on_requires_action?: boolean | undefined
}
/**
 * What a payment intent does not show: how often it was confirmed, the page to go back to, and what its bank, which
 * wanted the customer to be there, was going to do.
 */
export type Confirmations = { times: number; returnUrl: string | null; wanted?: Step[] }

const CONFIRMABLE: Stripe.PaymentIntent.Status[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
]

/**
 * Confirms a payment intent: the first step of its outcome happens now, the others wait. Answers the intent, or a 402
 * whose work is kept when the card is declined. Refuses when the intent or the payment method is not fit for it.
 */
export function confirm(sandbox: Sandbox, intent: Stripe.PaymentIntent, options: ConfirmOptions): object {
  if (!CONFIRMABLE.includes(intent.status)) {
    const why =
      intent.status === 'succeeded'
        ? 'it has already succeeded after being previously confirmed'
        : `it has a status of ${intent.status}`
    throw wrongState(`You cannot confirm this PaymentIntent because ${why}.`, intent)
  }
  const method = methodToCharge(sandbox, intent, options.payment_method)
  const before = sandbox.records.hidden<Confirmations>(intent.id)
  const seen: Confirmations = { times: (before?.times ?? 0) + 1, returnUrl: options.return_url ?? null }
  sandbox.records.hide(intent.id, seen)
  Object.assign(intent, { payment_method: method.id, last_payment_error: null, next_action: null })

  const steps = before?.wanted ?? nextSteps(sandbox, intent, method)
  if (steps[0]?.to !== 'requires_action') return advance(sandbox, intent, method, steps)
  if (options.off_session || options.error_on_requires_action) {
    sandbox.records.hide(intent.id, { ...seen, wanted: steps })
    return fail(sandbox, intent, method, decline('authentication_required', method.type))
  }
  return askForAuthentication(sandbox, intent, options.return_url, steps.slice(1))
}

function methodToCharge(
  sandbox: Sandbox,
  intent: Stripe.PaymentIntent,
  given: string | undefined,
): Stripe.PaymentMethod {
  const id = given ?? intent.payment_method
  if (typeof id !== 'string') {
    throw wrongState(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
      intent,
    )
  }
  const method = ownPaymentMethod(sandbox, id, 'payment_method')
  checkFitness(intent, method)
  return method
}

/** Stored objects name others by id; only answers hold whole ones. */
function idOf(reference: string | { id: string }): string {
  return typeof reference === 'string' ? reference : reference.id
}

/** Refuses a payment method of someone else, or of a type that the intent does not take. */
export function checkFitness(intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): void {
  const param = 'payment_method'
  if (method.customer !== null && method.customer !== intent.customer) {
    const message = intent.customer
      ? `The customer of the PaymentMethod ${method.id} does not match the expected customer ${idOf(intent.customer)} of the PaymentIntent.`
      : `The PaymentMethod ${method.id} belongs to the Customer ${idOf(method.customer)}. Please include the Customer in the \`customer\` parameter on the PaymentIntent.`
    throw refuse(message, { param })
  }
  const allowed = intent.payment_method_types
  if (!allowed.includes(method.type)) {
    const message = `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent. Please attach a payment method of one of these types: ${allowed.join(', ')}.`
    throw refuse(message, { code: 'payment_intent_invalid_parameter', param })
  }
}

function nextSteps(sandbox: Sandbox, intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): Step[] {
  const names = sandbox.namesOf(intent.customer as string | null, intent.metadata)
  const outcome = sandbox.outcomes.take('charge', names) ?? testOutcomeOf(sandbox, method.id)
  const steps = readOutcome(outcome) ?? [{ to: 'succeeded' }]
  return method.type === 'card' ? steps : asBankDebit(steps)
}

function askForAuthentication(
  sandbox: Sandbox,
  intent: Stripe.PaymentIntent,
  returnUrl: string | undefined,
  after: Step[],
): Stripe.PaymentIntent {
  intent.status = 'requires_action'
  intent.next_action = returnUrl
    ? {
        type: 'redirect_to_url',
        redirect_to_url: { url: `${sandbox.url}/_sandbox/authenticate/${intent.id}`, return_url: returnUrl },
      }
    : { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect' } }
  sandbox.records.put(intent)
  sandbox.pending.set(intent.id, 'customer', after.length > 0 ? after : [{ to: 'succeeded' }], null)
  sandbox.emit('payment_intent.requires_action', intent)
  return intent
}

/** Takes the first of `steps` and leaves the others to wait. Answers the intent, or a 402 for a declined card. */
export function advance(
  sandbox: Sandbox,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  [step, ...later]: Step[],
): object {
  const { settleAfterMs } = sandbox.options
  const dueAt = settleAfterMs === undefined ? null : Date.now() + settleAfterMs
  sandbox.pending.set(intent.id, 'settlement', later, dueAt)
  switch (step?.to) {
    case 'succeeded':
      return succeed(sandbox, intent, method)
    case 'processing':
      return process(sandbox, intent, method)
    case 'failed':
      return fail(sandbox, intent, method, decline(step.code, method.type))
    case 'disputed':
      dispute(sandbox, intent, step.reason, step.returned ? 'lost' : 'needs_response')
      return intent
    case 'won': {
      const last = openDispute(sandbox, intent.id)
      if (last) closeDispute(sandbox, last, 'won')
      return intent
    }
    default:
      return intent
  }
}

/** The charge that is under way, or a new one. */
function chargeOf(sandbox: Sandbox, intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): Stripe.Charge {
  const latest = latestCharge(sandbox, intent)
  if (latest?.status === 'pending') return latest
  const charge = newCharge(intent, method)
  intent.latest_charge = charge.id
  return charge
}

export function latestCharge(sandbox: Sandbox, intent: Stripe.PaymentIntent): Stripe.Charge | undefined {
  if (typeof intent.latest_charge !== 'string') return undefined
  return sandbox.records.get<Stripe.Charge>('charge', intent.latest_charge)
}

function succeed(sandbox: Sandbox, intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): Stripe.PaymentIntent {
  const charge = chargeOf(sandbox, intent, method)
  const approved = { network_status: 'approved_by_network', reason: null, type: 'authorized' }
  const outcome = { ...approved, risk_level: 'normal', seller_message: 'Payment complete.' } as Stripe.Charge.Outcome
  Object.assign(charge, { status: 'succeeded', paid: true, captured: true, amount_captured: charge.amount, outcome })
  const done = { status: 'succeeded', amount_received: intent.amount, processing: null, next_action: null }
  Object.assign(intent, done)
  sandbox.records.put(charge)
  sandbox.records.put(intent)
  sandbox.emit('charge.succeeded', charge)
  sandbox.emit('payment_intent.succeeded', intent)
  return intent
}

function process(sandbox: Sandbox, intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): Stripe.PaymentIntent {
  const charge = chargeOf(sandbox, intent, method)
  Object.assign(intent, { status: 'processing', next_action: null })
  sandbox.records.put(charge)
  sandbox.records.put(intent)
  sandbox.emit('charge.pending', charge)
  sandbox.emit('payment_intent.processing', intent)
  return intent
}

/** A failed charge, and an intent that wants another payment method; answered as a 402 with both. */
export function fail(
  sandbox: Sandbox,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  why: Decline,
): Answer {
  const charge = chargeOf(sandbox, intent, method)
  const refused = {
    network_status: 'declined_by_network',
    reason: why.decline_code ?? why.code,
    type: 'issuer_declined',
  }
  const outcome = {
    ...refused,
    risk_level: 'normal',
    seller_message: 'The bank did not return any further details with this decline.',
  }
  Object.assign(charge, { status: 'failed', failure_code: why.code, failure_message: why.message, outcome })
  const docs = `https://stripe.com/docs/error-codes/${why.code?.replaceAll('_', '-')}`
  const error = { ...why, charge: charge.id, doc_url: docs, payment_method: method }
  // An intent that wants a payment method has none: the refused one is in the error.
  const undone = { status: 'requires_payment_method', payment_method: null, processing: null, next_action: null }
  Object.assign(intent, undone, { last_payment_error: error })
  sandbox.records.put(charge)
  sandbox.records.put(intent)
  sandbox.pending.forget(intent.id)
  sandbox.emit('charge.failed', charge)
  sandbox.emit('payment_intent.payment_failed', intent)
  return new Answer(402, { error: { ...error, payment_intent: intent } })
}

/**
 * Money taken back after it was paid. A returned bank debit is `lost` from the first moment; a card's dispute waits
 * for a response. Refuses a payment that has not succeeded or is disputed already.
 */
export function dispute(
  sandbox: Sandbox,
  intent: Stripe.PaymentIntent,
  reason: string,
  status: 'lost' | 'needs_response',
): Stripe.Dispute {
  const charge = latestCharge(sandbox, intent)
  if (charge?.status !== 'succeeded') throw wrongState('Only a payment that has succeeded can be disputed.', intent)
  if (openDispute(sandbox, intent.id))
    throw refuse(`Charge ${charge.id} is disputed already.`, { code: 'charge_disputed' })
  charge.disputed = true
  sandbox.records.put(charge)
  const made = sandbox.records.put(newDispute(charge, reason, status))
  sandbox.emit('charge.dispute.created', made)
  sandbox.emit('charge.dispute.funds_withdrawn', made)
  if (status === 'lost') sandbox.emit('charge.dispute.closed', made)
  return made
}

/** The dispute that has the money of a payment: open, or lost. `disputed` of the charge says only that there was one. */
export function openDispute(sandbox: Sandbox, payment: string): Stripe.Dispute | undefined {
  return sandbox.records.all<Stripe.Dispute>('dispute', { payment }).find(({ status }) => status !== 'won')
}

/** A dispute decided. Won: the money comes back. */
export function closeDispute(sandbox: Sandbox, made: Stripe.Dispute, status: 'won' | 'lost'): Stripe.Dispute {
  made.status = status
  sandbox.records.put(made)
  if (status === 'won') sandbox.emit('charge.dispute.funds_reinstated', made)
  sandbox.emit('charge.dispute.closed', made)
  return made
}
