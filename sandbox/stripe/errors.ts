import type Stripe from 'stripe'

/** The `error` object of a Stripe answer. */
export type ErrorBody = {
  type: 'card_error' | 'invalid_request_error' | 'idempotency_error' | 'api_error'
  message: string
  code?: string
  decline_code?: string
  param?: string
  charge?: string
  payment_intent?: Stripe.PaymentIntent
  payment_method?: Stripe.PaymentMethod
  doc_url?: string
}

/** An answer that is not 200 but whose work is kept: a declined card leaves a failed charge behind. */
export class Answer {
  readonly status: number
  readonly body: object

  constructor(status: number, body: object) {
    this.status = status
    this.body = body
  }
}

/** A request that is refused: whatever it did so far is undone. */
export class Refusal extends Error {
  readonly status: number
  readonly error: ErrorBody
  /** Stripe keeps no result for a key when the parameters were wrong before any work began. */
  readonly beforeWork: boolean

  constructor(status: number, error: ErrorBody, beforeWork = false) {
    super(error.message)
    this.status = status
    this.error = error
    this.beforeWork = beforeWork
  }
}

type Details = { code?: string; param?: string; payment_intent?: Stripe.PaymentIntent }

/** 400 `invalid_request_error`. */
export function refuse(message: string, details: Details = {}): Refusal {
  return new Refusal(400, { type: 'invalid_request_error', message, ...details })
}

/** 400 for parameters that are wrong in themselves; no idempotency key remembers it. */
export function refuseParameter(message: string, details: Details): Refusal {
  return new Refusal(400, { type: 'invalid_request_error', message, ...details }, true)
}

/** 404 when the id stands in the path, 400 when a parameter names it. */
export function missing(what: string, id: string, param: string, inPath: boolean): Refusal {
  const error: ErrorBody = { type: 'invalid_request_error', code: 'resource_missing', message: '', param }
  return new Refusal(inPath ? 404 : 400, { ...error, message: `No such ${what}: '${id}'` })
}

export function wrongState(message: string, payment_intent: Stripe.PaymentIntent): Refusal {
  return refuse(message, { code: 'payment_intent_unexpected_state', payment_intent })
}

export const SERVER_ERROR: ErrorBody = {
  type: 'api_error',
  message: 'An unknown error occurred',
}

export const RATE_LIMITED: ErrorBody = {
  type: 'invalid_request_error',
  code: 'rate_limit',
  message: 'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
}
