import type Stripe from 'stripe'
import { z } from 'zod'
import { type Endpoint, endpoint } from './endpoint.ts'
import { missing } from './errors.ts'
import { created, expand, filled, ignored, paging } from './params.ts'
import type { Kind } from './records.ts'

const one = z.strictObject({ expand })

function byId(kind: Kind, path: string): Endpoint {
  return endpoint('GET', `${path}/:id`, one, (sandbox, _, { id }) => {
    const found = sandbox.records.get<object>(kind, id)
    if (!found) throw missing(kind, id, 'id', true)
    return found
  })
}

/** `payment_intent.*` stands for all that begin so. */
function matches(type: string, name: string): boolean {
  return name.endsWith('*') ? type.startsWith(name.slice(0, -1)) : type === name
}

/** What can only be looked at: charges, disputes, events. */
export const readEndpoints: Endpoint[] = [
  byId('charge', '/v1/charges'),
  byId('dispute', '/v1/disputes'),
  endpoint('GET', '/v1/events/:id', one, (sandbox, _, { id }) => {
    const event = sandbox.records.get<Stripe.Event>('event', id)
    if (!event) throw missing('event', id, 'id', true)
    return { ...event, pending_webhooks: sandbox.webhooks.waitingFor(id) }
  }),
  endpoint(
    'GET',
    '/v1/charges',
    z.strictObject({
      ...paging,
      customer: filled.optional(),
      payment_intent: filled.optional(),
      created: created.optional(),
    }),
    (sandbox, { payment_intent: payment, expand: _, ...filter }) =>
      sandbox.records.list<Stripe.Charge>('charge', '/v1/charges', { ...filter, payment }),
  ),
  endpoint(
    'GET',
    '/v1/disputes',
    z.strictObject({
      ...paging,
      charge: filled.optional(),
      payment_intent: filled.optional(),
      created: created.optional(),
    }),
    (sandbox, { charge, payment_intent: payment, expand: _, ...filter }) => {
      const where = (dispute: Stripe.Dispute) => charge === undefined || dispute.charge === charge
      return sandbox.records.list<Stripe.Dispute>('dispute', '/v1/disputes', { ...filter, payment, where })
    },
  ),
  endpoint(
    'GET',
    '/v1/events',
    z.strictObject({
      ...paging,
      type: filled.optional(),
      types: z.array(filled).optional(),
      created: created.optional(),
      ...ignored('delivery_success'),
    }),
    (sandbox, { type, types, expand: _, ...filter }) => {
      const wanted = types ?? (type === undefined ? undefined : [type])
      const where = (event: Stripe.Event) => wanted === undefined || wanted.some((name) => matches(event.type, name))
      return sandbox.records.list<Stripe.Event>('event', '/v1/events', { ...filter, where })
    },
  ),
]
