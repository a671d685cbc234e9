import type { PaymentGateway } from './payments.ts'

/** Makes of one call another one that asks the same. */
export type Around = <Args extends unknown[], Answer>(
  ask: (...args: Args) => Promise<Answer>,
) => (...args: Args) => Promise<Answer>

/** The gateway with something around each of its calls. */
export function eachCall(gateway: PaymentGateway, around: Around): PaymentGateway {
  return {
    create: around(gateway.create),
    confirm: around(gateway.confirm),
    read: around(gateway.read),
    find: around(gateway.find),
    list: around(gateway.list),
    cancel: around(gateway.cancel),
    refund: around(gateway.refund),
    readRefund: around(gateway.readRefund),
    findRefund: around(gateway.findRefund),
    saveCustomer: around(gateway.saveCustomer),
    readCustomer: around(gateway.readCustomer),
    attachMethod: around(gateway.attachMethod),
  }
}
