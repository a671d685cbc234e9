import Stripe from 'stripe'
import type { Instant } from '../../domain/plans/terms.ts'

/** A hint that something happened at Stripe, and to what. What is true is read from Stripe then. */
export type StripeHint = {
  id: string
  type: string
  payment?: string
  refund?: string
  customer?: string
  /** Of a refund or a dispute: what Stripe says that it has become. */
  status?: string
  createdAt: Instant
}

/** The signature is not Stripe's or is older than five minutes, or the body is not what was signed, or no event. */
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
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw noEvent(error)
    }
  }
  throw new WebhookSignatureInvalid('No secret of ours made this signature in the last five minutes')
}

function noEvent(cause?: unknown): WebhookSignatureInvalid {
  return new WebhookSignatureInvalid('The body is no event', { cause })
}

type About = { object?: unknown; id?: unknown; payment_intent?: unknown; customer?: unknown; status?: unknown }

/** Of what a webhook's own word is kept: how it stands now. */
const WITH_STATUS: readonly unknown[] = ['refund', 'dispute']
const A_WORD = /^[a-z_]{1,40}$/

/** What is signed comes from somebody who has the secret, which does not make it an event that is known here. */
function isEvent({ id, type, created, data }: Partial<Stripe.Event>): boolean {
  const isName = (name: unknown) => typeof name === 'string' && /^[\x21-\x7e]{1,255}$/.test(name)
  const isAbout = typeof data?.object === 'object' && data.object !== null
  return isName(id) && isName(type) && typeof created === 'number' && Math.abs(created) < LAST_SECOND && isAbout
}

/** Of the year 9999. */
const LAST_SECOND = 253_402_300_800

function hint(event: Stripe.Event): StripeHint {
  if (!isEvent(event)) throw noEvent()
  const about = event.data.object as About
  const payment = idOf(about.object === 'payment_intent' ? about : about.payment_intent)
  const customer = idOf(about.object === 'customer' ? about : about.customer)
  const refund = about.object === 'refund' ? idOf(about) : undefined
  const status = WITH_STATUS.includes(about.object) ? wordIn(about.status) : undefined
  return {
    id: event.id,
    type: event.type,
    createdAt: new Date(event.created * 1000).toISOString().replace('.000Z', 'Z'),
    ...(payment && { payment }),
    ...(refund && { refund }),
    ...(customer && { customer }),
    ...(status && { status }),
  }
}

function idOf(linked: unknown): string | undefined {
  if (typeof linked === 'string') return linked
  return typeof linked === 'object' && linked !== null && 'id' in linked ? idOf(linked.id) : undefined
}

function wordIn(given: unknown): string | undefined {
  return typeof given === 'string' && A_WORD.test(given) ? given : undefined
}
