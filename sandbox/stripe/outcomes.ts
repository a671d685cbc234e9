import type { DatabaseSync } from 'node:sqlite'

/** One thing that happens to a payment. The first happens on confirm, the others when they are told to. */
export type Step =
  | { to: 'succeeded' }
  | { to: 'processing' }
  | { to: 'requires_action' }
  | { to: 'failed'; code: string }
  | { to: 'disputed'; reason: string; returned: boolean }
  | { to: 'won' }

const CODE = /^[a-z][a-z0-9_]*$/

function step(word: string): Step {
  if (word === 'succeeded' || word === 'processing' || word === 'won') return { to: word }
  if (word === 'authentication_required') return { to: 'requires_action' }
  if (word === 'returned') return { to: 'disputed', reason: 'insufficient_funds', returned: true }
  if (word.startsWith('returned_')) return { to: 'disputed', reason: word.slice(9), returned: true }
  if (word === 'disputed') return { to: 'disputed', reason: 'fraudulent', returned: false }
  if (word.startsWith('disputed_')) return { to: 'disputed', reason: word.slice(9), returned: false }
  return { to: 'failed', code: word }
}

/**
 * Reads `insufficient_funds`, `processing_then_succeeded`, `succeeded_then_returned_account_closed`…: words joined by
 * `_then_`, each `succeeded`, `processing`, `authentication_required`, `returned[_reason]`, `disputed[_reason]`, `won`
 * (what was taken back comes again), or any decline code. Null when it is none of these, or when something is said to follow an end.
 */
export function readOutcome(outcome: string): Step[] | null {
  if (!CODE.test(outcome) || outcome.startsWith('refund_')) return null
  const steps = outcome.split('_then_').map(step)
  const follows = (next: Step, before: Step | undefined) => {
    if (next.to === 'disputed') return before?.to === 'succeeded' || before?.to === 'won'
    if (next.to === 'won') return before?.to === 'disputed'
    if (next.to === 'requires_action') return before === undefined
    return before === undefined || before.to === 'processing' || before.to === 'requires_action'
  }
  return steps.every((next, i) => follows(next, steps[i - 1])) ? steps : null
}

/** Bank debits are never decided at once: whatever is to happen, it happens after `processing`. */
export function asBankDebit(steps: Step[]): Step[] {
  return steps[0]?.to === 'processing'
    ? steps
    : [{ to: 'processing' }, ...steps.filter((next) => next.to !== 'requires_action')]
}

export const REFUND_OUTCOMES = [
  'refund_succeeded',
  'refund_failed',
  'refund_refused',
  'refund_pending_then_succeeded',
  'refund_pending_then_failed',
  'refund_succeeded_then_failed',
] as const
export type RefundOutcome = (typeof REFUND_OUTCOMES)[number]

export function isRefundOutcome(outcome: string): outcome is RefundOutcome {
  return (REFUND_OUTCOMES as readonly string[]).includes(outcome)
}

/** What was asked for by `POST /_sandbox/outcomes`, each used once, in order. */
export class OutcomeQueue {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
    db.exec(`CREATE TABLE IF NOT EXISTS outcomes
      (seq INTEGER PRIMARY KEY AUTOINCREMENT, customer TEXT NOT NULL, concerns TEXT NOT NULL, outcome TEXT NOT NULL)`)
  }

  add(customer: string, outcomes: string[]): void {
    const insert = this.#db.prepare('INSERT INTO outcomes (customer, concerns, outcome) VALUES (?, ?, ?)')
    for (const outcome of outcomes) insert.run(customer, isRefundOutcome(outcome) ? 'refund' : 'charge', outcome)
  }

  /** `names`: the customer's id, and whatever else it is known by. */
  take(concerns: 'charge' | 'refund', names: string[]): string | undefined {
    const marks = names.map(() => '?').join(', ')
    const row = this.#db
      .prepare(`SELECT seq, outcome FROM outcomes WHERE concerns = ? AND customer IN (${marks}) ORDER BY seq LIMIT 1`)
      .get(concerns, ...names)
    if (!row) return undefined
    this.#db.prepare('DELETE FROM outcomes WHERE seq = ?').run(Number(row.seq))
    return String(row.outcome)
  }

  waiting(customer?: string): Array<{ customer_id: string; outcome: string }> {
    const rows = this.#db.prepare('SELECT customer, outcome FROM outcomes ORDER BY seq').all()
    const all = rows.map((row) => ({ customer_id: String(row.customer), outcome: String(row.outcome) }))
    return customer === undefined ? all : all.filter((row) => row.customer_id === customer)
  }

  forget(customer?: string): void {
    if (customer === undefined) this.#db.exec('DELETE FROM outcomes')
    else this.#db.prepare('DELETE FROM outcomes WHERE customer = ?').run(customer)
  }
}
