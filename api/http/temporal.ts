import {
  type Client,
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client'
import { unavailable } from './problem.ts'

/** For what a worker must answer. */
export const COMMAND_MS = 10_000
/** For what the server answers by itself. */
export const SERVER_MS = 4_000
/** A server that is not there is told so within a second; the client's own habit is to go on for ten. */
const TRIES = 5

/** How Temporal's server is sure of us, and we of it; nothing on the same machine. */
export type TemporalSecurity = Pick<ConnectionOptions, 'tls'> & { apiKey?: string }

/** Connects when it is first used, so that the API starts and serves reads without Temporal. */
export function lazyConnection(address: string, security: TemporalSecurity = {}): Connection {
  const interceptors = [makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: TRIES }))]
  return Connection.lazy({ address, interceptors, ...security })
}

/** Calls Temporal with a deadline, so that no request waits for a server or worker that is not there. */
export async function within<T>(client: Client, milliseconds: number, call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    // The client's deadline ends a call; its pauses between tries may outlast it.
    timer = setTimeout(() => reject(notInTime()), milliseconds + 250)
  })
  try {
    return await Promise.race([client.withDeadline(Date.now() + milliseconds, call), tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** What was asked may have been done, or be done later: asking again with the same key is safe. */
export function notInTime(cause?: unknown) {
  return unavailable(
    'temporal_unreachable',
    'The request could not be carried out in time. Repeat it, with the same Idempotency-Key where there is one.',
    cause,
  )
}
