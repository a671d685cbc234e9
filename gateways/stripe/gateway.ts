import Stripe from 'stripe'
import type { ChargeOutcome, PaymentState } from '../../domain/plans/outcome.ts'
import { type ChargeRequest, NoAnswer, type PaymentGateway, type RefundRequest } from '../payments.ts'
import { toStripe } from './amounts.ts'
import { customers } from './customers.ts'
import { disputesOf, listPayments, REFERENCE } from './list.ts'
import { once } from './once.ts'
import { ask, chargeOf, chargeOutcome, chargeRefused, paymentState, type Refusal, refundOutcome } from './outcomes.ts'

export type StripeOptions = {
  secretKey: string
  /** Where Stripe is, if not at Stripe: a sandbox. */
  apiUrl?: string | undefined
  /** Where a customer comes back to after authenticating. */
  returnUrl: string
  timeoutMs?: number | undefined
}

/** Charges, refunds and customers at Stripe. Keeps docs/rules.md, "Charging": one attempt is one payment. */
export function stripeGateway(options: StripeOptions): PaymentGateway {
  const stripe = stripeClient(options)
  const { returnUrl } = options

  async function read(id: string): Promise<PaymentState> {
    const intent = await ask(() => stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] }))
    if ('code' in intent) return { result: 'rejected', code: intent.code }
    return paymentState(intent, chargeOf(intent)?.disputed ? await disputesOf(stripe, id) : [])
  }

  async function find(reference: string, customer: string, since?: string): Promise<string | null> {
    const created = since === undefined ? {} : { created: { gte: Math.floor(Date.parse(since) / 1000) } }
    const payments = stripe.paymentIntents.list({ customer, limit: 100, ...created })
    return (await firstWith(payments, reference))?.id ?? null
  }

  async function findRefund(reference: string, payment: string) {
    const refund = await firstWith(stripe.refunds.list({ payment_intent: payment, limit: 100 }), reference)
    return refund ? { id: refund.id, outcome: refundOutcome(refund) } : null
  }

  return {
    async create(charge) {
      const amount = toStripe(charge.amount, charge.currency)
      if (amount === null) return { result: 'rejected', code: 'invalid_charge_amount' }
      const made = await once<{ id: string } | Refusal>(
        charge.key,
        (idempotencyKey) => ask(() => stripe.paymentIntents.create(intentOf(charge, amount), { idempotencyKey })),
        async () => {
          const id = await find(charge.reference, charge.customer)
          return id === null ? null : { id }
        },
      )
      return 'code' in made ? { result: 'rejected', code: made.code } : { id: made.id }
    },

    confirm: (id, key) => confirm({ stripe, returnUrl, read }, id, key),
    read,
    find,

    async cancel(id) {
      const canceled = await ask(() => stripe.paymentIntents.cancel(id))
      return 'code' in canceled ? read(id) : paymentState(canceled)
    },

    async refund(request) {
      const amount = toStripe(request.amount, request.currency)
      if (amount === null) return { result: 'failed', code: 'invalid_charge_amount' }
      const make = (idempotencyKey: string) =>
        ask(() => stripe.refunds.create(refundOf(request, amount), { idempotencyKey }))
      const made = await once(
        request.key,
        async (key) => {
          const refund = await make(key)
          return 'code' in refund ? refund : { id: refund.id, outcome: refundOutcome(refund) }
        },
        () => findRefund(request.reference, request.payment),
      )
      return 'code' in made ? { result: 'failed', code: made.code } : made
    },

    async readRefund(id) {
      const refund = await ask(() => stripe.refunds.retrieve(id))
      return 'code' in refund ? { result: 'failed', code: refund.code } : refundOutcome(refund)
    },

    findRefund,
    list: (customer, since) => listPayments(stripe, customer, since),
    ...customers(stripe),
  }
}

/** The `stripe` client for these options. It repeats nothing by itself: who asks decides what a lost answer means. */
export function stripeClient(options: Omit<StripeOptions, 'returnUrl'>): Stripe {
  const url = options.apiUrl === undefined ? null : new URL(options.apiUrl)
  return new Stripe(options.secretKey, {
    maxNetworkRetries: 0,
    timeout: options.timeoutMs ?? 30_000,
    telemetry: false,
    appInfo: { name: 'tenor' },
    ...(url && {
      host: url.hostname,
      port: url.port || (url.protocol === 'http:' ? 80 : 443),
      protocol: url.protocol === 'http:' ? ('http' as const) : ('https' as const),
    }),
  })
}

type Context = { stripe: Stripe; returnUrl: string; read: PaymentGateway['read'] }
type Intent = Stripe.Response<Stripe.PaymentIntent>

/**
 * Confirms as agreed with the customer beforehand; if the bank wants the customer all the same, confirms again as if
 * they were there, since only that gives a page to send them to.
 */
async function confirm(context: Context, id: string, key: string): Promise<ChargeOutcome> {
  const { returnUrl } = context
  const agreed = { off_session: true, return_url: returnUrl }
  const first = await confirmation(context, id, key, agreed, (intent) => intent.status === 'requires_confirmation')
  const outcome = await present(context, id, first)
  const wantsCustomer = outcome.result === 'requires_action' && outcome.url === null
  if (!wantsCustomer || !('code' in first) || first.paymentMethod === null) return outcome
  const there = { payment_method: first.paymentMethod, return_url: returnUrl }
  const isAsBefore = (intent: Intent) => paymentState(intent).result === 'requires_action' && !intent.next_action
  return present(context, id, await confirmation(context, id, `${key}:there`, there, isAsBefore))
}

async function confirmation(
  { stripe }: Context,
  id: string,
  key: string,
  params: Stripe.PaymentIntentConfirmParams,
  isAsBefore: (intent: Intent) => boolean,
): Promise<Intent | Refusal> {
  return once(
    key,
    (idempotencyKey) => ask(() => stripe.paymentIntents.confirm(id, params, { idempotencyKey })),
    async () => {
      const intent = await ask(() => stripe.paymentIntents.retrieve(id))
      return 'code' in intent || !isAsBefore(intent) ? intent : null
    },
  )
}

/** What is so now: an answer that Stripe had kept from earlier, or "it is past that", is only a reason to look. */
async function present({ read }: Context, id: string, answer: Intent | Refusal): Promise<ChargeOutcome> {
  const isOld = 'code' in answer ? answer.isReplay : answer.lastResponse.headers['idempotent-replayed'] === 'true'
  if (isOld || ('code' in answer && answer.code === 'payment_intent_unexpected_state')) {
    return chargeOutcome(await read(id))
  }
  return 'code' in answer ? chargeRefused(answer) : chargeOutcome(paymentState(answer))
}

async function firstWith<T extends { metadata: Stripe.Metadata | null }>(all: AsyncIterable<T>, reference: string) {
  const search = async () => {
    for await (const one of all) if (one.metadata?.[REFERENCE] === reference) return one
    return null
  }
  const found = await ask(search)
  if (found === null || !('declined' in found)) return found
  throw new NoAnswer(`Stripe refused a look at ${reference}: ${found.code}`)
}

function intentOf(charge: ChargeRequest, amount: number): Stripe.PaymentIntentCreateParams {
  return {
    amount,
    currency: charge.currency.toLowerCase(),
    customer: charge.customer,
    payment_method: charge.paymentMethod,
    automatic_payment_methods: { enabled: true },
    description: charge.description,
    metadata: { ...charge.metadata, [REFERENCE]: charge.reference },
  }
}

function refundOf(request: RefundRequest, amount: number): Stripe.RefundCreateParams {
  const metadata = { ...request.metadata, [REFERENCE]: request.reference }
  return { payment_intent: request.payment, amount, metadata }
}
