import { addLinks } from './links.ts'
import { bodyOf, type Document, type Operation, type Response, type Schema } from './openapi.ts'

/**
 * Completes the document that the routes' schemas give by what is true of all routes alike: headers, links, and that a
 * body of which every field may be left out may be left out itself.
 */
export function complete<T extends object>(made: T): T {
  const document = made as unknown as Document
  for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
    const { requestBody } = operation
    if (requestBody) {
      const body = bodyOf(document, operation)
      requestBody.required = body === undefined || !isAllOptional(body)
    }
    for (const [status, response] of Object.entries(operation.responses)) {
      response.headers = { ...response.headers, ...headersOf(operation, status, response) }
    }
  }
  document.components = { ...document.components, headers: HEADERS }
  addLinks(document)
  return made
}

/** One of several, or with so many fields at least, is more than nothing. */
function isAllOptional({ required, oneOf, minProperties = 0 }: Schema): boolean {
  return required === undefined && oneOf === undefined && minProperties === 0
}

const text = (description: string, required = true) => ({ description, required, schema: { type: 'string' } })
const HEADERS = {
  'X-Request-Id': text('Id of the request, which its log lines carry; the one that was sent, if it was sound.'),
  'Retry-After': {
    ...text('Seconds until it is worth trying again.'),
    schema: { type: 'integer', minimum: 0 },
  },
  'WWW-Authenticate': text('`Bearer`, and what is wrong with the token.'),
  Location: text('The path of what was made.'),
  ETag: text('Changes whenever what is shown does; for `If-Match` and `If-None-Match`.'),
  'Idempotent-Replayed': text('`true` when an earlier request with the same key was answered so.', false),
}

function headersOf(operation: Operation, status: string, { content = {} }: Response): object {
  const takes = (header: string) => operation.parameters?.some(({ name }) => name === header) ?? false
  const isProblem = 'application/problem+json' in content
  const when: Record<keyof typeof HEADERS, boolean> = {
    'X-Request-Id': true,
    'Retry-After': isProblem && ['429', '503'].includes(status),
    'WWW-Authenticate': isProblem && status === '401',
    Location: status === '201',
    ETag: takes('If-None-Match') && ['200', '304'].includes(status),
    'Idempotent-Replayed': takes('Idempotency-Key') && !isProblem,
  }
  const names = Object.entries(when).flatMap(([name, isSent]) => (isSent ? [name] : []))
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}
