import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/** A tag that changes whenever what is shown does. */
function tagOf(shown: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22)}"`
}

/** Puts the tag of what is shown on its answer, and returns it. */
export function setTag(reply: FastifyReply, shown: unknown): string {
  const tag = tagOf(shown)
  reply.header('etag', tag)
  return tag
}

/** Tags the answer to a read. True when the client holds this very state already: it is answered 304. */
export function isHeld(request: FastifyRequest, reply: FastifyReply, shown: unknown): boolean {
  return matches(request.headers['if-none-match'], setTag(reply, shown))
}

/** Refuses a write that was decided on another state than the one shown now. Sending `If-Match` is optional. */
export function refuseStale(request: FastifyRequest, shown: unknown): void {
  const given = request.headers['if-match']
  if (given !== undefined && !matches(given, tagOf(shown))) {
    throw new Problem(412, 'stale', 'It has changed since you read it. Read it again.')
  }
}

function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((one) => ['*', tag].includes(one.trim().replace(/^W\//, '')))
}
