import { NoAnswer } from '../payments.ts'
import { isReplayedFailure } from './outcomes.ts'

const KEYS_PER_REQUEST = 10

/**
 * Sends a request under its key. A failure that Stripe has kept under the key would be answered for a day: the request
 * is over by then, so if `look` proves that nothing came of it, it is sent under the next key.
 */
export async function once<T>(
  key: string,
  send: (key: string) => Promise<T>,
  look: () => Promise<T | null>,
): Promise<T> {
  for (let n = 1; ; n += 1) {
    try {
      return await send(n === 1 ? key : `${key}:${n}`)
    } catch (error) {
      if (n === KEYS_PER_REQUEST || !(error instanceof NoAnswer) || !isReplayedFailure(error.cause)) throw error
      const made = await look()
      if (made !== null) return made
    }
  }
}
