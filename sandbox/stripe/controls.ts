import type { FastifyInstance } from 'fastify'
import type Stripe from 'stripe'
import { z } from 'zod'
import { faultRoutes } from '../faults.ts'
import type { RequestStats } from '../server.ts'
import { closeDispute, dispute } from './confirm.ts'
import { Refusal } from './errors.ts'
import { isRefundOutcome, readOutcome } from './outcomes.ts'
import { paymentsListing } from './payments.ts'
import type { Waiting } from './pending.ts'
import { settleRefund } from './refunds.ts'
import type { Sandbox } from './sandbox.ts'
import { returnReason, settle, settleByName } from './settle.ts'

const outcome = z.string().refine((text) => isRefundOutcome(text) || readOutcome(text) !== null, {
  error: ({ input }) =>
    `${String(input)} is no outcome. Give succeeded, a decline code, authentication_required, processing_then_…, succeeded_then_returned[_reason], succeeded_then_disputed[_reason][_then_won], refund_failed or refund_refused`,
})
const outcomesBody = z.strictObject({ customer_id: z.string().min(1), outcomes: z.array(outcome).min(1) })
const settleBody = z
  .strictObject({ payment: z.string().min(1).optional(), customer_id: z.string().min(1).optional() })
  .refine((body) => body.payment !== undefined || body.customer_id !== undefined, {
    message: 'Say what is to settle: payment (an id, or "all") or customer_id',
  })
const reason = z.string().regex(/^[a-z_]+$/)
const returnBody = z.strictObject({ payment: z.string(), reason: reason.default('insufficient_funds') })
const disputeBody = z.strictObject({ payment: z.string(), reason: reason.default('fraudulent') })
const failBody = z.strictObject({ refund: z.string(), reason: reason.default('lost_or_stolen_card') })
const closeBody = z.strictObject({ status: z.enum(['won', 'lost']) })
const urls = z.union([z.url().transform((url) => [url]), z.array(z.url())])
const webhookBody = z.strictObject({
  duplicate: z.int().min(0).max(20).optional(),
  shuffle: z.boolean().optional(),
  hold: z.boolean().optional(),
})
const byCustomer = z.looseObject({ customer_id: z.string().optional() })

/** The switches that only a sandbox has, under `/_sandbox`. */
export function controlRoutes(app: FastifyInstance, sandbox: Sandbox, stats: RequestStats): void {
  faultRoutes(app, sandbox.faults)
  outcomeControls(app, sandbox)
  paymentControls(app, sandbox)
  webhookControls(app, sandbox)
  app.get('/_sandbox/stats', async () => stats.report())
  app.delete('/_sandbox/idempotency_keys', async () => {
    sandbox.keys.expire()
    return { data: [] }
  })
  app.post('/_sandbox/reset', async () => {
    sandbox.change(() => {
      for (const part of [sandbox.records, sandbox.pending, sandbox.keys, sandbox.webhooks]) part.clear()
      sandbox.outcomes.forget()
    })
    sandbox.webhooks.setMischief({ duplicate: 0, shuffle: false, hold: false })
    sandbox.faults.clear()
    stats.reset()
    return { reset: true }
  })
}

function outcomeControls(app: FastifyInstance, sandbox: Sandbox): void {
  app.post('/_sandbox/outcomes', async (request) => {
    const { customer_id, outcomes } = outcomesBody.parse(request.body)
    sandbox.change(() => sandbox.outcomes.add(customer_id, outcomes))
    return { data: sandbox.outcomes.waiting(customer_id) }
  })
  app.get('/_sandbox/outcomes', async (request) => ({
    data: sandbox.outcomes.waiting(byCustomer.parse(request.query).customer_id),
  }))
  app.delete('/_sandbox/outcomes', async (request) => {
    sandbox.outcomes.forget(byCustomer.parse(request.query).customer_id)
    return { data: sandbox.outcomes.waiting() }
  })
}

function paymentControls(app: FastifyInstance, sandbox: Sandbox): void {
  app.get('/_sandbox/payments', async (request) => ({
    data: paymentsListing(sandbox, byCustomer.parse(request.query).customer_id),
  }))
  app.post('/_sandbox/settle', async (request) => {
    const { payment, customer_id } = settleBody.parse(request.body)
    return { data: sandbox.change(() => settleWhat(sandbox, payment, customer_id)) }
  })
  app.post('/_sandbox/return', async (request) => {
    const { payment, reason } = returnBody.parse(request.body)
    return control(() =>
      sandbox.change(() => dispute(sandbox, paymentOf(sandbox, payment), returnReason(reason), 'lost')),
    )
  })
  app.post('/_sandbox/dispute', async (request) => {
    const { payment, reason } = disputeBody.parse(request.body)
    return control(() => sandbox.change(() => dispute(sandbox, paymentOf(sandbox, payment), reason, 'needs_response')))
  })
  app.post('/_sandbox/refunds/fail', async (request) => {
    const { refund: id, reason } = failBody.parse(request.body)
    const refund = sandbox.records.get<Stripe.Refund>('refund', id)
    if (!refund) throw notFound('refund', id)
    if (refund.status === 'failed')
      throw Object.assign(new Error(`Refund ${id} has failed already`), { statusCode: 400 })
    return sandbox.change(() => {
      settleRefund(sandbox, refund, { to: 'failed', code: reason })
      return refund
    })
  })
  app.post<{ Params: { id: string } }>('/_sandbox/disputes/:id/close', async (request) => {
    const { status } = closeBody.parse(request.body)
    const made = sandbox.records.get<Stripe.Dispute>('dispute', request.params.id)
    if (!made) throw notFound('dispute', request.params.id)
    return sandbox.change(() => closeDispute(sandbox, made, status))
  })
}

function webhookControls(app: FastifyInstance, sandbox: Sandbox): void {
  const state = () => ({
    urls: sandbox.webhooks.urls,
    ...sandbox.webhooks.mischief,
    waiting: sandbox.webhooks.waiting(),
  })
  app.get('/_sandbox/webhooks', async () => state())
  app.post('/_sandbox/webhooks', async (request) => {
    const given = webhookBody.parse(request.body)
    const { duplicate, shuffle, hold } = { ...sandbox.webhooks.mischief, ...given }
    sandbox.webhooks.setMischief({ duplicate, shuffle, hold })
    return state()
  })
  app.post('/_sandbox/webhook_url', async (request) => {
    const { url } = z.strictObject({ url: urls }).parse(request.body)
    sandbox.webhooks.setUrls(url)
    return state()
  })
}

function settleWhat(sandbox: Sandbox, payment: string | undefined, customer: string | undefined): object[] {
  const waiting = sandbox.pending.all().filter((one) => one.waitsFor === 'settlement')
  const concerned = waiting.filter((one) => concerns(sandbox, one, payment, customer))
  const settled = concerned.map((one) => settle(sandbox, one))
  if (settled.length > 0 || payment === undefined || payment === 'all') return settled
  const intent = paymentOf(sandbox, payment)
  return intent.status === 'processing' ? [settleByName(sandbox, intent)] : []
}

function concerns(
  sandbox: Sandbox,
  { id }: Waiting,
  payment: string | undefined,
  customer: string | undefined,
): boolean {
  const refund = sandbox.records.get<Stripe.Refund>('refund', id)
  const intentId = refund ? String(refund.payment_intent) : id
  if (payment !== undefined && payment !== 'all' && payment !== intentId && payment !== id) return false
  if (customer === undefined) return true
  const intent = sandbox.records.get<Stripe.PaymentIntent>('payment_intent', intentId)
  return sandbox.namesOf((intent?.customer as string | null) ?? null, intent?.metadata ?? null).includes(customer)
}

function notFound(what: string, id: string): Error {
  return Object.assign(new Error(`There is no ${what} ${id}`), { statusCode: 404 })
}

function paymentOf(sandbox: Sandbox, id: string): Stripe.PaymentIntent {
  const intent = sandbox.records.get<Stripe.PaymentIntent>('payment_intent', id)
  if (!intent) throw notFound('payment', id)
  return intent
}

/** What Stripe's own rules refuse is a 400 for a control as well. */
function control<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refusal) throw Object.assign(new Error(error.message), { statusCode: error.status })
    throw error
  }
}
