import type Stripe from 'stripe'
import { z } from 'zod'
import { type Endpoint, endpoint } from './endpoint.ts'
import { missing, refuse } from './errors.ts'
import { expand, filled, ignored, mergeMetadata, metadata, paging } from './params.ts'
import type { Sandbox } from './sandbox.ts'
import { paymentMethodFrom, TEST_METHODS } from './test-methods.ts'

type Origin = { test: string }

/**
 * The payment method of that id. A well-known test id (`pm_card_visa`) stands for a new payment method each time it
 * is used, as at Stripe. Refuses an unknown one.
 */
export function ownPaymentMethod(sandbox: Sandbox, id: string, param: string, inPath = false): Stripe.PaymentMethod {
  const test = TEST_METHODS.get(id)
  if (test) {
    const made = sandbox.records.put(paymentMethodFrom(test))
    sandbox.records.hide(made.id, { test: id } satisfies Origin)
    return made
  }
  const found = sandbox.records.get<Stripe.PaymentMethod>('payment_method', id)
  if (!found) throw missing('PaymentMethod', id, param, inPath)
  return found
}

/** How charges of this payment method end when nothing else was asked for. */
export function testOutcomeOf(sandbox: Sandbox, id: string): string {
  return TEST_METHODS.get(sandbox.records.hidden<Origin>(id)?.test ?? '')?.outcome ?? 'succeeded'
}

/** The name of the well-known test payment method that this one came from. */
export function testNameOf(sandbox: Sandbox, id: string): string | undefined {
  return sandbox.records.hidden<Origin>(id)?.test
}

/**
 * Saves a payment method to a customer. Stripe saves only those test cards that would survive its check of the card;
 * here all are saved, since they stand for cards that went bad after they were saved.
 */
export function attach(sandbox: Sandbox, method: Stripe.PaymentMethod, customer: string): Stripe.PaymentMethod {
  if (!sandbox.records.get('customer', customer)) throw missing('customer', customer, 'customer', false)
  if (method.customer === customer) return method
  if (method.customer) {
    throw refuse('The payment method you provided has already been attached to a customer.', {
      code: 'payment_method_unexpected_state',
    })
  }
  method.customer = customer
  sandbox.records.put(method)
  sandbox.emit('payment_method.attached', method)
  return method
}

const billingDetails = z.record(z.string(), z.unknown())

export const paymentMethodEndpoints: Endpoint[] = [
  endpoint(
    'POST',
    '/v1/payment_methods',
    z.strictObject({
      type: z.enum(['card', 'us_bank_account', 'sepa_debit']),
      billing_details: billingDetails.optional(),
      metadata: metadata.optional(),
      expand,
      card: z.strictObject({ token: filled }).optional(),
      us_bank_account: z.record(z.string(), z.string()).optional(),
      sepa_debit: z.record(z.string(), z.string()).optional(),
      ...ignored('allow_redisplay', 'radar_options'),
    }),
    (sandbox, params) => {
      const token = params.card?.token.replace(/^tok_/, 'pm_card_')
      if (params.type === 'card' && !token) {
        throw refuse('Sending card numbers is not possible here: give `card[token]`, such as tok_visa.', {
          param: 'card',
        })
      }
      const bank = params.type === 'us_bank_account' ? 'pm_usBankAccount_success' : 'pm_sepaDebit_success'
      const method = ownPaymentMethod(sandbox, token ?? bank, 'card')
      Object.assign(method.billing_details, params.billing_details)
      method.metadata = mergeMetadata({}, params.metadata)
      return sandbox.records.put(method)
    },
  ),
  endpoint('GET', '/v1/payment_methods/:id', z.strictObject({ expand }), (sandbox, _params, { id }) =>
    ownPaymentMethod(sandbox, id, 'payment_method', true),
  ),
  endpoint(
    'POST',
    '/v1/payment_methods/:id',
    z.strictObject({
      metadata: metadata.optional(),
      billing_details: billingDetails.optional(),
      expand,
      ...ignored('allow_redisplay', 'card'),
    }),
    (sandbox, params, { id }) => {
      const method = ownPaymentMethod(sandbox, id, 'payment_method', true)
      method.metadata = mergeMetadata(method.metadata, params.metadata)
      Object.assign(method.billing_details, params.billing_details)
      sandbox.emit('payment_method.updated', method)
      return sandbox.records.put(method)
    },
  ),
  endpoint(
    'GET',
    '/v1/payment_methods',
    z.strictObject({ ...paging, customer: filled.optional(), type: filled.optional(), ...ignored('allow_redisplay') }),
    (sandbox, params) => listOf(sandbox, '/v1/payment_methods', params),
  ),
  endpoint(
    'GET',
    '/v1/customers/:id/payment_methods',
    z.strictObject({ ...paging, type: filled.optional(), ...ignored('allow_redisplay') }),
    (sandbox, params, { id }) => {
      if (!sandbox.records.get('customer', id)) throw missing('customer', id, 'customer', true)
      return listOf(sandbox, `/v1/customers/${id}/payment_methods`, { ...params, customer: id })
    },
  ),
  endpoint('GET', '/v1/customers/:id/payment_methods/:method', z.strictObject({ expand }), (sandbox, _params, ids) => {
    const method = sandbox.records.get<Stripe.PaymentMethod>('payment_method', ids.method ?? '')
    if (method?.customer !== ids.id) throw missing('PaymentMethod', ids.method ?? '', 'payment_method', true)
    return method
  }),
  endpoint(
    'POST',
    '/v1/payment_methods/:id/attach',
    z.strictObject({ customer: filled, expand }),
    (sandbox, { customer }, { id }) => attach(sandbox, ownPaymentMethod(sandbox, id, 'payment_method', true), customer),
  ),
  endpoint('POST', '/v1/payment_methods/:id/detach', z.strictObject({ expand }), (sandbox, _params, { id }) => {
    const method = ownPaymentMethod(sandbox, id, 'payment_method', true)
    if (!method.customer) {
      throw refuse('The payment method you provided is not attached to a customer so detachment is impossible.', {
        code: 'payment_method_unexpected_state',
      })
    }
    method.customer = null
    sandbox.emit('payment_method.detached', method)
    return sandbox.records.put(method)
  }),
]

type ListParams = {
  customer?: string | undefined
  type?: string | undefined
  limit?: number | undefined
  starting_after?: string | undefined
  ending_before?: string | undefined
}

function listOf(sandbox: Sandbox, url: string, { type, ...filter }: ListParams): object {
  const where = (method: Stripe.PaymentMethod) =>
    method.customer !== null && (type === undefined || method.type === type)
  return sandbox.records.list<Stripe.PaymentMethod>('payment_method', url, { ...filter, where })
}
