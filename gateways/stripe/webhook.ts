import Stripe from 'stripe'
import type { Instant } from '../../domain/plans/terms.ts'

/** A hint that something happened at Stripe, and to what. What is true is read from Stripe then. */
export type StripeHint = {
  id: string
  type: string
  payment?: string
  refund?: string
  customer?: string
  createdAt: Instant
}

/** The signature is not Stripe's, is older than five minutes, or the body is not what was signed. */
export class WebhookSignatureInvalid extends Error {
  override name = 'WebhookSignatureInvalid'
}

const TOLERANCE_S = 300

/**
 * Checks a webhook and says what it is about. Every secret is tried: while they are rotated, two are valid.
 * Throws `WebhookSignatureInvalid`.
 */
export function parseWebhook(rawBody: string | Buffer, signatureHeader: string, secrets: string[]): StripeHint {
  for (const secret of secrets) {
    try {
      return hint(Stripe.webhooks.constructEvent(rawBody, signatureHeader, secret, TOLERANCE_S))
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw invalid(error)
    }
  }
  throw new WebhookSignatureInvalid('No secret of ours made this signature in the last five minutes')
}

function invalid(error: unknown): unknown {
  return error instanceof SyntaxError ? new WebhookSignatureInvalid('The body is not JSON', { cause: error }) : error
}

type About = { object: string; id: string; payment_intent?: unknown; customer?: unknown }

function hint(event: Stripe.Event): StripeHint {
  const about = event.data.object as About
  const payment = about.object === 'payment_intent' ? about.id : idOf(about.payment_intent)
  const customer = about.object === 'customer' ? about.id : idOf(about.customer)
  return {
    id: event.id,
    type: event.type,
    createdAt: new Date(event.created * 1000).toISOString().replace('.000Z', 'Z'),
    ...(payment && { payment }),
    ...(about.object === 'refund' && { refund: about.id }),
    ...(customer && { customer }),
  }
}

function idOf(linked: unknown): string | undefined {
  if (typeof linked === 'string') return linked
  return typeof linked === 'object' && linked !== null && 'id' in linked ? String(linked.id) : undefined
}
