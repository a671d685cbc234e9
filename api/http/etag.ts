import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/** A tag that changes whenever what is shown does. */
export function tagOf(shown: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22)}"`
}

export function setTag(reply: FastifyReply, tag: string): void {
  reply.header('etag', tag)
}

/** True when the client holds this very state and asked only for a newer one. */
export function isUnchanged(request: FastifyRequest, tag: string): boolean {
  return matches(request.headers['if-none-match'], tag)
}

/** Refuses a write that was decided on an older state than the present one. Sending `If-Match` is optional. */
export function refuseStale(request: FastifyRequest, tag: string): void {
  const given = request.headers['if-match']
  if (given !== undefined && !matches(given, tag)) {
    throw new Problem(412, 'stale', 'It has changed since you read it. Read it again.')
  }
}

function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((one) => ['*', tag].includes(one.trim().replace(/^W\//, '')))
}
