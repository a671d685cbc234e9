import type { Role } from '../../domain/identity/roles.ts'

export type Access = 'public' | readonly Role[]

/** Starts plans, changes what was agreed, and what ops need for it. */
const OPERATE = ['api_client', 'admin'] as const
/** Sees everything of the tenant. */
const WATCH = [...OPERATE, 'broker', 'agent'] as const
/** Who owes, for the plans of the one customer that the token names: every query of theirs is limited to them. */
const OWING = ['customer', 'employee'] as const
const OWN = [...WATCH, ...OWING] as const
/** What the ones who owe may do to a plan, and brokers for them. */
const PAY = [...OPERATE, 'broker', ...OWING] as const
/** Runs a company of leasing: its own admin and we. */
const COMPANY = [...OPERATE, 'client_admin'] as const
const COMPANY_SEEN = [...COMPANY, 'agent'] as const
/** What companies owe, and a company's admin what its own does. */
const STATEMENTS = [...OPERATE, 'agent', 'client_admin'] as const
const BROKER = ['broker', 'admin'] as const
const ADMIN = ['admin'] as const
/** Sees the stock of the whole tenant. */
const STOCK = [...OPERATE, 'agent'] as const

const ofPlans = (plans: string): Record<string, Access> => ({
  [`POST ${plans}`]: OPERATE,
  [`POST ${plans}/quote`]: OWN,
  [`GET ${plans}`]: OWN,
  [`GET ${plans}/:id`]: OWN,
  [`PATCH ${plans}/:id`]: OPERATE,
  [`DELETE ${plans}/:id`]: PAY,
  [`GET ${plans}/:id/timeline`]: OWN,
  [`GET ${plans}/:id/transactions`]: OWN,
  [`GET ${plans}/:id/ledger`]: WATCH,
  [`GET ${plans}/:id/receipts`]: OWN,
  [`GET ${plans}/:id/proof`]: WATCH,
  [`GET ${plans}/:id/cancellation_quote`]: OWN,
  [`PUT ${plans}/:id/payment_method`]: PAY,
  [`POST ${plans}/:id/payments`]: PAY,
  [`POST ${plans}/:id/pause`]: [...OPERATE, 'broker'],
  [`POST ${plans}/:id/resume`]: [...OPERATE, 'broker'],
})

/** Companies see and do what is of their own employees, employees what is of themselves: every query is limited so. */
const LEASE_WATCH = [...WATCH, 'client_admin'] as const
const LEASE_OWN = [...LEASE_WATCH, 'employee'] as const
const LEASE_SAY = [...OPERATE, 'client_admin', 'employee'] as const

const LEASES: Record<string, Access> = {
  'POST /leases': LEASE_SAY,
  'POST /leases/quote': LEASE_OWN,
  'GET /leases': LEASE_OWN,
  'GET /leases/:id': LEASE_OWN,
  'PATCH /leases/:id': LEASE_SAY,
  'DELETE /leases/:id': LEASE_SAY,
  'GET /leases/:id/timeline': LEASE_OWN,
  'GET /leases/:id/transactions': LEASE_OWN,
  'GET /leases/:id/ledger': LEASE_WATCH,
  'GET /leases/:id/receipts': LEASE_OWN,
  'GET /leases/:id/proof': WATCH,
  'GET /leases/:id/cancellation_quote': LEASE_OWN,
  'PUT /leases/:id/payment_method': [...OPERATE, 'broker', 'employee'],
  'POST /leases/:id/payments': [...OPERATE, 'broker', 'employee'],
  'POST /leases/:id/pause': [...COMPANY, 'broker'],
  'POST /leases/:id/resume': [...COMPANY, 'broker'],
  'POST /leases/:id/dispatched': OPERATE,
  'POST /leases/:id/delivered': OPERATE,
  'POST /leases/:id/out_of_stock': OPERATE,
  'POST /leases/:id/end_choice': LEASE_SAY,
  'POST /leases/:id/exchange': COMPANY,
  'POST /leases/:id/lost': LEASE_SAY,
  'POST /leases/:id/buy_out': LEASE_SAY,
  'GET /me/leases': ['employee'],
  'GET /cart': ['employee'],
  'POST /cart': ['employee'],
  'DELETE /cart/:id': ['employee'],
  'POST /cart/checkout': ['employee'],
  'GET /dispatch_board': [...OPERATE, 'agent'],
  'POST /employees/:id/offboard': COMPANY,
}

/** Who may do what: the one place. A route that is not here does not start. */
const PERMISSIONS: Record<string, Access> = {
  ...ofPlans('/payment_terms'),
  ...LEASES,
  'GET /receipts/:id.pdf': [...OWN, 'client_admin'],
  'POST /customers': OPERATE,
  'GET /customers/:id': OWN,
  'PATCH /customers/:id': OPERATE,
  'GET /clients/:id/statements': STATEMENTS,
  'GET /clients/:id/payroll_deductions': STATEMENTS,
  'GET /statements/:id': STATEMENTS,
  'GET /statements/:id/lines': STATEMENTS,
  'GET /statements/:id/leases': STATEMENTS,
  'GET /statements/:id/transactions': STATEMENTS,
  'GET /statements/:id/ledger': STATEMENTS,
  'GET /statements/:id.pdf': STATEMENTS,
  'GET /statements/:id.csv': STATEMENTS,
  'GET /escalations': WATCH,
  'GET /escalations/:id': WATCH,
  'POST /escalations/:id/resolve': BROKER,
  'GET /notifications': [...OWN, 'client_admin'],
  'GET /events': WATCH,
  'GET /events/:id': WATCH,
  'POST /webhook_endpoints': OPERATE,
  'GET /webhook_endpoints': OPERATE,
  'GET /webhook_endpoints/:id': OPERATE,
  'DELETE /webhook_endpoints/:id': OPERATE,
  'POST /webhook_endpoints/:id/rotate_secret': OPERATE,
  'POST /webhook_endpoints/:id/replay': OPERATE,
  'GET /webhook_endpoints/:id/deliveries': OPERATE,
  'POST /device_models': OPERATE,
  'GET /device_models': STOCK,
  'GET /device_models/:id': STOCK,
  'PATCH /device_models/:id': OPERATE,
  'DELETE /device_models/:id': OPERATE,
  'POST /devices': OPERATE,
  'GET /devices': STOCK,
  'GET /devices/:id': STOCK,
  'PATCH /devices/:id': OPERATE,
  'POST /devices/:id/check_in': OPERATE,
  'POST /devices/import': OPERATE,
  'GET /store/devices': [...STOCK, 'client_admin', 'employee'],
  'POST /test_clocks': OPERATE,
  'GET /test_clocks/:id': WATCH,
  'POST /test_clocks/:id/advance': OPERATE,
  'DELETE /test_clocks/:id': OPERATE,
  'POST /api_clients': ADMIN,
  'GET /api_clients': ADMIN,
  'GET /api_clients/:id': ADMIN,
  'POST /api_clients/:id/rotate_secret': ADMIN,
  'DELETE /api_clients/:id': ADMIN,
  'POST /users': ADMIN,
  'GET /users': ADMIN,
  'GET /users/:id': ADMIN,
  'PATCH /users/:id': ADMIN,
  'GET /audit_entries': ADMIN,
  // Companies of leasing and their people. Each is limited to what is of its company, or to itself.
  'POST /clients': OPERATE,
  'GET /clients': COMPANY_SEEN,
  'GET /clients/:id': COMPANY_SEEN,
  'PATCH /clients/:id': COMPANY,
  'DELETE /clients/:id': OPERATE,
  'GET /clients/:id/store': COMPANY_SEEN,
  'PUT /clients/:id/store': COMPANY,
  'POST /clients/:id/employees': COMPANY,
  'GET /clients/:id/employees': COMPANY_SEEN,
  'POST /clients/:id/employees/import': COMPANY,
  'GET /employees/:id': [...COMPANY_SEEN, 'employee'],
  'PATCH /employees/:id': [...COMPANY, 'employee'],
  'DELETE /employees/:id': COMPANY,
  // Where tokens come from.
  'POST /oauth/token': 'public',
  'POST /sign_in': 'public',
  // Of every tenant, and so for admins of the operators' tenant only: see codec/routes.ts.
  'POST /codec/decode': ADMIN,
  'POST /codec/encode': ADMIN,
  'OPTIONS /codec*': 'public',
  // Only in development, for pages of Temporal's UI there.
  'POST /ui_codec/decode': 'public',
  'POST /ui_codec/encode': 'public',
  'OPTIONS /ui_codec*': 'public',
  // Signed by the gateway.
  'POST /webhooks/stripe': 'public',
  'GET /health/live': 'public',
  'GET /health/ready': 'public',
  // With a token of its own: see http/metrics.ts.
  'GET /metrics': 'public',
  'GET /openapi.json': 'public',
  'GET /docs': 'public',
  'GET /docs/': 'public',
  'GET /docs/js/scalar.js': 'public',
}

/** Throws for a route that the table does not know. */
export function accessTo(method: string, url: string): Access {
  const access = Object.hasOwn(PERMISSIONS, `${method} ${url}`) ? PERMISSIONS[`${method} ${url}`] : undefined
  if (access === undefined) throw new Error(`Nothing in identity/permissions.ts says who may ${method} ${url}.`)
  return access
}

/** For a test that no entry outlives its route. */
export const permittedRoutes = (): string[] => Object.keys(PERMISSIONS)
