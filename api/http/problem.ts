import { z } from 'zod'

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Not sent in time',
  409: 'Not possible in this state',
  412: 'Changed meanwhile',
  413: 'Too large',
  414: 'Address too long',
  415: 'Unsupported media type',
  422: 'Against a rule',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'Something went wrong here',
  503: 'Out of reach for now',
}

/** One field that is wrong; `pointer` is a JSON pointer (RFC 6901) into the body, or `/name` of a parameter. */
export type FieldError = { pointer: string; message: string }

/** RFC 9457, with a `code` that clients can rely on. */
export const ProblemShape = z
  .object({
    type: z.string().meta({ description: 'Identifies the kind of problem; made from `code`.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().meta({ description: 'The request: its path and its id.' }),
    code: z.string().meta({ description: 'Stable and machine-readable.', example: 'invalid_request' }),
    errors: z
      .array(z.object({ pointer: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'For invalid input: every field that is wrong.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' })
export type ProblemBody = z.infer<typeof ProblemShape>

type ProblemOptions = { errors?: FieldError[]; headers?: Record<string, string>; cause?: unknown }

/** What a request is answered with when it cannot be done. Thrown anywhere below a route, rendered in one place. */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number
  readonly code: string
  readonly errors: FieldError[] | undefined
  readonly headers: Record<string, string>

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause })
    this.status = status
    this.code = code
    this.errors = options.errors
    this.headers = options.headers ?? {}
  }

  toBody(instance: string): ProblemBody {
    return {
      type: `urn:tenor:problem:${this.code}`,
      title: TITLES[this.status] ?? 'Problem',
      status: this.status,
      detail: this.message,
      instance,
      code: this.code,
      ...(this.errors ? { errors: this.errors } : {}),
    }
  }
}

export function invalidRequest(errors: FieldError[]): Problem {
  const detail =
    errors.length === 1
      ? `${errors[0]?.pointer || 'The body'}: ${errors[0]?.message}`
      : `${errors.length} fields are not valid.`
  return new Problem(400, 'invalid_request', detail, { errors })
}

/** A rule forbids what valid fields ask for; `pointer` names the field when there is one. */
export function unprocessable(code: string, detail: string, pointer?: string): Problem {
  return new Problem(422, code, detail, pointer === undefined ? {} : { errors: [{ pointer, message: detail }] })
}

export function conflict(code: string, detail: string): Problem {
  return new Problem(409, code, detail)
}

/** Also for what belongs to somebody else: nobody learns that it exists. */
export function notFound(what: string): Problem {
  return new Problem(404, 'not_found', `There is no such ${what}.`)
}

export function unavailable(code: string, detail: string, cause?: unknown): Problem {
  return new Problem(503, code, detail, { headers: { 'retry-after': '5' }, cause })
}

/** A JSON pointer from the path of a field: `['tiers', 0, 'from_day']` gives `/tiers/0/from_day`. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
