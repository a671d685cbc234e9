import type { DatabaseSync } from 'node:sqlite'
import type { Step } from './outcomes.ts'

/** What a payment or refund still has before it, and who or what it waits for. */
export type Waiting = { id: string; waitsFor: 'settlement' | 'customer'; steps: Step[]; dueAt: number | null }

/** The steps of payments that are not at their end yet. */
export class Pending {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
    db.exec(`CREATE TABLE IF NOT EXISTS pending (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
      waits_for TEXT NOT NULL, steps TEXT NOT NULL, due_at INTEGER)`)
  }

  /** No steps: nothing is awaited any more. */
  set(id: string, waitsFor: Waiting['waitsFor'], steps: Step[], dueAt: number | null): void {
    this.#db.prepare('DELETE FROM pending WHERE id = ?').run(id)
    if (steps.length === 0) return
    this.#db
      .prepare('INSERT INTO pending (id, waits_for, steps, due_at) VALUES (?, ?, ?, ?)')
      .run(id, waitsFor, JSON.stringify(steps), dueAt)
  }

  get(id: string): Waiting | undefined {
    const row = this.#db.prepare('SELECT * FROM pending WHERE id = ?').get(id)
    return row && waitingFrom(row)
  }

  forget(id: string): void {
    this.#db.prepare('DELETE FROM pending WHERE id = ?').run(id)
  }

  all(): Waiting[] {
    return this.#db.prepare('SELECT * FROM pending ORDER BY seq').all().map(waitingFrom)
  }

  due(now: number): Waiting[] {
    return this.#db.prepare('SELECT * FROM pending WHERE due_at <= ? ORDER BY seq').all(now).map(waitingFrom)
  }

  clear(): void {
    this.#db.exec('DELETE FROM pending')
  }
}

function waitingFrom(row: Record<string, unknown>): Waiting {
  return {
    id: String(row.id),
    waitsFor: row.waits_for === 'customer' ? 'customer' : 'settlement',
    steps: JSON.parse(String(row.steps)) as Step[],
    dueAt: row.due_at === null ? null : Number(row.due_at),
  }
}
