import type { Customer } from '../../db/customers/people.ts'
import { PaymentMethodRefused } from '../../gateways/payments.ts'
import type { ApiDeps } from '../deps.ts'
import { unprocessable } from '../http/problem.ts'

/** Attaches a method to the customer at the gateway, unless it is already. Throws a 422 when the gateway refuses. */
export async function attach(
  { payments }: Pick<ApiDeps, 'payments'>,
  customer: Pick<Customer, 'gatewayCustomerId'>,
  method: string,
) {
  try {
    return await payments.attachMethod(method, customer.gatewayCustomerId ?? '')
  } catch (error) {
    if (!(error instanceof PaymentMethodRefused)) throw error
    const detail = `The payment gateway does not take this payment method: ${error.code}.`
    throw unprocessable('payment_method_refused', detail, '/payment_method')
  }
}
