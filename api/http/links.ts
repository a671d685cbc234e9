import { bodyOf, type Document, type Operation } from './openapi.ts'

/** An answer that names a thing, and where in later requests that name is asked for. */
type Source = {
  /** `POST /customers 201`. */
  answer: string
  /** JSON pointer into the answer. */
  id: string
  /** Paths that begin so take it as `{id}`, */
  path?: string
  /** lists take it as this query parameter, */
  query?: string
  /** and bodies as this field. */
  field?: string
}

const SOURCES: Source[] = [
  {
    answer: 'POST /customers 201',
    id: '/customer_id',
    path: '/customers/{id}',
    query: 'customer_id',
    field: 'customer_id',
  },
  { answer: 'POST /payment_terms 201', id: '/payment_terms_id', path: '/payment_terms/{id}', query: 'plan_id' },
  { answer: 'POST /leases 201', id: '/lease_id', path: '/leases/{id}', query: 'plan_id' },
  { answer: 'POST /cart 201', id: '/cart_line_id', path: '/cart/{id}' },
  { answer: 'GET /leases 200', id: '/data/0/lease_id', path: '/leases/{id}' },
  { answer: 'POST /webhook_endpoints 201', id: '/webhook_endpoint_id', path: '/webhook_endpoints/{id}' },
  {
    answer: 'POST /test_clocks 201',
    id: '/test_clock_id',
    path: '/test_clocks/{id}',
    query: 'test_clock',
    field: 'test_clock',
  },
  { answer: 'POST /api_clients 201', id: '/client_id', path: '/api_clients/{id}' },
  { answer: 'POST /clients 201', id: '/client_id', path: '/clients/{id}' },
  { answer: 'POST /clients/{id}/employees 201', id: '/employee_id', path: '/employees/{id}' },
  { answer: 'POST /users 201', id: '/user_id', path: '/users/{id}' },
  { answer: 'GET /payment_terms 200', id: '/data/0/payment_terms_id', path: '/payment_terms/{id}' },
  { answer: 'GET /payment_terms/{id}/receipts 200', id: '/data/0/receipt_id', path: '/receipts/{id}.pdf' },
  { answer: 'GET /escalations 200', id: '/data/0/escalation_id', path: '/escalations/{id}' },
  { answer: 'GET /events 200', id: '/data/0/event_id', path: '/events/{id}', field: 'event_id' },
]

/**
 * OpenAPI links: what a client, or the fuzzer, can go on with after an answer.
 * @throws when an answer that is named here is not there, or leads nowhere.
 */
export function addLinks(document: Document): void {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      operation,
    })),
  )
  for (const source of SOURCES) {
    const [method, at, status = ''] = source.answer.split(' ')
    const response = operations.find(({ name }) => name === `${method} ${at}`)?.operation.responses[status]
    const links = operations
      .filter(({ name }) => name !== `${method} ${at}`)
      .flatMap(({ path, operation }) => linkTo(document, source, path, operation))
    if (!response || links.length === 0) throw new Error(`"${source.answer}" in http/links.ts leads nowhere.`)
    response.links = { ...response.links, ...Object.fromEntries(links) }
  }
}

function linkTo(document: Document, { id, path, query, field }: Source, at: string, operation: Operation) {
  const value = `$response.body#${id}`
  const parameters = {
    ...(path !== undefined && (at === path || at.startsWith(`${path}/`)) ? { 'path.id': value } : {}),
    ...(query !== undefined && hasQuery(operation, query) ? { [`query.${query}`]: value } : {}),
  }
  const body =
    field !== undefined && field in (bodyOf(document, operation)?.properties ?? {}) ? { [field]: value } : undefined
  if (!body && Object.keys(parameters).length === 0) return []
  const link = { operationId: operation.operationId, parameters, ...(body ? { requestBody: body } : {}) }
  return [[operation.operationId, link] as const]
}

function hasQuery({ parameters = [] }: Operation, wanted: string): boolean {
  return parameters.some(({ name, in: place }) => name === wanted && place === 'query')
}
