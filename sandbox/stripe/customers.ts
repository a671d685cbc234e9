import type Stripe from 'stripe'
import { z } from 'zod'
import { type Endpoint, endpoint } from './endpoint.ts'
import { missing, refuse } from './errors.ts'
import { newId, nowInSeconds } from './ids.ts'
import { clearable, created, expand, filled, ignored, mergeMetadata, metadata, paging } from './params.ts'
import { attach, ownPaymentMethod } from './payment-methods.ts'
import type { Sandbox } from './sandbox.ts'

const email = clearable.refine((text) => text === null || /^[^@\s]+@[^@\s]+$/.test(text), {
  message: 'Invalid email address',
  params: { code: 'email_invalid' },
})
const shared = {
  name: clearable.optional(),
  email: email.optional(),
  phone: clearable.optional(),
  description: clearable.optional(),
  metadata: metadata.optional(),
  preferred_locales: z.array(filled).optional(),
  invoice_settings: z.strictObject({ default_payment_method: clearable }).optional(),
  expand,
  ...ignored('address', 'shipping', 'tax', 'tax_exempt', 'invoice_prefix', 'business_name', 'individual_name'),
}
const createParams = z.strictObject({ ...shared, payment_method: filled.optional() })
const updateParams = z.strictObject(shared)

function newCustomer(): Stripe.Customer {
  const customer = {
    id: newId('cus', 14),
    object: 'customer',
    address: null,
    balance: 0,
    created: nowInSeconds(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    email: null,
    invoice_prefix: newId('x', 8).slice(2).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  }
  return customer as Stripe.Customer
}

function apply(sandbox: Sandbox, customer: Stripe.Customer, params: z.output<typeof updateParams>): Stripe.Customer {
  const { name, email, phone, description, preferred_locales, invoice_settings: settings } = params
  const given = Object.entries({ name, email, phone, description, preferred_locales })
  Object.assign(customer, Object.fromEntries(given.filter(([, value]) => value !== undefined)))
  customer.metadata = mergeMetadata(customer.metadata, params.metadata)
  if (settings) {
    const id = settings.default_payment_method
    const method = id === null ? null : sandbox.records.get<Stripe.PaymentMethod>('payment_method', id)
    if (method === undefined || (method && method.customer !== customer.id)) {
      const message = `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`
      throw refuse(message, { code: 'resource_missing', param: 'invoice_settings[default_payment_method]' })
    }
    customer.invoice_settings.default_payment_method = id
  }
  return sandbox.records.put(customer)
}

function create(sandbox: Sandbox, { payment_method, ...params }: z.output<typeof createParams>): Stripe.Customer {
  const customer = sandbox.records.put(newCustomer())
  const method =
    payment_method && attach(sandbox, ownPaymentMethod(sandbox, payment_method, 'payment_method'), customer.id)
  const wanted = params.invoice_settings?.default_payment_method
  // Stripe lets the test id that is attached in the same call be named as the default one too.
  const settings = method && wanted === payment_method ? { default_payment_method: method.id } : params.invoice_settings
  apply(sandbox, customer, { ...params, invoice_settings: settings })
  sandbox.emit('customer.created', customer)
  return customer
}

function customerOf(sandbox: Sandbox, id: string): Stripe.Customer {
  const customer = sandbox.records.get<Stripe.Customer>('customer', id)
  if (!customer) throw missing('customer', id, 'id', true)
  return customer
}

export const customerEndpoints: Endpoint[] = [
  endpoint('POST', '/v1/customers', createParams, create),
  endpoint('GET', '/v1/customers/:id', z.strictObject({ expand }), (sandbox, _, { id }) => {
    const deleted = sandbox.records.hidden<object>(id)
    return deleted ?? customerOf(sandbox, id)
  }),
  endpoint('POST', '/v1/customers/:id', updateParams, (sandbox, params, { id }) => {
    const customer = apply(sandbox, customerOf(sandbox, id), params)
    sandbox.emit('customer.updated', customer)
    return customer
  }),
  endpoint(
    'GET',
    '/v1/customers',
    z.strictObject({ ...paging, email: filled.optional(), created: created.optional() }),
    (sandbox, { email, expand: _, ...filter }) => {
      const where = (customer: Stripe.Customer) => email === undefined || customer.email === email
      return sandbox.records.list<Stripe.Customer>('customer', '/v1/customers', { ...filter, where })
    },
  ),
  endpoint('DELETE', '/v1/customers/:id', z.strictObject({}), (sandbox, _, { id }) => {
    const customer = customerOf(sandbox, id)
    const deleted = { id: customer.id, object: 'customer', deleted: true }
    sandbox.records.remove(id)
    sandbox.records.hide(id, deleted)
    for (const method of sandbox.records.all<Stripe.PaymentMethod>('payment_method', { customer: id })) {
      sandbox.records.put({ ...method, customer: null })
    }
    sandbox.emit('customer.deleted', customer)
    return deleted
  }),
]
