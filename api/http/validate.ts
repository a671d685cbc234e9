import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { unstorableParts } from './plain-values.ts'
import { type FieldError, invalidRequest, Problem, pointerTo } from './problem.ts'

type Schemas = { params?: z.ZodType; querystring?: z.ZodType; body?: z.ZodType; hide?: boolean }

/** Of a route that takes no query, or no body: who sends one believes that it says something. */
const NOTHING = z.strictObject({})

/**
 * Checks path, query and body of every request against its route's schemas, all of them before answering, so that a
 * client learns every mistake at once; Fastify's own validation stops at the first part that fails.
 */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(() => (value: unknown) => ({ value }))
  app.addHook('preValidation', async (request) => {
    const { params, querystring, body } = schemasOf(request)
    const errors: FieldError[] = []
    if (params) request.params = checked(params, request.params, unknownId)
    if (querystring) request.query = checked(querystring, request.query, collect(errors))
    if (body) request.body = checked(body, bodyOf(request, body), collect(errors))
    if (errors.length > 0) throw invalidRequest(errors)
  })
}

/** What is not described follows a protocol of others, who may add to it. */
function schemasOf({ routeOptions, caller }: FastifyRequest): Schemas {
  const schemas = (routeOptions.schema ?? {}) as Schemas
  return caller && !schemas.hide ? { querystring: NOTHING, body: NOTHING, ...schemas } : schemas
}

type OnErrors = (errors: FieldError[]) => void
const collect = (errors: FieldError[]) => (found: FieldError[]) => void errors.push(...found)
/** An id that cannot be one names nothing. */
const unknownId: OnErrors = () => {
  throw new Problem(404, 'not_found', 'There is nothing at this address.')
}

function checked(schema: z.ZodType, value: unknown, onErrors: OnErrors): unknown {
  const unstorable = unstorableParts(value)
  const result = schema.safeParse(value)
  if (result.success && unstorable.length === 0) return result.data
  const unfit = result.error?.issues.flatMap(fieldErrors) ?? []
  const told = new Set(unstorable.map(({ pointer }) => pointer))
  onErrors([...unstorable, ...unfit.filter(({ pointer }) => !told.has(pointer))])
  return value
}

/** A body of which every field may be left out may be left out itself. */
function bodyOf(request: FastifyRequest, schema: z.ZodType): unknown {
  if (request.rawBody?.length) return request.body
  return schema.safeParse({}).success ? {} : request.body
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), message: 'is not a field here' }))
  }
  if (issue.code === 'invalid_union') {
    const best = issue.errors.toSorted((a, b) => a.length - b.length)[0] ?? []
    const nested = best.filter((inner) => inner.path.length > 0)
    if (nested.length > 0)
      return nested.flatMap((inner) => fieldErrors({ ...inner, path: [...issue.path, ...inner.path] }))
  }
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  return [{ pointer: pointerTo(issue.path), message: isMissing ? 'is required' : issue.message }]
}
