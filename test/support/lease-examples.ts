import type { Json } from './bad-values.ts'
import type { Holding } from './holdings.ts'

/** What the routes of leases are tried with; each lease is one that nothing was done to yet, where that matters. */

type Make = (url: string, body: Json) => Promise<string>
const nothing = () => ({})

const wanted = ({ model }: Holding) => ({ device_code: model, term_months: 12, payer: 'payroll' })
const order = (holding: Holding) => ({ employee_id: holding.customer, ...wanted(holding) })
const ordered = (make: Make, holding: Holding) => make('/leases', order(holding))

export const LEASE_EXAMPLES = {
  'POST /leases': { body: order },
  'POST /leases/quote': { body: order },
  'PATCH /leases/:id': { body: () => ({ damage_waiver: true }) },
  'DELETE /leases/:id': { fresh: ordered },
  'PUT /leases/:id/payment_method': { body: () => ({ payment_method: 'pm_card_visa' }) },
  'POST /leases/:id/payments': { body: () => ({ amount: 100, payment_method: 'pm_card_visa' }) },
  'POST /leases/:id/pause': { body: () => ({ mode: 'extend' }) },
  'POST /leases/:id/resume': { body: nothing },
  'POST /leases/:id/dispatched': { body: () => ({ tracking: 'T-1' }), fresh: ordered },
  'POST /leases/:id/delivered': { body: nothing, fresh: ordered },
  'POST /leases/:id/out_of_stock': { body: nothing, fresh: ordered },
  'POST /leases/:id/end_choice': { body: () => ({ choice: 'extend', months: 6 }) },
  'POST /leases/:id/exchange': { body: ({ model }: Holding) => ({ device_code: model }) },
  'POST /leases/:id/lost': { body: () => ({ how: 'lost' }) },
  'POST /leases/:id/buy_out': { body: nothing, fresh: async (_: Make, { spare }: Holding) => spare },
  'POST /cart': { body: wanted },
  'DELETE /cart/:id': { fresh: (make: Make, holding: Holding) => make('/cart', wanted(holding)) },
  'POST /cart/checkout': { body: nothing },
  'POST /employees/:id/offboard': {
    body: nothing,
    fresh: (make: Make, { client, domain }: Holding) =>
      make(`/clients/${client}/employees`, { name: 'Gone', email: `${crypto.randomUUID()}@${domain}` }),
  },
}
