import type Stripe from 'stripe'
import {
  CustomerRefused,
  type CustomerRequest,
  NoAnswer,
  type PaymentGateway,
  PaymentMethodRefused,
} from '../payments.ts'
import { once } from './once.ts'
import { ask, type Refusal } from './outcomes.ts'

/** Under this name our own id of a customer stands in its metadata. */
const REFERENCE = 'tenor_customer_id'

type CustomersPart = Pick<PaymentGateway, 'saveCustomer' | 'readCustomer' | 'attachMethod'>

/** Customers and their payment methods at Stripe. */
export function customers(stripe: Stripe): CustomersPart {
  return {
    async saveCustomer(customer, idempotencyKey) {
      const { gatewayId } = customer
      const saved = await (gatewayId === null
        ? make(stripe, customer, idempotencyKey)
        : ask(() => stripe.customers.update(gatewayId, paramsOf(customer))))
      if ('code' in saved) throw new CustomerRefused(saved.code, saved.message)
      return { id: saved.id }
    },

    async readCustomer(id) {
      const customer = await ask(() => stripe.customers.retrieve(id))
      if ('code' in customer || customer.deleted) return null
      const method = customer.invoice_settings?.default_payment_method ?? null
      return {
        id: customer.id,
        name: customer.name ?? null,
        email: customer.email,
        phone: customer.phone ?? null,
        paymentMethod: idOf(method),
      }
    },

    async attachMethod(method, customer) {
      const found = orRefused(await ask(() => stripe.paymentMethods.retrieve(method)))
      const owner = idOf(found.customer)
      if (owner !== null && owner !== customer) {
        throw new PaymentMethodRefused('payment_method_of_another_customer', 'It belongs to another customer')
      }
      const attached = owner === customer ? found : await attach(stripe, method, customer)
      return { id: attached.id, type: attached.type, label: labelOf(attached) }
    },
  }
}

/** Made once, also when Stripe goes on answering a failure that it keeps under the key: it is looked for then. */
function make(stripe: Stripe, customer: CustomerRequest, key: string): Promise<{ id: string } | Refusal> {
  const look = async () => {
    const alike = await ask(() => stripe.customers.list({ email: customer.email, limit: 100 }))
    if ('code' in alike) throw new NoAnswer(`Stripe refused a look at ${customer.reference}: ${alike.code}`)
    return alike.data.find(({ metadata }) => metadata[REFERENCE] === customer.reference) ?? null
  }
  const send = (idempotencyKey: string) => ask(() => stripe.customers.create(paramsOf(customer), { idempotencyKey }))
  return once<{ id: string } | Refusal>(key, send, look)
}

async function attach(stripe: Stripe, method: string, customer: string): Promise<Stripe.PaymentMethod> {
  const attached = await ask(() => stripe.paymentMethods.attach(method, { customer }))
  return orRefused(attached)
}

function orRefused(answer: Stripe.PaymentMethod | Refusal): Stripe.PaymentMethod {
  if ('code' in answer) throw new PaymentMethodRefused(answer.code, answer.message)
  return answer
}

/** How a payment method is called before its owner: never more than the last four digits. */
export function labelOf(method: Stripe.PaymentMethod): string {
  const { card, us_bank_account: bank, sepa_debit: sepa } = method
  if (card) return `${brandName(card.display_brand ?? card.brand)} •••• ${card.last4}`
  if (bank) return `${bank.bank_name ?? 'Bank account'} •••• ${bank.last4 ?? ''}`.trim()
  if (sepa) return `SEPA •••• ${sepa.last4 ?? ''}`.trim()
  return brandName(method.type)
}

function brandName(brand: string): string {
  const words = brand.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function paramsOf(customer: CustomerRequest): Stripe.CustomerCreateParams {
  const { name, email, phone, reference } = customer
  return { name, email, phone: phone ?? '', metadata: { [REFERENCE]: reference } }
}

function idOf(linked: string | { id: string } | null): string | null {
  return typeof linked === 'object' ? (linked?.id ?? null) : linked
}
