import { isNativeError } from 'node:util/types'
import { Problem, unavailable } from './problem.ts'

const NETWORK = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['EAI_AGAIN', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END', 'ERR_SOCKET_CLOSED'],
]
/**
 * Connection lost, too many connections, shutting down or starting, cancelled, serialisation, deadlock, a transaction that
 * stood still or took too long, and a server that only reads since another has taken over.
 */
const PASSING = /^(08...|53...|57P0[1-5]|57014|40001|40P01|55P03|25P0[34]|25006)$/
/** Values that PostgreSQL cannot take, should one ever get past the schemas. */
const DATA = /^22/
/** pg's own words for a connection or pool that is no more; they have no code. */
const MESSAGES =
  /connection terminated|not queryable|timeout exceeded when trying to connect|connection ended|pool.*(closed|ended)/i

/** An error of the database or of the way there; undefined for everything else. */
export function databaseProblem(error: unknown): Problem | undefined {
  for (const cause of causes(error)) {
    const code = (cause as { code?: unknown }).code
    const isPostgres = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)
    if (isPostgres && DATA.test(code)) {
      return new Problem(400, 'invalid_request', 'A value in the request cannot be stored.', { cause: error })
    }
    if (isPostgres ? PASSING.test(code) : isNetwork(cause, code)) {
      return unavailable('database_unreachable', 'The database cannot be reached.', error)
    }
  }
  return undefined
}

function isNetwork(cause: Error, code: unknown): boolean {
  return NETWORK.includes(String(code)) || MESSAGES.test(cause.message)
}

/** The error and what caused it, outermost first; also each of an AggregateError (a host with several addresses). */
function* causes(error: unknown, depth = 0): Generator<Error> {
  if (!isNativeError(error) || depth > 5) return
  yield error
  if ('errors' in error && Array.isArray(error.errors))
    for (const inner of error.errors) yield* causes(inner, depth + 1)
  yield* causes(error.cause, depth + 1)
}
