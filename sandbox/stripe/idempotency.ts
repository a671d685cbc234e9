import type { DatabaseSync } from 'node:sqlite'
import { Refusal } from './errors.ts'

export type KeyUse = { key: string; times: number; path: string }
type Request = { key: string; path: string; params: string }
export type Kept = { status: number; body: string; request: string }

const KEPT_FOR_MS = 24 * 3600 * 1000

/** Stripe's idempotency: the first result of a key is its only one, for a day. */
export class IdempotencyKeys {
  readonly #db: DatabaseSync
  readonly #busy = new Set<string>()

  constructor(db: DatabaseSync) {
    this.#db = db
    db.exec(`
      CREATE TABLE IF NOT EXISTS key_results (key TEXT PRIMARY KEY, path TEXT NOT NULL, params TEXT NOT NULL,
        status INTEGER NOT NULL, body TEXT NOT NULL, request TEXT NOT NULL, at INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS key_uses (key TEXT NOT NULL, path TEXT NOT NULL, times INTEGER NOT NULL, payment TEXT,
        PRIMARY KEY (key, path));
      CREATE INDEX IF NOT EXISTS key_uses_by_payment ON key_uses (payment);`)
  }

  /**
   * Takes a key for a request: answers what was kept for it, or nothing when the work is still to be done; then
   * `release` has to follow. Refuses a key that is in use (409) or was used for something else (400).
   */
  take(request: Request): Kept | undefined {
    this.#db
      .prepare('INSERT INTO key_uses VALUES (?, ?, 1, NULL) ON CONFLICT DO UPDATE SET times = times + 1')
      .run(request.key, request.path)
    if (this.#busy.has(request.key)) {
      const message = `There is currently another in-progress request using this Stripe Idempotent Key: ${request.key}`
      throw new Refusal(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message }, true)
    }
    const row = this.#db.prepare('SELECT * FROM key_results WHERE key = ?').get(request.key)
    if (row && Number(row.at) > Date.now() - KEPT_FOR_MS) {
      if (row.path !== request.path || row.params !== request.params) throw misused(request, String(row.path))
      return { status: Number(row.status), body: String(row.body), request: String(row.request) }
    }
    this.#busy.add(request.key)
    return undefined
  }

  release(key: string): void {
    this.#busy.delete(key)
  }

  keep(request: Request, result: Kept): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO key_results VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(request.key, request.path, request.params, result.status, result.body, result.request, Date.now())
  }

  belongsTo(request: Request, payment: string): void {
    this.#db
      .prepare('UPDATE key_uses SET payment = ? WHERE key = ? AND path = ?')
      .run(payment, request.key, request.path)
  }

  usesFor(payment: string): KeyUse[] {
    const rows = this.#db.prepare('SELECT key, path, times FROM key_uses WHERE payment = ? ORDER BY rowid').all(payment)
    return rows.map((row) => ({ key: String(row.key), times: Number(row.times), path: String(row.path) }))
  }

  /** Forgets all results, as Stripe may after a day; how often keys were used stays known. */
  expire(): void {
    this.#db.exec('DELETE FROM key_results')
  }

  clear(): void {
    this.#db.exec('DELETE FROM key_results; DELETE FROM key_uses')
    this.#busy.clear()
  }
}

function misused(request: Request, firstPath: string): Refusal {
  const message =
    firstPath === request.path
      ? `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${request.key}' if you meant to execute a different request.`
      : `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${request.path}' vs '${firstPath}'). Try using a key other than '${request.key}' if you meant to execute a different request.`
  return new Refusal(400, { type: 'idempotency_error', message }, true)
}
