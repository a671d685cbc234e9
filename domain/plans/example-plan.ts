import { compareInstants, instantOf, parseInstant } from '../calendar.ts'
import { afterwards } from './afterwards.ts'
import { attemptSettled } from './collect.ts'
import type { Decision, Effect } from './effects.ts'
import { collectibles, sum } from './figures.ts'
import { balances } from './ledger.ts'
import { linkSeen } from './link.ts'
import { makePlan } from './make.ts'
import type { ChargeOutcome } from './outcome.ts'
import { paymentSettled, waitsForLink } from './pay.ts'
import type { Plan } from './plan.ts'
import { refundProgressed } from './refunding.ts'
import { DEFAULT_RETRY_POLICY } from './retry.ts'
import { receivedLate, reinstated, returned } from './returns.ts'
import { endDate } from './schedule.ts'
import type { Instant, Terms } from './terms.ts'
import { nextWake, timePassed } from './time.ts'
import { attemptsBegun, looksDue } from './work.ts'

/** Plans for tests of the rules, played without a server: a gateway's answers are given by name. */

export const paid: ChargeOutcome = { result: 'succeeded' }
export const nsf: ChargeOutcome = { result: 'declined', severity: 'soft', code: 'insufficient_funds' }
export const hard: ChargeOutcome = { result: 'declined', severity: 'hard', code: 'expired_card' }
export const authenticate: ChargeOutcome = {
  result: 'requires_action',
  code: 'authentication_required',
  url: 'https://a.example',
}
export const processing: ChargeOutcome = { result: 'processing' }
export const rejected: ChargeOutcome = { result: 'rejected', code: 'amount_too_small' }

type Asked = Partial<Terms> & { total?: number; method?: string; madeAt?: Instant }

/** Twelve months from 2027-01-15, billed on the 15th at 09:00 UTC, unless said otherwise. */
export function exampleTerms(terms: Partial<Terms> = {}): Terms {
  const startDate = terms.startDate ?? '2027-01-15'
  const termMonths = terms.termMonths ?? 12
  return {
    currency: 'USD',
    timezone: 'UTC',
    billingTime: '09:00',
    cadence: { every: 'month', day: 15 },
    startDate,
    endDate: endDate(startDate, termMonths),
    termMonths,
    count: terms.count ?? termMonths,
    discount: 0,
    cancellation: { type: 'pro_rata' },
    adjustmentPolicy: 'spread',
    retryPolicy: DEFAULT_RETRY_POLICY,
    reminderDays: 3,
    ...terms,
  }
}

/** 120000 in 12 from 2027-01-15, billed on the 15th at 09:00 UTC, made at midnight of the first day. */
export function examplePlan({
  total = 120000,
  method = 'card',
  madeAt = '2027-01-15T00:00:00Z',
  ...terms
}: Asked = {}): Decision {
  return makePlan({
    id: 'pt_x',
    tenant: 'tn_1',
    kind: 'financing',
    customer: 'cus_1',
    terms: exampleTerms(terms),
    total,
    paymentMethod: { id: 'pm_1', type: method },
    clock: null,
    now: madeAt,
  })
}

/** Plays a plan: `answers` are by transaction (`4_1` is the first attempt on instalment 4); all others succeed. */
export class Played {
  plan: Plan
  effects: Effect[]
  now: Instant
  /** Transactions asked of the gateway, with the moment: `2027-01-15T09:00:00Z 1_1 10000`. */
  readonly charges: string[] = []
  /** One-off payments, likewise. */
  readonly oneOffs: string[] = []
  readonly answers: Record<string, ChargeOutcome>
  /** What becomes of links that are closed; by transaction, as `answers`. */
  readonly links: Record<string, 'paid' | 'processing'> = {}
  /** Links that were closed, with the moment: `2027-01-16T09:00:00Z 1_1`. */
  readonly closed: string[] = []

  constructor(asked: Asked = {}, answers: Record<string, ChargeOutcome> = {}, made: Decision = examplePlan(asked)) {
    this.plan = made.plan
    this.effects = [...made.effects]
    this.now = made.plan.createdAt
    this.answers = answers
  }

  /** Lives on until a moment (a date means its last second), doing what the workflow does. */
  to(moment: string): this {
    const until = moment.length === 10 ? `${moment}T23:59:59Z` : parseInstant(moment)
    this.#doWhatIsDue()
    for (;;) {
      const wake = nextWake(this.plan, this.now)
      if (wake === null || compareInstants(wake, until) > 0) break
      this.now = wake
      this.#doWhatIsDue()
    }
    this.now = until
    return this
  }

  /** Nobody looks until a moment: an outage. */
  awayUntil(moment: Instant): this {
    this.now = moment
    this.#doWhatIsDue()
    return this
  }

  /** A command at this moment; then whatever is due at once. */
  says<D extends Decision>(command: (plan: Plan, now: Instant) => D): D {
    const decision = command(this.plan, this.now)
    this.#take(decision)
    this.#doWhatIsDue()
    return decision
  }

  /** The end of a charge that was processing. */
  settles(installment: number, outcome: ChargeOutcome): this {
    const open = collectibles(this.plan).find((i) => i.number === installment)?.open
    if (open?.by !== 'charge') throw new Error(`Nothing is open on ${installment}`)
    this.#hear(attemptSettled(this.plan, installment, outcome, this.now))
    this.#doWhatIsDue()
    return this
  }

  /** The end of a one-off payment that was processing. */
  oneOffSettles(payment: number, outcome: ChargeOutcome): this {
    this.#hear(paymentSettled(this.plan, payment, outcome, this.now))
    this.#doWhatIsDue()
    return this
  }

  /** A charge of one instalment (`4_1`) is taken back. */
  isReturned(
    transaction: string,
    severity: 'soft' | 'hard',
    code = severity === 'soft' ? 'insufficient_funds' : 'dispute',
  ): this {
    const installment = Number(transaction.split('_')[0])
    const amount = this.installment(installment).paid
    const id = `txn_x_${transaction}`
    const returns = this.#returns(id)
    const payment = { transaction: id, amount, parts: [{ installment, amount }], returns }
    this.#hear(returned(this.plan, payment, { result: 'returned', severity, code }, this.now))
    this.#doWhatIsDue()
    return this
  }

  /** What was taken back of a charge of one instalment (`4_1`) has come again. */
  isReinstated(transaction: string): this {
    const id = `txn_x_${transaction}`
    const amount = sum(this.effects, (e) => (e.write === 'transaction_changed' && e.id === id ? (e.returned ?? 0) : 0))
    const installment = Number(transaction.split('_')[0])
    const returns = this.#returns(id)
    const payment = {
      transaction: id,
      amount: amount / returns,
      parts: [{ installment, amount: amount / returns }],
      returns,
    }
    this.#hear(reinstated(this.plan, payment, this.now))
    this.#doWhatIsDue()
    return this
  }

  #returns(id: string): number {
    return this.effects.filter((e) => e.write === 'transaction_changed' && e.id === id && (e.returned ?? 0) > 0).length
  }

  /** All refunds that wait are given back by the gateway. */
  givenBack(): this {
    for (const { number } of this.plan.refunds)
      this.#hear(refundProgressed(this.plan, number, { underWay: 0, stuck: [], code: null, outside: false }, this.now))
    this.#doWhatIsDue()
    return this
  }

  installment(number: number) {
    const found = collectibles(this.plan).find((i) => i.number === number)
    if (!found) throw new Error(`No instalment ${number}`)
    return found
  }

  amounts(): number[] {
    return this.plan.installments.map((i) => i.amount)
  }

  statuses(): string[] {
    return this.plan.installments.map((i) => i.status)
  }

  /** Effects of one kind: notices and events by their type. */
  told(type: string): Effect[] {
    return this.effects.filter(
      (e) => e.write === type || ((e.write === 'notice' || e.write === 'event') && e.type === type),
    )
  }

  accounts() {
    return balances(this.effects.filter((e) => e.write === 'entry'))
  }

  #doWhatIsDue(): void {
    for (let before: Plan | null = null; before !== this.plan; ) {
      before = this.plan
      this.#take(timePassed(this.plan, this.now))
      for (const { transaction } of looksDue(this.plan, this.now, new Set())) this.#closeLink(transaction)
      this.plan = attemptsBegun(this.plan, this.now)
      this.#answerAll()
    }
  }

  #closeLink(transaction: string): void {
    const name = transaction.replace('txn_x_', '')
    const state = this.links[name]
    const amount = collectibles(this.plan).find((i) => i.openLink?.transaction === transaction)?.openLink?.amount ?? 0
    const seen = { close: true, isOpen: state === 'processing', isPaid: state === 'paid' }
    if (state !== 'processing') this.closed.push(`${this.now} ${name}`)
    this.#hear(linkSeen(this.plan, transaction, seen, this.now))
    if (state !== 'paid') return
    const parts = [{ installment: Number(name.split('_')[0]), amount }]
    this.#hear(receivedLate(this.plan, { transaction, amount, parts, returns: 0 }, this.now))
  }

  #answerAll(): void {
    for (const { number, open } of collectibles(this.plan)) {
      if (open?.by !== 'charge' || open.state !== 'asked') continue
      const name = open.transaction.replace('txn_x_', '')
      this.charges.push(`${this.now} ${name} ${open.amount}`)
      this.#hear(attemptSettled(this.plan, number, this.answers[name] ?? paid, this.now))
    }
    for (const payment of this.plan.payments) {
      const { number, state, transaction, amount } = payment
      if (state !== 'wanted' || waitsForLink(this.plan, payment)) continue
      const name = transaction.replace('txn_x_', '')
      this.oneOffs.push(`${this.now} ${name} ${amount}`)
      this.#hear(paymentSettled(this.plan, number, this.answers[name] ?? paid, this.now))
    }
    // Nobody hears of what is processing before the test says so.
    if (collectibles(this.plan).some((i) => i.open?.by === 'charge' && i.open.pollAt)) this.#neverPolled()
  }

  #neverPolled(): void {
    const never = instantOf(Date.UTC(2199, 0, 1))
    const installments = this.plan.installments.map((i) =>
      i.open?.by === 'charge' && i.open.pollAt ? { ...i, open: { ...i.open, pollAt: never } } : i,
    )
    if (installments.some((i, k) => JSON.stringify(i) !== JSON.stringify(this.plan.installments[k])))
      this.plan = { ...this.plan, installments }
  }

  #hear(decision: Decision): void {
    this.#take(decision)
    this.#take(afterwards(this.plan, this.now))
  }

  #take({ plan, effects }: Decision): void {
    if (plan === this.plan && effects.length === 0) return
    this.effects.push(...effects)
    this.plan = { ...plan, sequence: { ...plan.sequence, change: plan.sequence.change + 1 } }
  }
}
