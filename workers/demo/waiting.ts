import { setTimeout as sleep } from 'node:timers/promises'

/** The addresses that a demo needs: a stack whose gateways are all sandboxes. */
export type Where = { api: string; token: string; stripe: string; inbox: string; salesforce: string }

export const POLL_MS = 100
const PATIENCE_MS = 120_000

/** Asks until there is an answer. Throws, naming what was waited for, when it takes far too long. */
export async function waitFor<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > until) throw new Error(`Waited ${PATIENCE_MS / 1000} s in vain for ${what}.`)
    await sleep(POLL_MS)
  }
}
