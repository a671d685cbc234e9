import type Stripe from 'stripe'
import type { Confirmations } from './confirm.ts'
import type { KeyUse } from './idempotency.ts'
import type { Sandbox } from './sandbox.ts'

/** One payment as it really ended. Amounts in Stripe's minor units; `net` is what the account still has of it. */
export type PaymentListing = {
  payment: string
  customer_id: string | null
  description: string | null
  amount: number
  amount_charged: number
  amount_refunded: number
  amount_returned: number
  net: number
  currency: string
  status: string
  decline_code: string | null
  disputed: boolean
  metadata: Record<string, string>
  idempotency_keys: KeyUse[]
  confirm_count: number
  charges_made: number
  created: number
  refunds: Array<{
    id: string
    amount: number
    status: string | null
    metadata: Record<string, string> | null
    created: number
  }>
  disputes: Array<{ id: string; amount: number; reason: string; status: string; created: number }>
}

/** What was really charged and refunded, oldest first; of one customer, by whatever name it is known. */
export function paymentsListing(sandbox: Sandbox, customer?: string): PaymentListing[] {
  // Only Stripe's own ids stand in a column; by another name each payment has to be looked at.
  const filter = customer?.startsWith('cus_') ? { customer } : {}
  const intents = sandbox.records.all<Stripe.PaymentIntent>('payment_intent', filter).reverse()
  const wanted = intents.filter((intent) => {
    if (customer === undefined || intent.customer === customer) return true
    return sandbox.namesOf(intent.customer as string | null, intent.metadata).includes(customer)
  })
  return wanted.map((intent) => listingOf(sandbox, intent))
}

/** One payment as it really ended, if there is one by this id. */
export function paymentListing(sandbox: Sandbox, id: string): PaymentListing | undefined {
  const intent = sandbox.records.get<Stripe.PaymentIntent>('payment_intent', id)
  return intent && listingOf(sandbox, intent)
}

function listingOf(sandbox: Sandbox, intent: Stripe.PaymentIntent): PaymentListing {
  const of = { payment: intent.id }
  const charges = sandbox.records.all<Stripe.Charge>('charge', of).filter((charge) => charge.status === 'succeeded')
  const refunds = sandbox.records.all<Stripe.Refund>('refund', of).reverse()
  const disputes = sandbox.records.all<Stripe.Dispute>('dispute', of).reverse()
  const charged = sum(charges.map((charge) => charge.amount_captured))
  const refunded = sum(charges.map((charge) => charge.amount_refunded))
  const returned = sum(disputes.filter(({ status }) => status !== 'won').map(({ amount }) => amount))
  const error = intent.last_payment_error
  return {
    payment: intent.id,
    customer_id: intent.customer as string | null,
    description: intent.description,
    amount: intent.amount,
    amount_charged: charged,
    amount_refunded: refunded,
    amount_returned: returned,
    net: charged - refunded - returned,
    currency: intent.currency,
    status: intent.status,
    decline_code: error?.decline_code ?? error?.code ?? null,
    disputed: returned > 0,
    metadata: intent.metadata,
    idempotency_keys: sandbox.keys.usesFor(intent.id),
    confirm_count: sandbox.records.hidden<Confirmations>(intent.id)?.times ?? 0,
    charges_made: charges.length,
    created: intent.created,
    refunds: refunds.map(({ id, amount, status, metadata, created }) => ({ id, amount, status, metadata, created })),
    disputes: disputes.map(({ id, amount, reason, status, created }) => ({ id, amount, reason, status, created })),
  }
}

function sum(amounts: number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0)
}
