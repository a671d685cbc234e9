import type { DatabaseSync } from 'node:sqlite'
import { refuse } from './errors.ts'

export type Kind = 'customer' | 'payment_method' | 'payment_intent' | 'charge' | 'refund' | 'dispute' | 'event'
type Stored = { id: string; object: Kind; created: number; customer?: unknown; payment_intent?: unknown }
type Range = { gt?: number | undefined; gte?: number | undefined; lt?: number | undefined; lte?: number | undefined }

export type ListFilter = {
  customer?: string | undefined
  payment?: string | undefined
  created?: Range | undefined
  limit?: number | undefined
  starting_after?: string | undefined
  ending_before?: string | undefined
  /** What no column knows. */
  where?: ((object: never) => boolean) | undefined
}

export type Page<T> = { object: 'list'; url: string; has_more: boolean; data: T[] }

const TABLES = `
  CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    customer TEXT, payment TEXT, created INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS objects_by_customer ON objects (kind, customer, seq);
  CREATE INDEX IF NOT EXISTS objects_by_payment ON objects (kind, payment, seq);
  CREATE TABLE IF NOT EXISTS hidden (id TEXT PRIMARY KEY, body TEXT NOT NULL);`

/** Stripe's objects as they are sent, newest last, and what the sandbox knows about them beyond that. */
export class Records {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
    db.exec(TABLES)
  }

  get<T>(kind: Kind, id: string): T | undefined {
    const row = this.#db.prepare('SELECT body FROM objects WHERE id = ? AND kind = ?').get(id, kind)
    return row ? (JSON.parse(String(row.body)) as T) : undefined
  }

  /** Any object by its id, whatever it is: for `expand`. */
  find(id: string): object | undefined {
    const row = this.#db.prepare('SELECT body FROM objects WHERE id = ?').get(id)
    return row ? (JSON.parse(String(row.body)) as object) : undefined
  }

  put<T extends Stored>(object: T): T {
    const link = (value: unknown) => (typeof value === 'string' ? value : null)
    this.#db
      .prepare(
        `INSERT INTO objects (id, kind, customer, payment, created, body) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, body = excluded.body`,
      )
      .run(
        object.id,
        object.object,
        link(object.customer),
        link(object.payment_intent),
        object.created,
        JSON.stringify(object),
      )
    return object
  }

  remove(id: string): void {
    this.#db.prepare('DELETE FROM objects WHERE id = ?').run(id)
  }

  /** Newest first, as all of Stripe's lists are. */
  list<T>(kind: Kind, url: string, filter: ListFilter = {}): Page<T> {
    const limit = filter.limit ?? 10
    const backwards = filter.ending_before !== undefined
    const data: T[] = []
    for (const row of this.#rows(kind, filter, backwards)) {
      const object = JSON.parse(String(row.body)) as T
      if (filter.where && !filter.where(object as never)) continue
      if (data.length === limit) return { object: 'list', url, has_more: true, data: backwards ? data.reverse() : data }
      data.push(object)
    }
    return { object: 'list', url, has_more: false, data: backwards ? data.reverse() : data }
  }

  /** Every object of a kind, newest first. */
  all<T>(kind: Kind, filter: ListFilter = {}): T[] {
    return this.list<T>(kind, '', { ...filter, limit: Number.MAX_SAFE_INTEGER }).data
  }

  #rows(kind: Kind, filter: ListFilter, backwards: boolean): Iterable<Record<string, unknown>> {
    const conditions = ['kind = ?']
    const values: Array<string | number> = [kind]
    const and = (condition: string, value: string | number | undefined) => {
      if (value === undefined) return
      conditions.push(condition)
      values.push(value)
    }
    and('customer = ?', filter.customer)
    and('payment = ?', filter.payment)
    and('created > ?', filter.created?.gt)
    and('created >= ?', filter.created?.gte)
    and('created < ?', filter.created?.lt)
    and('created <= ?', filter.created?.lte)
    and('seq < ?', this.#position(filter.starting_after, 'starting_after'))
    and('seq > ?', this.#position(filter.ending_before, 'ending_before'))
    const order = backwards ? 'ASC' : 'DESC'
    const sql = `SELECT body FROM objects WHERE ${conditions.join(' AND ')} ORDER BY seq ${order}`
    return this.#db.prepare(sql).iterate(...values)
  }

  #position(id: string | undefined, param: string): number | undefined {
    if (id === undefined) return undefined
    const row = this.#db.prepare('SELECT seq FROM objects WHERE id = ?').get(id)
    if (!row) throw refuse(`No such object: '${id}'`, { code: 'resource_missing', param })
    return Number(row.seq)
  }

  hidden<T>(id: string): T | undefined {
    const row = this.#db.prepare('SELECT body FROM hidden WHERE id = ?').get(id)
    return row ? (JSON.parse(String(row.body)) as T) : undefined
  }

  hide(id: string, body: object): void {
    this.#db
      .prepare('INSERT INTO hidden VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body')
      .run(id, JSON.stringify(body))
  }

  clear(): void {
    this.#db.exec('DELETE FROM objects; DELETE FROM hidden')
  }
}
