import type { ChargeOutcome, PaymentState, RefundOutcome } from '../../domain/plans/outcome.ts'
import type { Chance } from './random.ts'

/** One payment as the gateway holds it. `installments` is ours, to see that no two are open for one instalment. */
type Held = { amount: number; state: PaymentState; refunded: number; installments: number[] }
type HeldRefund = { payment: string; amount: number; outcome: RefundOutcome }

/** Lets the world go on: `does` happens at the gateway after `hours`; `news` says of which transaction it then tells. */
export type Later = (hours: number, does: () => void, news: string | null) => void

const HARD = ['expired_card', 'lost_card', 'stolen_card', 'account_closed']
const SOFT = ['insufficient_funds', 'insufficient_funds', 'do_not_honor', 'processing_error']
const DEBITS = ['us_bank_account', 'sepa_debit']

/**
 * A gateway that draws what becomes of each payment, and keeps its own books of what it moved. It refuses what a
 * gateway refuses, and reports a broken promise where a customer would have paid twice.
 */
export class FakeGateway {
  readonly payments = new Map<string, Held>()
  readonly refunds = new Map<string, HeldRefund>()
  readonly #chance: Chance
  readonly #later: Later
  readonly #broken: (what: string) => void
  readonly #step: number
  /** How often things go wrong, in a hundred. */
  readonly #trouble: number

  constructor(of: { chance: Chance; later: Later; broken: (what: string) => void; step: number; trouble: number }) {
    this.#chance = of.chance
    this.#later = of.later
    this.#broken = of.broken
    this.#step = of.step
    this.#trouble = of.trouble
  }

  /** Came in, less taken back, less given back: what the account at the gateway holds for the plan. */
  balance(): number {
    let held = 0
    for (const { amount, state } of this.payments.values()) held += state.result === 'succeeded' ? amount : 0
    for (const { amount, outcome } of this.refunds.values()) held -= outcome.result === 'succeeded' ? amount : 0
    return held
  }

  pay(key: string, amount: number, type: string, installments: number[]): void {
    if (this.payments.has(key)) this.#broken(`${key} was charged twice`)
    if (amount <= 0 || amount % this.#step !== 0) this.#broken(`${key} cannot be charged: ${amount}`)
    for (const [other, { state, installments: theirs }] of this.payments) {
      const isOpen = state.result === 'processing' || state.result === 'requires_action'
      if (isOpen && theirs.some((i) => installments.includes(i)))
        this.#broken(`${key} was charged while ${other} was open for the same instalment`)
    }
    const held: Held = { amount, state: { result: 'unconfirmed' }, refunded: 0, installments }
    this.payments.set(key, held)
    held.state = DEBITS.includes(type) || type === 'mtn_momo' ? this.#debit(key, held, type) : this.#card(key, held)
  }

  read(key: string): ChargeOutcome {
    const { state } = this.#held(key)
    if (state.result === 'returned') return { result: 'succeeded' }
    if (state.result === 'canceled' || state.result === 'unconfirmed')
      return { result: 'declined', severity: 'soft', code: 'canceled' }
    return state
  }

  state(key: string): PaymentState {
    return this.#held(key).state
  }

  /** Closes a payment that waits for its customer; answers what it is then. */
  cancel(key: string): PaymentState {
    const held = this.#held(key)
    if (held.state.result === 'requires_action') held.state = { result: 'canceled' }
    return held.state
  }

  refund(key: string, payment: string, amount: number): RefundOutcome {
    if (this.refunds.has(key)) this.#broken(`${key} was given back twice`)
    if (amount <= 0 || amount % this.#step !== 0) this.#broken(`${key} cannot be given back: ${amount}`)
    const held = this.#held(payment)
    const refund: HeldRefund = { payment, amount, outcome: { result: 'failed', code: 'charge_not_refundable' } }
    this.refunds.set(key, refund)
    if (held.state.result !== 'succeeded' || held.refunded + amount > held.amount) return refund.outcome
    const drawn = this.#chance.weighted({ succeeded: 100, processing: this.#trouble, failed: this.#trouble })
    if (drawn === 'failed') return refund.outcome
    held.refunded += amount
    if (drawn === 'succeeded') return this.#given(key, held, refund)
    refund.outcome = { result: 'processing' }
    const ends = () => {
      if (this.#chance.percent(25)) this.#comesBack(held, refund)
      else this.#given(key, held, refund)
    }
    this.#later(this.#chance.int(1, 200), ends, this.#chance.percent(70) ? key : null)
    return { result: 'processing' }
  }

  /** Weeks later the bank may say that it could not credit it. */
  #given(key: string, held: Held, refund: HeldRefund): RefundOutcome {
    if (this.#chance.percent(this.#trouble))
      this.#later(this.#chance.int(1, 60 * 24), () => this.#comesBack(held, refund), key)
    refund.outcome = { result: 'succeeded' }
    return refund.outcome
  }

  #comesBack(held: Held, refund: HeldRefund): void {
    held.refunded -= refund.amount
    refund.outcome = { result: 'failed', code: 'expired_or_canceled_card' }
  }

  readRefund(key: string): RefundOutcome {
    const refund = this.refunds.get(key)
    if (!refund) throw new Error(`No refund ${key}`)
    return refund.outcome
  }

  #held(key: string): Held {
    const held = this.payments.get(key)
    if (!held) throw new Error(`No payment ${key}`)
    return held
  }

  #card(key: string, held: Held): PaymentState {
    const t = this.#trouble
    const drawn = this.#chance.weighted({
      succeeded: 100,
      soft: t * 2,
      hard: t / 2,
      requires_action: t,
      rejected: t / 5,
      processing: t / 5,
    })
    if (drawn === 'succeeded') return this.#succeeded(key, held, false)
    if (drawn === 'processing') return this.#debit(key, held, 'card')
    if (drawn === 'rejected') return { result: 'rejected', code: 'parameter_invalid' }
    if (drawn !== 'requires_action') return this.#declined(key, held, drawn)
    if (this.#chance.percent(50)) {
      const completes = () => {
        if (held.state.result !== 'requires_action') return
        held.state = this.#chance.percent(20) ? this.#debit(key, held, 'card') : this.#succeeded(key, held, false)
      }
      this.#later(this.#chance.pick([0.1, 1, 20, 24, 24, 30, 200]), completes, key)
    }
    return { result: 'requires_action', code: 'authentication_required', url: 'https://pay.example/3ds' }
  }

  #debit(key: string, held: Held, type: string): PaymentState {
    const settles = () => {
      if (held.state.result !== 'processing') return
      held.state = this.#chance.percent(100 - this.#trouble)
        ? this.#succeeded(key, held, DEBITS.includes(type))
        : this.#declined(key, held, this.#chance.percent(80) ? 'soft' : 'hard')
    }
    // Mobile money is asked about every hour, and mostly settles within minutes.
    const hours = DEBITS.includes(type) ? [2, 30, 72, 72, 120] : [0.01, 0.01, 0.1, 0.1, 0.5, 2, 10]
    this.#later(this.#chance.pick(hours), settles, this.#chance.percent(75) ? key : null)
    return { result: 'processing' }
  }

  #declined(key: string, held: Held, severity: 'soft' | 'hard'): PaymentState {
    // Now and then a payment that was given up comes after all.
    if (this.#chance.percent(2)) {
      const comes = () => {
        held.state = this.#succeeded(key, held, false)
      }
      this.#later(this.#chance.int(1, 400), comes, key)
    }
    return { result: 'declined', severity, code: this.#chance.pick(severity === 'soft' ? SOFT : HARD) }
  }

  /** `times` more likely than usual to be taken back later. */
  #succeeded(key: string, held: Held, isDebit: boolean, times = 1): PaymentState {
    if (this.#chance.percent((times * this.#trouble) / (isDebit ? 2 : 10))) {
      const isTakenBack = () => {
        // A dispute of what was partly given back is the gateway's to settle for the rest; it is not drawn here.
        if (held.state.result !== 'succeeded' || held.refunded > 0) return
        const soft = isDebit && this.#chance.percent(70)
        const code = soft ? 'insufficient_funds' : isDebit ? 'debit_not_authorized' : 'dispute'
        held.state = { result: 'returned', severity: soft ? 'soft' : 'hard', code }
        if (!soft && this.#chance.percent(50)) this.#later(this.#chance.int(1, 90 * 24), isWon, key)
      }
      const isWon = () => {
        held.state = this.#succeeded(key, held, isDebit, 3)
      }
      this.#later(this.#chance.int(1, 30 * 24), isTakenBack, key)
    }
    return { result: 'succeeded' }
  }
}
