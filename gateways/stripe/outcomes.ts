import Stripe from 'stripe'
import type { ChargeOutcome, PaymentState, RefundOutcome, ReturnOutcome } from '../../domain/plans/outcome.ts'
import { KeyConflict, NoAnswer } from '../payments.ts'
import { declineKind, returnSeverity } from './declines.ts'

type StripeError = InstanceType<typeof Stripe.errors.StripeError>

/**
 * A request that Stripe understood and did not carry out. `declined` if a bank said no, not Stripe; `isReplay` if this
 * was said to an earlier request under the same key.
 */
export type Refusal = {
  code: string
  message: string
  declined: boolean
  paymentMethod: string | null
  isReplay: boolean
}

/**
 * Statuses that say nothing about what was asked: the request was never looked at (401 and 403 are about our own key),
 * or another one is in its way.
 */
const NO_ANSWER = [401, 403, 408, 409, 424, 425, 429]

/** What Stripe answered, or how it refused. Throws `NoAnswer` if nothing is known. */
export async function ask<T>(request: () => Promise<T>): Promise<T | Refusal> {
  return request().catch(refusalIn)
}

/** Reads an error of Stripe's client. Throws `NoAnswer` (or `KeyConflict`) if nothing is known, and what is not Stripe's. */
export function refusalIn(error: unknown): Refusal {
  if (!(error instanceof Stripe.errors.StripeError)) throw error
  const status = error.statusCode
  const code = error.code ?? error.rawType ?? 'unknown'
  if (error.rawType === 'idempotency_error' && status === 400) throw new KeyConflict(error.message, { cause: error })
  if (status === undefined || status >= 500 || NO_ANSWER.includes(status)) {
    const message = `Stripe gave no answer (${status ?? error.type}, ${code})`
    throw new NoAnswer(message, { cause: error, retryAfterMs: retryAfter(error), isOutage: isOutage(error) })
  }
  const declined = status === 402
  return {
    code: declined ? declineCode(error.decline_code, error.code) : code,
    message: error.message,
    declined,
    paymentMethod: error.payment_method?.id ?? error.payment_intent?.last_payment_error?.payment_method?.id ?? null,
    isReplay: isReplay(error),
  }
}

/** Stripe keeps a failure of its own under the key for a day and says so; the request that failed is over by then. */
export function isReplayedFailure(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && isReplay(error) && (error.statusCode ?? 0) >= 500
}

/** A failure that Stripe has kept under the key is of an earlier request, and says nothing about how Stripe is now. */
function isOutage(error: StripeError): boolean {
  const { statusCode: status } = error
  return status === undefined || status === 408 || (status >= 500 && !isReplay(error))
}

function isReplay(error: StripeError): boolean {
  return error.headers?.['idempotent-replayed'] === 'true'
}

export function chargeRefused(refusal: Refusal): ChargeOutcome {
  return refusal.declined ? declined(refusal.code) : { result: 'rejected', code: refusal.code }
}

/** What a PaymentIntent says. `disputes` are those of its charge, if it has any. */
export function paymentState(intent: Stripe.PaymentIntent, disputes: Stripe.Dispute[] = []): PaymentState {
  switch (intent.status) {
    case 'succeeded':
      return takenBack(intent, disputes) ?? { result: 'succeeded' }
    case 'canceled':
      return { result: 'canceled' }
    case 'requires_confirmation':
      return { result: 'unconfirmed' }
    case 'requires_action':
      return { result: 'requires_action', code: 'authentication_required', url: actionUrl(intent) }
    case 'requires_payment_method':
      return failed(intent.last_payment_error)
    default:
      return { result: 'processing' }
  }
}

/**
 * A payment's state as the answer to "charge it". What came after a success is heard of on its own; a payment that was
 * canceled cannot be charged any more; one that is still unconfirmed has not been answered.
 */
export function chargeOutcome(state: PaymentState): ChargeOutcome {
  switch (state.result) {
    case 'returned':
      return { result: 'succeeded' }
    case 'canceled':
      return { result: 'rejected', code: 'payment_intent_canceled' }
    case 'unconfirmed':
      throw new NoAnswer('Stripe has not taken the confirmation')
    default:
      return state
  }
}

export function refundOutcome(refund: Stripe.Refund): RefundOutcome {
  switch (refund.status) {
    case 'succeeded':
      return { result: 'succeeded' }
    case 'failed':
    case 'canceled':
      return { result: 'failed', code: refund.failure_reason ?? refund.status }
    default:
      return { result: 'processing' }
  }
}

/** The charge itself, if it was asked for with the payment. */
export function chargeOf(intent: Stripe.PaymentIntent): Stripe.Charge | null {
  return typeof intent.latest_charge === 'object' ? intent.latest_charge : null
}

function declined(code: string): ChargeOutcome {
  const kind = declineKind(code)
  if (kind === 'customer') return { result: 'requires_action', code, url: null }
  return { result: 'declined', severity: kind, code }
}

function failed(error: Stripe.PaymentIntent.LastPaymentError | null): PaymentState {
  return error ? declined(declineCode(error.decline_code, error.code)) : { result: 'unconfirmed' }
}

/** Of the two codes that Stripe gives, the bank's own word; but what it says in general must not hide what is grave. */
function declineCode(decline?: string, code?: string): string {
  const codes = [decline, code].filter((one): one is string => Boolean(one))
  return codes.find((one) => declineKind(one) !== 'soft') ?? codes[0] ?? 'card_declined'
}

function takenBack(intent: Stripe.PaymentIntent, disputes: Stripe.Dispute[]): ReturnOutcome | null {
  const dispute = disputes.find(({ status }) => !WITHOUT_LOSS.includes(status))
  if (dispute) {
    const network = networkCodes(dispute)
    return { result: 'returned', severity: returnSeverity(dispute.reason, ...network), code: dispute.reason }
  }
  const charge = chargeOf(intent)
  if (charge?.status !== 'failed') return null
  const code = charge.failure_code ?? 'failed'
  return { result: 'returned', severity: returnSeverity(code), code }
}

/** Questions that have not taken the money, and disputes that gave it back. */
const WITHOUT_LOSS: readonly string[] = [
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
  'won',
  'prevented',
]

function networkCodes(dispute: Stripe.Dispute): (string | null | undefined)[] {
  return [dispute.network_reason_code, dispute.payment_method_details?.card?.network_reason_code]
}

function actionUrl(intent: Stripe.PaymentIntent): string | null {
  const action = intent.next_action
  return action?.redirect_to_url?.url ?? action?.verify_with_microdeposits?.hosted_verification_url ?? null
}

function retryAfter(error: StripeError): number | null {
  const seconds = Number(error.headers?.['retry-after'])
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null
}
