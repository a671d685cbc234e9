import type Stripe from 'stripe'
import { z } from 'zod'
import { type ConfirmOptions, checkFitness, confirm } from './confirm.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { missing, refuseParameter, wrongState } from './errors.ts'
import { nowInSeconds } from './ids.ts'
import { checkMoney } from './money.ts'
import { newPaymentIntent } from './objects.ts'
import {
  clearable,
  created,
  expand,
  filled,
  flag,
  ignored,
  integer,
  mergeMetadata,
  metadata,
  paging,
} from './params.ts'
import { ownPaymentMethod } from './payment-methods.ts'
import type { Sandbox } from './sandbox.ts'
import { BANK_CURRENCIES } from './test-methods.ts'

const currency = filled.transform((code) => code.toLowerCase())
const automatic = z.strictObject({ enabled: flag, allow_redirects: z.enum(['always', 'never']).optional() })
const captureMethod = z.enum(['automatic', 'automatic_async'], {
  error: 'Only automatic capture is possible here: capture_method must be automatic or automatic_async',
})
const shared = {
  metadata: metadata.optional(),
  description: clearable.optional(),
  receipt_email: clearable.optional(),
  statement_descriptor: clearable.optional(),
  statement_descriptor_suffix: clearable.optional(),
  transfer_group: clearable.optional(),
  setup_future_usage: z.enum(['off_session', 'on_session', '']).optional(),
  customer: filled.optional(),
  payment_method: filled.optional(),
  payment_method_types: z.array(filled).min(1).optional(),
  allowed_payment_method_types: z.array(filled).min(1).optional(),
  capture_method: captureMethod.optional(),
  expand,
  ...ignored(
    'shipping',
    'payment_method_options',
    'payment_details',
    'amount_details',
    'excluded_payment_method_types',
  ),
}
const confirming = {
  off_session: flag.optional(),
  return_url: filled.optional(),
  error_on_requires_action: flag.optional(),
  ...ignored('mandate', 'mandate_data', 'use_stripe_sdk', 'radar_options'),
}
const createParams = z.strictObject({
  amount: integer,
  currency,
  confirm: flag.optional(),
  confirmation_method: z.literal('automatic').optional(),
  automatic_payment_methods: automatic.optional(),
  ...shared,
  ...confirming,
})
const updateParams = z.strictObject({ amount: integer.optional(), currency: currency.optional(), ...shared })
const { payment_method, capture_method, receipt_email, setup_future_usage } = shared
const confirmParams = z.strictObject({
  payment_method,
  capture_method,
  receipt_email,
  setup_future_usage,
  payment_method_types: shared.payment_method_types,
  allowed_payment_method_types: shared.allowed_payment_method_types,
  expand,
  ...confirming,
  ...ignored('shipping', 'payment_method_options', 'payment_details', 'amount_details', 'amount_to_confirm'),
})

/** Which kinds of payment method may pay: those asked for, or all there are for the currency. */
function methodTypes(currency: string, asked: string[] | undefined): string[] {
  const banks = Object.keys(BANK_CURRENCIES).filter((type) => BANK_CURRENCIES[type]?.includes(currency))
  const unfit = asked?.find((type) => type !== 'card' && !banks.includes(type))
  if (unfit !== undefined) {
    const message = `The payment method type "${unfit}" is invalid for the currency ${currency}. Please ensure the provided type is activated and supports it.`
    throw refuseParameter(message, { code: 'payment_intent_invalid_parameter', param: 'payment_method_types' })
  }
  return asked ?? ['card', ...banks]
}

type Changes = Partial<z.output<typeof updateParams>>

function applyChanges(sandbox: Sandbox, intent: Stripe.PaymentIntent, changes: Changes): void {
  const { expand: _, metadata: map, customer, payment_method: method, ...rest } = changes
  const { payment_method_types: types, allowed_payment_method_types: allowed = types, setup_future_usage: usage } = rest
  const texts = ['description', 'receipt_email', 'statement_descriptor', 'statement_descriptor_suffix'] as const
  for (const name of texts) if (rest[name] !== undefined) intent[name] = rest[name]
  if (rest.transfer_group !== undefined) intent.transfer_group = rest.transfer_group
  if (rest.capture_method !== undefined) intent.capture_method = rest.capture_method
  if (usage !== undefined) intent.setup_future_usage = usage || null
  if (rest.amount !== undefined) intent.amount = rest.amount
  if (rest.currency !== undefined) intent.currency = rest.currency
  checkMoney(intent.amount, intent.currency)
  intent.payment_method_types = methodTypes(
    intent.currency,
    allowed ?? intent.allowed_payment_method_types ?? undefined,
  )
  intent.allowed_payment_method_types = allowed ?? intent.allowed_payment_method_types
  intent.metadata = mergeMetadata(intent.metadata, map)
  if (customer !== undefined) {
    if (!sandbox.records.get('customer', customer)) throw missing('customer', customer, 'customer', false)
    intent.customer = customer
  }
  if (method !== undefined) {
    const own = ownPaymentMethod(sandbox, method, 'payment_method')
    checkFitness(intent, own)
    intent.payment_method = own.id
    if (intent.status === 'requires_payment_method') intent.status = 'requires_confirmation'
  }
}

function create(sandbox: Sandbox, params: z.output<typeof createParams>): object {
  const { confirm: atOnce, automatic_payment_methods: methods, off_session, return_url } = params
  for (const [name, value] of Object.entries({ off_session, return_url })) {
    if (value !== undefined && !atOnce) {
      throw refuseParameter(
        `The parameter \`${name}\` cannot be passed when creating a PaymentIntent unless \`confirm\` is set to true.`,
        { param: name },
      )
    }
  }
  if (methods && (params.payment_method_types ?? params.allowed_payment_method_types)) {
    throw refuseParameter(
      'You may only specify one of these parameters: automatic_payment_methods, payment_method_types.',
      { param: 'payment_method_types' },
    )
  }
  const intent = newPaymentIntent(params.amount, params.currency)
  const byItself = { enabled: true, allow_redirects: methods?.allow_redirects ?? 'always' } as const
  if (!params.payment_method_types && methods?.enabled !== false) intent.automatic_payment_methods = byItself
  applyChanges(sandbox, intent, params)
  sandbox.records.put(intent)
  sandbox.emit('payment_intent.created', intent)
  if (!atOnce) return intent
  return confirm(sandbox, intent, {
    off_session,
    return_url,
    error_on_requires_action: params.error_on_requires_action,
  })
}

export function intentOf(sandbox: Sandbox, id: string): Stripe.PaymentIntent {
  const intent = sandbox.records.get<Stripe.PaymentIntent>('payment_intent', id)
  if (!intent) throw missing('payment_intent', id, 'intent', true)
  return intent
}

const CANCELABLE: Stripe.PaymentIntent.Status[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'requires_capture',
]

function cancel(
  sandbox: Sandbox,
  id: string,
  reason: Stripe.PaymentIntent.CancellationReason | null,
): Stripe.PaymentIntent {
  const intent = intentOf(sandbox, id)
  if (!CANCELABLE.includes(intent.status)) {
    const message = `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: ${CANCELABLE.join(', ')}.`
    throw wrongState(message, intent)
  }
  const canceled = { status: 'canceled', canceled_at: nowInSeconds(), cancellation_reason: reason, next_action: null }
  Object.assign(intent, canceled)
  sandbox.pending.forget(id)
  sandbox.emit('payment_intent.canceled', intent)
  return sandbox.records.put(intent)
}

function update(sandbox: Sandbox, id: string, changes: z.output<typeof updateParams>): Stripe.PaymentIntent {
  const intent = intentOf(sandbox, id)
  const ended = intent.status === 'succeeded' || intent.status === 'canceled' || intent.status === 'processing'
  const money = changes.amount ?? changes.currency ?? changes.payment_method ?? changes.customer
  if (ended && money !== undefined) {
    throw wrongState(
      `This PaymentIntent's amount, currency, customer or payment_method could not be updated because it has a status of ${intent.status}.`,
      intent,
    )
  }
  applyChanges(sandbox, intent, changes)
  return sandbox.records.put(intent)
}

const cancelParams = z.strictObject({
  cancellation_reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned']).optional(),
  expand,
})
const listParams = z.strictObject({ ...paging, customer: filled.optional(), created: created.optional() })

export const paymentIntentEndpoints: Endpoint[] = [
  endpoint('POST', '/v1/payment_intents', createParams, create),
  endpoint('GET', '/v1/payment_intents', listParams, (sandbox, { expand: _, ...filter }) =>
    sandbox.records.list('payment_intent', '/v1/payment_intents', filter),
  ),
  endpoint(
    'GET',
    '/v1/payment_intents/:id',
    z.strictObject({ expand, client_secret: filled.optional() }),
    (sandbox, _, { id }) => intentOf(sandbox, id),
  ),
  endpoint('POST', '/v1/payment_intents/:id', updateParams, (sandbox, params, { id }) => update(sandbox, id, params)),
  endpoint('POST', '/v1/payment_intents/:id/confirm', confirmParams, (sandbox, params, { id }) => {
    const intent = intentOf(sandbox, id)
    const { payment_method, off_session, return_url, error_on_requires_action, ...changes } = params
    const options: ConfirmOptions = { payment_method, off_session, return_url, error_on_requires_action }
    if (intent.status !== 'succeeded' && intent.status !== 'canceled') applyChanges(sandbox, intent, changes)
    return confirm(sandbox, intent, options)
  }),
  endpoint('POST', '/v1/payment_intents/:id/cancel', cancelParams, (sandbox, params, { id }) =>
    cancel(sandbox, id, params.cancellation_reason ?? null),
  ),
  endpoint('POST', '/v1/payment_intents/:id/capture', z.unknown(), (sandbox, _, { id }) => {
    const intent = intentOf(sandbox, id)
    throw wrongState(`This PaymentIntent could not be captured because it has a status of ${intent.status}.`, intent)
  }),
]
