import type { Answer, Ask } from './api-world.ts'
import type { Json } from './bad-values.ts'

const STORE = {
  ...{ models: ['PHONE'], payers: ['payroll'], term_months: [12], subsidy: 1, maximum_per_employee: 2 },
  ...{ residual_percent: 10, extension_percent: 50, dispatch_days: 5, billing_day: 1, offboarding: 'return' },
  cancellation_terms: { type: 'none', cooling_off_days: 14, fee: 100, collect_balance: true },
}
const CLIENT_CHANGE = {
  ...{ name: 'Acme', email: 'hr@acme.example', phone: '+14165550123', locale: 'en-CA', domains: ['acme.example'] },
  ...{ timezone: 'America/Toronto', statement: { period: 'weekly', day: 1 }, office_address: '1 King St' },
  payment_method: 'pm_card_visa',
}
const CLIENT = { ...CLIENT_CHANGE, currency: 'USD', store: { ...STORE, models: null } }
const EMPLOYEE = {
  ...{ name: 'Ann', email: 'ann@acme.example', phone: '+14165550123', locale: 'en-CA' },
  payment_method: 'pm_card_visa',
}

const WANTED = { device_code: 'PHONE', term_months: 12, payer: 'payroll', damage_waiver: true }
const LEASE = {
  ...{ ...WANTED, employee_id: 'somebody-who-leases', total_amount: 120_000, payment_method: 'pm_card_visa' },
  ...{
    billing_day: 31,
    timezone: 'America/Toronto',
    billing_time: '09:00',
    retry_policy: { retries: 1, every_days: [1] },
  },
  ...{ reminder_days: 3, test_clock: 'clk_x', metadata: { desk: '12' } },
}
const OF_LEASES: Record<string, Json> = {
  'post /leases': LEASE,
  'post /leases/quote': LEASE,
  'patch /leases/{id}': { total_amount: 130_000, damage_waiver: true },
  'put /leases/{id}/payment_method': { payment_method: 'pm_card_visa' },
  'post /leases/{id}/payments': { amount: 100, payment_method: 'pm_card_visa' },
  'post /leases/{id}/pause': { mode: 'extend', until: '2027-03-01T00:00:00Z' },
  'post /leases/{id}/resume': {},
  'post /leases/{id}/dispatched': { tracking: 'T-1' },
  'post /leases/{id}/delivered': {},
  'post /leases/{id}/out_of_stock': {},
  'post /leases/{id}/end_choice': { choice: 'extend', months: 6 },
  'post /leases/{id}/exchange': { device_code: 'PHONE', reason: 'broken', total_amount: 90_000 },
  'post /leases/{id}/lost': { how: 'lost' },
  'post /leases/{id}/buy_out': {},
  'post /cart': WANTED,
  'post /cart/checkout': { payment_method: 'pm_card_visa' },
  'post /employees/{id}/offboard': { payment_method: 'pm_card_visa' },
}

/** A body that each route takes, with every field there is in it, and ids of things that exist. */
export async function exampleBodies(ask: (method: string, url: string, options: Ask) => Promise<Answer>) {
  const customer = { name: 'Amara Okafor', email: 'amara@example.com', phone: '+14165550123', locale: 'en-CA' }
  const made = await ask('POST', '/customers', { body: { ...customer, payment_method: 'pm_card_visa' } })
  const customer_id = made.body.customer_id
  const clock = await ask('POST', '/test_clocks', { body: { frozen_time: '2027-01-15T10:00:00Z' } })
  const quote = {
    customer_id,
    total_amount: 120_000,
    start_date: '2027-01-20',
    term_duration: 12,
    billing_day: 31,
    currency: 'USD',
    timezone: 'America/Toronto',
    billing_time: '09:00',
    payment_method: 'pm_card_visa',
    cancellation_terms: {
      type: 'tiered',
      tiers: [{ from_day: 0, refund_percent: 50 }],
      cooling_off_days: 14,
      fee: 100,
      collect_balance: true,
    },
    adjustment_policy: 'spread',
    retry_policy: { retries: 1, every_days: [1] },
    reminder_days: 3,
    payment_terms: { net: 30 },
    test_clock: clock.body.test_clock_id,
    metadata: { policy: 'P-1' },
  }
  const plan = await ask('POST', '/payment_terms', { body: quote })
  expect(plan.status).toBe(201)
  const endpoint = { url: 'https://8.8.8.8/hooks', event_types: ['payment.completed'], description: 'Books' }
  const hook = await ask('POST', '/webhook_endpoints', { body: endpoint })
  expect(hook.status).toBe(201)
  const client = await ask('POST', '/api_clients', { body: { name: 'Shop' } })
  const user = await ask('POST', '/users', { body: { email: 'ann@example.com', roles: ['broker'] } })
  expect([client.status, user.status]).toEqual([201, 201])
  const phone = {
    ...{
      code: 'phone-1',
      name: 'Phone',
      description: 'A phone',
      manufacturer: 'Maker',
      price: 100_000,
      currency: 'USD',
    },
    ...{ waiver_monthly_amount: 500, images: ['https://img.example/phone.png'] },
  }
  const model = await ask('POST', '/device_models', { body: phone })
  const device = await ask('POST', '/devices', { body: { imei: '490154203237518', model_code: phone.code } })
  expect([model.status, device.status]).toEqual([201, 201])
  const { code: _code, currency: _currency, ...phoneChange } = phone
  const company = await ask('POST', '/clients', { body: { ...CLIENT, test_clock: clock.body.test_clock_id } })
  const employee = await ask('POST', `/clients/${company.body.client_id}/employees`, { body: EMPLOYEE })
  expect([company.status, employee.status]).toEqual([201, 201])
  return {
    ids: {
      device_models: phone.code,
      devices: device.body.device_id,
      clients: company.body.client_id,
      employees: employee.body.employee_id,
      customers: customer_id,
      payment_terms: plan.body.payment_terms_id,
      test_clocks: clock.body.test_clock_id,
      webhook_endpoints: hook.body.webhook_endpoint_id,
      api_clients: client.body.client_id,
      users: user.body.user_id,
    },
    examples: {
      ...OF_LEASES,
      'post /payment_terms/quote': quote,
      'post /payment_terms': quote,
      'patch /payment_terms/{id}': { total_amount: 130_000 },
      'put /payment_terms/{id}/payment_method': { payment_method: 'pm_card_visa' },
      'post /payment_terms/{id}/payments': { amount: 100, payment_method: 'pm_card_visa' },
      'post /payment_terms/{id}/pause': { mode: 'extend', until: '2027-03-01T00:00:00Z' },
      'post /payment_terms/{id}/resume': {},
      'post /customers': { customer_id: 'somebody-new', ...customer, payment_method: 'pm_card_visa' },
      'patch /customers/{id}': { ...customer, payment_method: 'pm_card_visa' },
      'post /escalations/{id}/resolve': { action: 'mark_paid', reference: 'CHQ-1', note: 'by cheque' },
      'post /webhook_endpoints': endpoint,
      'post /webhook_endpoints/{id}/rotate_secret': {},
      'post /webhook_endpoints/{id}/replay': { event_id: 'evt_none', since: '2027-01-15T10:00:00Z' },
      'post /device_models': { ...phone, code: 'phone-2' },
      'patch /device_models/{id}': phoneChange,
      'post /devices': { imei: '356938035643809', model_code: phone.code },
      'patch /devices/{id}': { status: 'maintenance' },
      'post /sign_in': { tenant: 'acme', email: 'ann@example.com', password: 'not hers' },
      'post /api_clients': { name: 'Shop' },
      'post /api_clients/{id}/rotate_secret': {},
      'post /users': {
        ...{ email: 'bob@example.com', roles: ['customer'], customer_id, client_id: company.body.client_id },
      },
      'post /clients': { ...CLIENT, domains: ['new.example'], test_clock: clock.body.test_clock_id },
      'patch /clients/{id}': { ...CLIENT_CHANGE, status: 'suspended' },
      'put /clients/{id}/store': STORE,
      'post /clients/{id}/employees': { ...EMPLOYEE, email: 'new@acme.example' },
      'patch /employees/{id}': { ...EMPLOYEE, status: 'active' },
      'patch /users/{id}': {
        password: 'correct horse battery',
        roles: ['agent'],
        customer_id: 'c',
        client_id: 'c',
        disabled: false,
      },
      'post /test_clocks': { frozen_time: '2027-01-15T10:00:00Z' },
      'post /test_clocks/{id}/advance': { to: '2027-01-16T10:00:00Z' },
    } as Record<string, Json>,
  }
}
