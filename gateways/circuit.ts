import { type Around, eachCall } from './each-call.ts'
import type { LimitedGateway } from './limiter.ts'
import { NoAnswer, type PaymentGateway } from './payments.ts'

/** `waitMs` says how long a call that is made now would wait, or be refused. */
export type GuardedGateway = PaymentGateway & Pick<LimitedGateway, 'waitMs'>

/** `since` is the first of the failures in a row, `why` the last one. */
export type CircuitChange = { isOpen: true; since: Date; why: string } | { isOpen: false; since: Date }

type CircuitOptions = {
  /** Told when the circuit opens and when it closes. */
  onChange?: ((change: CircuitChange) => void) | undefined
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
}

/** More than the tries of a single plan amount to before they are far apart. */
const FAILURES = 10
const FIRST_PAUSE_MS = 2_000
/** Plans try again once a minute at the latest: they are not to be kept waiting for much longer than that. */
const LONGEST_PAUSE_MS = 30_000

/**
 * A gateway that is left alone once it has failed many times in a row, whoever asked: calls are refused without anything
 * being asked of it, which is no answer like any other. After a pause one call is let through. The gateway is back when it
 * answers that one, whatever it says; else the next pause is longer. Around `limited`, so that what is refused takes no
 * turn.
 */
export function guarded<G extends PaymentGateway & Partial<GuardedGateway>>(
  gateway: G,
  { onChange = () => {}, now = Date.now }: CircuitOptions = {},
): G & GuardedGateway {
  const circuit = new Circuit(onChange, now)
  const guard: Around =
    (ask) =>
    async (...args) => {
      const ended = circuit.letThrough()
      try {
        const answer = await ask(...args)
        ended(null)
        return answer
      } catch (error) {
        ended(error instanceof NoAnswer && error.isOutage ? error : null)
        throw error
      }
    }
  return {
    ...gateway,
    ...eachCall(gateway, guard),
    waitMs: () => Math.max(circuit.waitMs(), gateway.waitMs?.() ?? 0),
  }
}

/** Takes how a call ended: with an outage, or with an answer of whatever kind. */
type Ended = (outage: NoAnswer | null) => void

class Circuit {
  readonly #onChange: (change: CircuitChange) => void
  readonly #now: () => number
  #failures = 0
  #since = new Date(0)
  /** Zero while the circuit is closed. */
  #pauseMs = 0
  #until = 0
  #isTrying = false
  #timesOpened = 0

  constructor(onChange: (change: CircuitChange) => void, now: () => number) {
    this.#onChange = onChange
    this.#now = now
  }

  /** @throws NoAnswer when the call is refused. */
  letThrough(): Ended {
    if (this.#pauseMs > 0) {
      if (this.#isTrying || this.#now() < this.#until) throw this.#refusal()
      this.#isTrying = true
      return (outage) => this.#tried(outage)
    }
    const opened = this.#timesOpened
    return (outage) => {
      // Of what was asked before it opened, time-outs may come in long after the gateway is back.
      if (opened === this.#timesOpened) this.#count(outage)
    }
  }

  waitMs(): number {
    if (this.#pauseMs === 0) return 0
    return this.#isTrying ? FIRST_PAUSE_MS : Math.max(0, this.#until - this.#now())
  }

  #count(outage: NoAnswer | null): void {
    if (!outage) {
      this.#failures = 0
      return
    }
    if (this.#failures === 0) this.#since = new Date(this.#now())
    this.#failures += 1
    if (this.#failures < FAILURES) return
    this.#timesOpened += 1
    this.#rest(FIRST_PAUSE_MS)
    this.#onChange({ isOpen: true, since: this.#since, why: outage.message })
  }

  #tried(outage: NoAnswer | null): void {
    this.#isTrying = false
    if (outage) {
      this.#rest(Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS))
      return
    }
    this.#failures = 0
    this.#pauseMs = 0
    this.#onChange({ isOpen: false, since: this.#since })
  }

  #rest(ms: number): void {
    this.#pauseMs = ms
    this.#until = this.#now() + ms
  }

  #refusal(): NoAnswer {
    const until = this.#isTrying ? 'until a call that tries it has ended' : `until ${iso(this.#until)}`
    return new NoAnswer(
      `Nothing was asked: the payment gateway has failed since ${iso(this.#since)} and is left alone ${until}`,
    )
  }
}

function iso(moment: number | Date): string {
  return new Date(moment).toISOString()
}
