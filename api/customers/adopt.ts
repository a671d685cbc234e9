import type { EntityManager } from '@mikro-orm/postgresql'
import { instantOf } from '../../db/columns.ts'
import { addCustomer, type Customer, findCustomer } from '../../db/customers/people.ts'
import { isCustomerOfAnother } from '../../db/tenancy/ways.ts'
import type { ApiDeps } from '../deps.ts'
import { attach } from './payment-methods.ts'

/** Whether an id is the payment gateway's own, so that it need not be mapped to one. */
export function isGatewayId(id: string): boolean {
  return /^cus_\w+$/.test(id)
}

/** The tenant's customer; one that is named by the gateway's id is taken over from there. Null when there is none. */
export async function customerOrAdopted(
  em: EntityManager,
  deps: ApiDeps,
  tenant: string,
  id: string,
): Promise<Customer | null> {
  const there = await findCustomer(em, { tenantId: tenant, id })
  if (there || !isGatewayId(id) || (await isCustomerOfAnother(em, tenant, id))) return there
  const found = await deps.payments.readCustomer(id)
  if (!found) return null
  const { paymentMethod } = found
  const now = instantOf(deps.now())
  await addCustomer(em, {
    tenantId: tenant,
    id,
    name: found.name ?? id,
    email: found.email ?? '',
    phone: found.phone,
    locale: null,
    gatewayCustomerId: id,
    defaultPaymentMethod: paymentMethod ? await attach(deps, { gatewayCustomerId: id }, paymentMethod) : null,
    createdAt: now,
    updatedAt: now,
  })
  return findCustomer(em, { tenantId: tenant, id })
}
