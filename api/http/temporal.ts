import type { Client } from '@temporalio/client'

/** For what a worker must answer. */
export const COMMAND_MS = 10_000
/** For what the server answers by itself. */
export const SERVER_MS = 4_000

/** Calls Temporal with a deadline, so that no request waits for a server or worker that is not there. */
export function within<T>(client: Client, milliseconds: number, call: () => Promise<T>): Promise<T> {
  return client.withDeadline(Date.now() + milliseconds, call)
}
