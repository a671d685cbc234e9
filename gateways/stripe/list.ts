import type Stripe from 'stripe'
import { type GatewayPayment, type GatewayRefund, NoAnswer } from '../payments.ts'
import { fromStripe } from './amounts.ts'
import { ask, chargeOf, paymentState, refundOutcome } from './outcomes.ts'

/** Under this name our own reference stands in the metadata of payments and refunds. */
export const REFERENCE = 'tenor_reference'

/** All payments of a customer as they stand, with disputes and refunds looked at where there are any. */
export async function listPayments(stripe: Stripe, customer: string, since?: string): Promise<GatewayPayment[]> {
  const created = since === undefined ? {} : { created: { gte: Math.floor(Date.parse(since) / 1000) } }
  const asked = { customer, limit: 100, expand: ['data.latest_charge'], ...created }
  const intents = await allOf(stripe.paymentIntents.list(asked), `payments of ${customer}`)
  const payments: GatewayPayment[] = []
  for (const intent of intents) payments.push(await paymentOf(stripe, intent))
  return payments
}

async function paymentOf(stripe: Stripe, intent: Stripe.PaymentIntent): Promise<GatewayPayment> {
  const charge = chargeOf(intent)
  const currency = intent.currency.toUpperCase()
  return {
    id: intent.id,
    reference: intent.metadata[REFERENCE] ?? null,
    metadata: intent.metadata,
    // What was asked for, until something was received.
    amount: fromStripe(intent.amount_received || intent.amount, currency),
    currency,
    state: paymentState(intent, charge?.disputed ? await disputesOf(stripe, intent.id) : []),
    refunds: charge?.amount_refunded ? await refundsOf(stripe, intent.id, currency) : [],
  }
}

async function refundsOf(stripe: Stripe, payment: string, currency: string): Promise<GatewayRefund[]> {
  const refunds = await allOf(stripe.refunds.list({ payment_intent: payment, limit: 100 }), `refunds of ${payment}`)
  return refunds.map((refund) => ({
    id: refund.id,
    reference: refund.metadata?.[REFERENCE] ?? null,
    amount: fromStripe(refund.amount, currency),
    outcome: refundOutcome(refund),
  }))
}

/** Disputes of a payment that has some. Throws `NoAnswer` unless it is told of them: without them it would look as paid. */
export async function disputesOf(stripe: Stripe, payment: string): Promise<Stripe.Dispute[]> {
  const disputes = await ask(() => stripe.disputes.list({ payment_intent: payment, limit: 100 }))
  if ('code' in disputes) throw new NoAnswer(`Stripe refused a look at the disputes of ${payment}: ${disputes.code}`)
  if (disputes.data.length === 0) throw new NoAnswer(`Stripe does not list the disputes of ${payment} yet`)
  return disputes.data
}

async function allOf<T>(pages: AsyncIterable<T>, what: string): Promise<T[]> {
  const found = await ask(async () => {
    const all: T[] = []
    for await (const one of pages) all.push(one)
    return all
  })
  if (Array.isArray(found)) return found
  throw new NoAnswer(`Stripe refused a look at the ${what}: ${found.code}`)
}
