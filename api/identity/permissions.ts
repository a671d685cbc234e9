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
/** What companies owe, and a company's admin what its own does. */
const STATEMENTS = [...OPERATE, 'agent', 'client_admin'] as const
const BROKER = ['broker', 'admin'] as const
const ADMIN = ['admin'] as const

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

/** Who may do what: the one place. A route that is not here does not start. */
const PERMISSIONS: Record<string, Access> = {
  ...ofPlans('/payment_terms'),
  'GET /receipts/:id.pdf': OWN,
  'POST /customers': OPERATE,
  'GET /customers/:id': OWN,
  'PATCH /customers/:id': OPERATE,
  'GET /clients/:id/statements': STATEMENTS,
  'GET /clients/:id/payroll_deductions': STATEMENTS,
  'GET /statements/:id': STATEMENTS,
  'GET /statements/:id/lines': STATEMENTS,
  'GET /statements/:id.pdf': STATEMENTS,
  'GET /statements/:id.csv': STATEMENTS,
  'GET /escalations': WATCH,
  'GET /escalations/:id': WATCH,
  'POST /escalations/:id/resolve': BROKER,
  'GET /notifications': OWN,
  'GET /events': WATCH,
  'GET /events/:id': WATCH,
  'POST /webhook_endpoints': OPERATE,
  'GET /webhook_endpoints': OPERATE,
  'GET /webhook_endpoints/:id': OPERATE,
  'DELETE /webhook_endpoints/:id': OPERATE,
  'POST /webhook_endpoints/:id/rotate_secret': OPERATE,
  'POST /webhook_endpoints/:id/replay': OPERATE,
  'GET /webhook_endpoints/:id/deliveries': OPERATE,
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
