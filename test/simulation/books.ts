import type { UnitMoved, UnitStatus } from '../../domain/leasing/lease.ts'
import type { Effect, Posting, TransactionMade } from '../../domain/plans/effects.ts'
import { sum } from '../../domain/plans/figures.ts'
import { refundTransaction } from '../../domain/plans/keys.ts'
import * as ledger from '../../domain/plans/ledger.ts'
import type { Past } from '../../domain/plans/news.ts'
import type { Part, Plan, Refund } from '../../domain/plans/plan.ts'
import { type Moved, piecesToAsk, roundProgress } from '../../domain/plans/refund-pieces.ts'
import type { RefundProgress } from '../../domain/plans/refunding.ts'
import type { Instant } from '../../domain/plans/terms.ts'

/** One transaction as the database holds it. `completes` is the later attempt that it turned out to be. */
export type Row = {
  id: string
  type: 'charge' | 'refund'
  installment: number | null
  attempt: number | null
  amount: number
  status: 'pending' | 'processing' | 'succeeded' | 'failed'
  outcome: string | null
  gateway: 'stripe' | 'external' | 'payroll'
  parts: Part[]
  returned: number
  /** How often it was taken back. */
  returns: number
  cause: Refund['cause'] | null
  at: Instant
  refund: { number: number; round: number; of: string | null } | null
}
export type Escalated = {
  installment: number | null
  refund: number | null
  order: boolean
  amount: number
  isOpen: boolean
}

/** What a lease may make of a unit; one that it has given up it leaves alone. */
const UNIT_MOVES: Record<UnitStatus, UnitStatus[]> = {
  available: ['reserved', 'leased'],
  reserved: ['leased', 'available', 'maintenance'],
  leased: ['maintenance', 'lost', 'sold'],
  maintenance: [],
  lost: [],
  sold: [],
  retired: [],
}

const TOLD_ONCE = ['entry', 'event', 'notice'] as const

/**
 * Stands for the database: takes every effect, refuses a key that was used before and an entry that does not balance,
 * and knows what each account holds.
 */
export class Books {
  readonly rows = new Map<string, Row>()
  readonly escalations = new Map<string, Escalated>()
  readonly accounts = { receivable: 0, income: 0, fees: 0, discounts: 0, cash: 0, write_offs: 0, payroll: 0 }
  /** Moved so far by entries of each kind; minor units. */
  readonly moved = { paid: 0, returned: 0, refunded: 0, paidOutside: 0, refundedOutside: 0, balance: 0 }
  /** Lines of pay by transaction. */
  readonly deductions = new Map<string, number>()
  /** Where each unit is. */
  readonly units = new Map<string, UnitStatus>()
  /** Money back decided, by what for. */
  readonly decided = { adjustment: 0, cancellation: 0, overpaid: 0 }
  readonly #keys = new Set<string>()
  readonly #broken: (what: string) => void

  constructor(broken: (what: string) => void) {
    this.#broken = broken
  }

  write(effects: readonly Effect[], at: Instant): void {
    for (const effect of effects) this.#writeOne(effect, at)
  }

  #writeOne(effect: Effect, at: Instant): void {
    const told = TOLD_ONCE.find((kind) => kind === effect.write)
    if (told && 'key' in effect) this.#once(`${told} ${effect.key}`)
    switch (effect.write) {
      case 'entry':
        ledger.assertBalanced(effect)
        this.#post(effect.key, effect.transaction, effect.postings)
        break
      case 'event':
        if (effect.type === 'refund.created') this.#refundDecided(effect.data, 1)
        if (effect.type === 'refund.withdrawn') this.#refundDecided(effect.data, -1)
        break
      case 'receipt':
        this.#once(`receipt ${effect.transaction}`)
        break
      case 'transaction':
        this.#once(`transaction ${effect.id}`)
        this.rows.set(effect.id, rowOf(effect, at))
        break
      case 'transaction_changed': {
        const row = this.row(effect.id)
        row.status = effect.status ?? row.status
        row.returned = effect.returned ?? row.returned
        row.amount = effect.amount ?? row.amount
        row.parts = effect.parts ?? row.parts
        if (effect.returned === undefined) row.at = at
        break
      }
      case 'escalation': {
        this.#once(`escalation ${effect.id}`)
        const about = { installment: null, refund: null, order: false, ...effect.about }
        this.escalations.set(effect.id, { ...about, amount: effect.amount, isOpen: true })
        break
      }
      case 'deduction':
        this.#once(`deduction ${effect.transaction}`)
        this.deductions.set(effect.transaction, effect.amount)
        break
      case 'unit':
        this.#moveUnit(effect)
        break
      case 'escalation_amount':
        this.#openEscalation(effect.id).amount = effect.amount
        break
      case 'escalation_resolved':
        this.#openEscalation(effect.id).isOpen = false
        break
      default:
        break
    }
  }

  row(id: string): Row {
    const row = this.rows.get(id)
    if (!row) throw new Error(`No transaction ${id}`)
    return row
  }

  /** Cash that moved through the gateway, so far as Tenor knows. */
  gatewayCash(): number {
    return this.accounts.cash - this.moved.paidOutside + this.moved.refundedOutside
  }

  /** The pieces of a refund whose end is not known, this round's made once; as the activity that gives money back does it. */
  allot(plan: Plan, refund: Refund, at: Instant): Row[] {
    const mine = () => [...this.rows.values()].filter((t) => t.refund?.number === refund.number)
    const before = mine().length
    for (const [k, piece] of piecesToAsk(refund, othersOf(plan, refund), this.#moved()).entries()) {
      const { payment, amount, parts } = piece
      const id = refundTransaction(plan, refund.number, before + k + 1)
      this.#once(`transaction ${id}`)
      const of = { number: refund.number, round: refund.round, of: payment }
      const { gateway } = this.row(payment)
      this.rows.set(id, { ...pieceOf(id, amount, parts, at), gateway, cause: refund.cause, refund: of })
    }
    return mine().filter(({ status }) => status === 'pending' || status === 'processing')
  }

  progress(plan: Plan, refund: Refund): RefundProgress {
    return roundProgress(refund, othersOf(plan, refund), this.#moved())
  }

  pastOf({ id, returns }: Row): Past {
    const there = [...this.rows.values()].filter((t) => t.refund?.of === id && t.gateway !== 'external')
    return { returns, givenBack: sum(there, ({ status, amount }) => (status === 'failed' ? 0 : amount)) }
  }

  #moved(): Moved[] {
    return [...this.rows.values()].map(movedOf)
  }

  #post(key: string, transaction: string | null, postings: Posting[]): void {
    for (const { account, amount } of postings) this.accounts[account] += amount
    const cash = sum(postings, (p) => (p.account === 'cash' || p.account === 'payroll' ? p.amount : 0))
    if (transaction === null || cash === 0) return
    const kind = key.slice(0, key.indexOf(':'))
    const row = this.row(transaction)
    const isOutside = row.gateway === 'external'
    if (kind === 'paid') {
      this.moved.paid += cash
      if (isOutside) this.moved.paidOutside += cash
      if (row.installment === 0) this.moved.balance += cash
      if (cash !== row.amount) this.#broken(`${transaction} of ${row.amount} is in the ledger with ${cash}`)
    } else if (kind === 'returned' || kind === 'reinstated') {
      row.returns += kind === 'returned' ? 1 : 0
      this.moved.returned -= cash
      if (row.installment === 0) this.moved.balance += cash
    } else if (kind === 'refunded' || kind === 'refund-returned') {
      this.moved.refunded -= cash
      if (isOutside) this.moved.refundedOutside -= cash
    } else this.#broken(`Cash moved by an entry ${key}`)
  }

  #moveUnit({ unit, to }: UnitMoved): void {
    const from = this.units.get(unit) ?? 'available'
    if (!UNIT_MOVES[from].includes(to)) this.#broken(`Unit ${unit} went from ${from} to ${to}`)
    this.units.set(unit, to)
  }

  #refundDecided(data: Record<string, unknown>, sign: 1 | -1): void {
    const { cause, amount } = data as { cause: Refund['cause']; amount: number }
    this.decided[cause] += sign * amount
  }

  #once(key: string): void {
    if (this.#keys.has(key)) this.#broken(`Used twice: ${key}`)
    this.#keys.add(key)
  }

  #openEscalation(id: string): Escalated {
    const found = this.escalations.get(id)
    if (!found?.isOpen) this.#broken(`${id} is changed, and is not open`)
    return found ?? { installment: null, refund: null, order: false, amount: 0, isOpen: false }
  }
}

/** A row as the rules look at it. */
export function movedOf({ gateway, at, ...row }: Row): Moved {
  return { ...row, isOutside: gateway === 'external', paidAt: at, declineCode: row.outcome }
}

function rowOf(made: TransactionMade, at: Instant): Row {
  const { id, type, installment, attempt, amount, status, gateway, parts } = made
  const isBalance = installment === null && parts.length === 1 && parts[0]?.installment === 0
  const refund = made.refund === null ? null : { number: made.refund, round: 0, of: made.of }
  const of = isBalance ? 0 : installment
  return {
    id,
    type,
    installment: of,
    attempt,
    amount,
    status,
    outcome: null,
    gateway,
    parts,
    returned: 0,
    returns: 0,
    cause: null,
    at,
    refund,
  }
}

function othersOf(plan: Plan, { number }: Refund): Refund[] {
  return plan.refunds.filter((other) => other.number !== number)
}

function pieceOf(id: string, amount: number, parts: Part[], at: Instant): Omit<Row, 'refund' | 'cause' | 'gateway'> {
  const fresh = { outcome: null, returned: 0, returns: 0, status: 'pending' as const }
  return { id, type: 'refund', installment: null, attempt: null, amount, parts, at, ...fresh }
}
