import { setTimeout as sleep } from 'node:timers/promises'
import { type Around, eachCall } from './each-call.ts'
import { NoAnswer, type PaymentGateway } from './payments.ts'

export type LimitedGateway = PaymentGateway & {
  /** How long a request that is made now would wait for its turn, in milliseconds. */
  waitMs(): number
  /** Nothing is asked for so long, in milliseconds. */
  rest(ms: number): void
}

/** A little more than a second, since requests reach a gateway less evenly than they leave here. */
const WINDOW_MS = 1_030

/**
 * A gateway that is asked no more than `requestsPerSecond` times in any second, in the order of asking. When it says all
 * the same that it is too much, and for how long, nothing is asked of it meanwhile. The limit is this process's own:
 * several workers share out what the gateway allows between them.
 */
export function limited(gateway: PaymentGateway, { requestsPerSecond }: { requestsPerSecond: number }): LimitedGateway {
  const turns = new Turns(requestsPerSecond)
  const inTurn: Around =
    (ask) =>
    async (...args) => {
      await turns.next()
      try {
        return await ask(...args)
      } catch (error) {
        if (error instanceof NoAnswer && error.retryAfterMs !== null) turns.rest(error.retryAfterMs)
        throw error
      }
    }
  return { ...eachCall(gateway, inTurn), waitMs: () => turns.waitMs(), rest: (ms) => turns.rest(ms) }
}

class Turns {
  readonly #perSecond: number
  /** Moments of the last second's turns, oldest first. */
  #taken: number[] = []
  #waiting = 0
  #restUntil = 0
  #queue: Promise<void> = Promise.resolve()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  next(): Promise<void> {
    this.#waiting += 1
    this.#queue = this.#queue.then(() => this.#turn())
    return this.#queue
  }

  rest(ms: number): void {
    this.#restUntil = Math.max(this.#restUntil, Date.now() + ms)
  }

  waitMs(): number {
    return Math.max(0, this.#freeAt() - Date.now()) + (this.#waiting * WINDOW_MS) / this.#perSecond
  }

  async #turn(): Promise<void> {
    // Looked at again after the wait: the gateway may have asked for a rest meanwhile.
    for (let wait = this.#freeAt() - Date.now(); wait > 0; wait = this.#freeAt() - Date.now()) await sleep(wait)
    this.#waiting -= 1
    this.#taken = [...this.#taken.slice(1 - Math.ceil(this.#perSecond)), Date.now()]
  }

  /** Evenly, or up to twice as fast while catching up what a busy process has missed; never more in a window. */
  #freeAt(): number {
    const last = this.#taken.at(-1) ?? 0
    const even = last + WINDOW_MS / this.#perSecond / 2
    const isFull = this.#taken.length >= Math.ceil(this.#perSecond)
    return Math.max(even, isFull ? (this.#taken[0] ?? 0) + WINDOW_MS : 0, this.#restUntil)
  }
}
