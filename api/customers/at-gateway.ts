import { createHash } from 'node:crypto'
import type { EntityManager } from '@mikro-orm/postgresql'
import { type Customer, changeCustomer, type SavedPaymentMethod } from '../../db/customers/people.ts'
import { CustomerRefused, type CustomerRequest } from '../../gateways/payments.ts'
import type { ApiDeps } from '../deps.ts'
import { unprocessable } from '../http/problem.ts'
import { attach } from './payment-methods.ts'

/** The key comes from what is saved: the same customer again is the same one at the gateway. Throws a 422. */
export async function saveAtGateway(
  { payments }: Pick<ApiDeps, 'payments'>,
  customer: CustomerRequest,
): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(customer)).digest('base64url')
  try {
    return (await payments.saveCustomer(customer, `customer-${key}`)).id
  } catch (error) {
    if (!(error instanceof CustomerRefused)) throw error
    throw unprocessable('customer_refused', `The payment gateway does not take this customer: ${error.code}.`)
  }
}

type Person = Pick<Customer, 'tenantId' | 'id' | 'name' | 'email' | 'phone' | 'gatewayCustomerId'>
type AtGateway = { gatewayCustomerId?: string; defaultPaymentMethod?: SavedPaymentMethod }

/**
 * For who is at the gateway only once there is something to pay with: makes the customer there when a method is given,
 * and attaches it; one that is there already is told of the person as they now are. Returns what of it is to be kept.
 */
export async function payableAtGateway(
  deps: Pick<ApiDeps, 'payments'>,
  person: Person,
  method: string | undefined,
): Promise<AtGateway> {
  const { tenantId, id, name, email, phone, gatewayCustomerId: gatewayId } = person
  if (method === undefined && gatewayId === null) return {}
  const gatewayCustomerId = await saveAtGateway(deps, { gatewayId, reference: `${tenantId}/${id}`, name, email, phone })
  if (method === undefined) return { gatewayCustomerId }
  return { gatewayCustomerId, defaultPaymentMethod: await attach(deps, { gatewayCustomerId }, method) }
}

/** Attaches a method to a person, who is made at the gateway before when they are not there yet. Throws a 422. */
export async function attachTo(
  em: EntityManager,
  deps: Pick<ApiDeps, 'payments'>,
  person: Person,
  method: string,
): Promise<SavedPaymentMethod> {
  if (person.gatewayCustomerId !== null) return attach(deps, person, method)
  const { tenantId, id, name, email, phone } = person
  const gatewayCustomerId = await saveAtGateway(deps, {
    gatewayId: null,
    reference: `${tenantId}/${id}`,
    name,
    email,
    phone,
  })
  await changeCustomer(em, person, { gatewayCustomerId })
  return attach(deps, { gatewayCustomerId }, method)
}
