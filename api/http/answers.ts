import type { z } from 'zod'
import { ProblemShape } from './problem.ts'

const WHY: Record<number, string> = {
  400: 'The request does not fit its schema.',
  401: 'No token, or one that is not valid.',
  403: 'The role does not allow it.',
  404: 'There is no such thing, or it belongs to somebody else.',
  409: 'Its present state forbids it.',
  412: '`If-Match` was sent and it has changed.',
  413: 'The body is too large.',
  414: 'The address is too long.',
  415: 'The body is of another media type than is taken here.',
  422: 'The fields are valid, and a rule forbids what they ask for.',
  429: 'Too many requests; see `Retry-After`.',
  500: 'A fault of ours.',
  503: 'Something that the request needs cannot be reached; see `Retry-After`.',
}
const ALWAYS = [400, 401, 403, 414, 429, 500, 503]
const WITH_BODY = [413, 415]

type Success = Record<number, { description: string; content?: Record<string, { schema: z.ZodType }> }>

/** An answer in JSON. */
export const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** For reads that take `If-None-Match`. */
export const unchanged = { 304: { description: 'What is held is still so.' } }

/** Every answer that a route with a caller can give: its own, the problems it names, and those that all can have. */
export function answers(success: Success, ...problems: number[]): Success {
  return { ...success, ...problemAnswers([...ALWAYS, ...problems]) }
}

/** As `answers`, for routes to which a body can be sent. */
export function writeAnswers(success: Success, ...problems: number[]): Success {
  return answers(success, ...WITH_BODY, ...problems)
}

export function problemAnswers(statuses: number[]): Success {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: WHY[status] ?? '', content: { 'application/problem+json': { schema: ProblemShape } } },
    ]),
  )
}
