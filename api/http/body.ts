import type { FastifyInstance } from 'fastify'
import { Problem } from './problem.ts'

/** Enough for every body there is, and too little to hurt. */
export const BODY_LIMIT = 128 * 1024

declare module 'fastify' {
  interface FastifyRequest {
    /** As it came, for signatures. */
    rawBody: Buffer | null
  }
}

/**
 * JSON only, but where a route asks for CSV (csv.ts), in valid UTF-8; `__proto__` and `constructor.prototype` are refused. An empty body is no body, whatever
 * its content type says.
 */
export function parseBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.decorateRequest('rawBody', null)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, raw, done) => {
    const bytes = Buffer.from(raw)
    request.rawBody = bytes
    if (bytes.length === 0) return done(null, undefined)
    const text = decoded(bytes)
    if (text === undefined) return done(new Problem(400, 'malformed_body', 'The body is not valid UTF-8.'))
    void parse(request, text, done)
  })
}

/** The text in UTF-8; `undefined` when it is none. */
export function decoded(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return undefined
  }
}
