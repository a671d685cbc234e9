import { writtenOf } from '../../api/leasing/people/store-shapes.ts'
import { withCheckDigit } from '../../domain/leasing/imei.ts'
import { DEFAULT_STORE } from '../../domain/leasing/store.ts'
import type { Json } from './bad-values.ts'
import type { Holding } from './holdings.ts'
import { LEASE_EXAMPLES } from './lease-examples.ts'

/** What a route is tried with: a body that it takes, and for what can be done only once, something new to do it to. */
type Make = (url: string, body: Json) => Promise<string>
type Example = { body?: (holding: Holding) => Json; fresh?: (make: Make, holding: Holding) => Promise<string> }
export const EXAMPLES: Record<string, Example> = {
  'POST /payment_terms': { body: term },
  'POST /payment_terms/quote': { body: term },
  'PATCH /payment_terms/:id': { body: () => ({ total_amount: 130_000 }) },
  'PUT /payment_terms/:id/payment_method': { body: () => ({ payment_method: 'pm_card_visa' }) },
  'POST /payment_terms/:id/payments': { body: () => ({ amount: 100 }) },
  'POST /payment_terms/:id/pause': { body: () => ({ mode: 'extend' }) },
  'POST /payment_terms/:id/resume': { body: () => ({}) },
  ...LEASE_EXAMPLES,
  'POST /customers': { body: () => ({ name: 'New', email: 'new@example.com', payment_method: 'pm_card_visa' }) },
  'PATCH /customers/:id': {
    body: () => ({ locale: 'en-CA' }),
    // The holding's own is an employee, who is changed elsewhere.
    fresh: (make) => make('/customers', { name: 'New', email: 'new@example.com' }),
  },
  'POST /escalations/:id/resolve': { body: () => ({ action: 'mark_paid', reference: 'CHQ-1', note: 'by cheque' }) },
  'POST /webhook_endpoints': { body: () => ({ url: 'https://8.8.8.8/new' }) },
  'POST /webhook_endpoints/:id/rotate_secret': { body: () => ({}) },
  'POST /webhook_endpoints/:id/replay': { body: ({ event }) => ({ event_id: event }) },
  'DELETE /webhook_endpoints/:id': {
    fresh: (make) => make('/webhook_endpoints', { url: 'https://8.8.8.8/gone' }),
  },
  'POST /test_clocks': { body: () => ({ frozen_time: '2027-01-15T10:00:00Z' }) },
  'POST /test_clocks/:id/advance': { body: () => ({ to: '2027-02-18T00:00:00Z' }), fresh: newClock },
  'DELETE /test_clocks/:id': { fresh: newClock },
  'POST /device_models': { body: phone },
  'PATCH /device_models/:id': { body: () => ({ price: 90_000 }) },
  'DELETE /device_models/:id': { fresh: (make) => make('/device_models', phone()) },
  'POST /devices': { body: ({ ids }) => ({ imei: newImei(), model_code: ids.device_models ?? '' }) },
  'PATCH /devices/:id': { body: () => ({ status: 'maintenance' }) },
  'POST /devices/import': { body: ({ ids }) => `imei,model_code\n${newImei()},${ids.device_models}` },
  'POST /api_clients': { body: () => ({ name: 'New' }) },
  'POST /api_clients/:id/rotate_secret': { body: () => ({}) },
  'POST /users': {
    body: ({ customer, client }) => ({
      email: `${crypto.randomUUID()}@example.com`,
      roles: ['customer'],
      customer_id: customer,
      client_id: client,
    }),
  },
  'POST /clients': { body: () => ({ name: 'New', email: 'new@example.com' }) },
  'PATCH /clients/:id': { body: () => ({ locale: 'en-CA' }) },
  'DELETE /clients/:id': { fresh: (make) => make('/clients', { name: 'Gone', email: 'gone@example.com' }) },
  'PUT /clients/:id/store': {
    body: () => ({ ...writtenOf(DEFAULT_STORE), maximum_per_employee: 1000, payers: ['payroll', 'employee'] }),
  },
  'POST /clients/:id/employees': {
    body: ({ domain }) => ({ name: 'New', email: `${crypto.randomUUID()}@${domain}` }),
  },
  'POST /clients/:id/employees/import': {
    body: ({ domain }) => `name,email\nNew,${crypto.randomUUID()}@${domain}`,
  },
  'PATCH /employees/:id': { body: () => ({ locale: 'en-CA' }) },
  'DELETE /employees/:id': {
    fresh: (make, { client, domain }) =>
      make(`/clients/${client}/employees`, { name: 'Gone', email: `${crypto.randomUUID()}@${domain}` }),
  },
  'POST /codec/decode': { body: () => ({ payloads: [] }) },
  'POST /codec/encode': { body: () => ({ payloads: [] }) },
  'PATCH /users/:id': { body: ({ customer }) => ({ roles: ['customer'], customer_id: customer }) },
}

function term({ customer, clock }: Holding): Json {
  const agreed = { total_amount: 120_000, start_date: '2027-03-01', term_duration: 12, billing_day: 15 }
  return { customer_id: customer, test_clock: clock, ...agreed }
}
function phone() {
  return { code: `phone-${crypto.randomUUID()}`, name: 'New', manufacturer: 'New', price: 100_000, currency: 'USD' }
}
function newImei(): string {
  return withCheckDigit(String(crypto.getRandomValues(new Uint32Array(1))[0]).padStart(14, '0'))
}
function newClock(make: Make): Promise<string> {
  return make('/test_clocks', { frozen_time: '2027-01-15T10:00:00Z' })
}

/** The body with somebody else's things in place of the own, one at a time; a customer by the gateway's name too. */
export function bodiesNaming({ url }: { url: string }, own: Json, mine: Holding, holding: Holding): Json[] {
  if (own === null || typeof own !== 'object' || Array.isArray(own)) return []
  return Object.entries(own).flatMap(([name, value]) => {
    // A quote asks the gateway nothing, so its names of customers are as good as any.
    const names = url.endsWith('/quote') ? [holding.customer] : [holding.customer, holding.gatewayCustomer]
    if (value === mine.customer) return names.map((id) => ({ ...own, [name]: id }))
    // Test clocks, events and companies are their tenant's, not a customer's.
    if (holding.tenant === mine.tenant) return []
    if (value === mine.clock) return [{ ...own, [name]: holding.clock }]
    if (name === 'model_code') return [{ ...own, [name]: holding.ids.device_models ?? '' }]
    if (value === mine.event) return [{ ...own, [name]: holding.event }]
    if (value === mine.model) return [{ ...own, [name]: holding.model }]
    if (value === mine.client) return [{ ...own, [name]: holding.client }]
    return []
  })
}

/** What may be there only once, under another name. */
export function freshNames(body: Json | undefined): Json | undefined {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return body
  return {
    ...body,
    ...('email' in body && { email: `${crypto.randomUUID()}@example.com` }),
    ...('imei' in body && { imei: newImei() }),
    ...('code' in body && { code: crypto.randomUUID() }),
  }
}
