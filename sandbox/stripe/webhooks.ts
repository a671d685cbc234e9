import type { DatabaseSync } from 'node:sqlite'
import Stripe from 'stripe'
import type { Settings } from '../store.ts'

export type Mischief = { duplicate: number; shuffle: boolean; hold: boolean }
type Delivery = { seq: number; event: string; url: string; attempts: number }

const AT_ONCE = 8
const LONGEST_SLEEP_MS = 60_000
const LONGEST_BACK_OFF_MS = 30_000
const GIVE_UP_AFTER_MS = 3 * 24 * 3600 * 1000
const ANSWER_WITHIN_MS = 10_000
const SHUFFLE_WITHIN_MS = 300

const { webhooks } = new Stripe('sk_test_only_for_signing')

/**
 * Delivers events to the configured URLs, signed, again and again with back-off until a 2xx. What is not yet
 * delivered is in the database, so that it goes out after a restart.
 */
export class Webhooks {
  readonly #db: DatabaseSync
  readonly #settings: Settings
  readonly #secret: string
  readonly #firstBackOffMs: number
  readonly #payloadOf: (event: string) => string | undefined
  readonly #sending = new Map<number, Promise<void>>()
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(
    db: DatabaseSync,
    settings: Settings,
    options: { secret: string; firstBackOffMs: number; payloadOf: (event: string) => string | undefined },
  ) {
    this.#db = db
    this.#settings = settings
    this.#secret = options.secret
    this.#firstBackOffMs = options.firstBackOffMs
    this.#payloadOf = options.payloadOf
    db.exec(`
      CREATE TABLE IF NOT EXISTS deliveries (seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL,
        url TEXT NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, since INTEGER NOT NULL);
      CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at)`)
  }

  get urls(): string[] {
    return this.#settings.get<string[]>('webhook_urls', [])
  }

  get mischief(): Mischief {
    return this.#settings.get<Mischief>('webhook_mischief', { duplicate: 0, shuffle: false, hold: false })
  }

  /** Changes where events go; what is still waiting for an address that is gone goes to the first new one. */
  setUrls(urls: string[]): void {
    this.#settings.set('webhook_urls', urls)
    const [first] = urls
    if (first === undefined) this.#db.exec('DELETE FROM deliveries')
    else {
      const marks = urls.map(() => '?').join(', ')
      this.#db.prepare(`UPDATE deliveries SET url = ?, next_at = 0 WHERE url NOT IN (${marks})`).run(first, ...urls)
    }
    this.wake()
  }

  setMischief(mischief: Mischief): void {
    this.#settings.set('webhook_mischief', mischief)
    this.wake()
  }

  /** To be called in the transaction that makes the event; `wake` after it. */
  enqueue(event: string): void {
    const { duplicate, shuffle } = this.mischief
    const insert = this.#db.prepare(
      'INSERT INTO deliveries (event, url, attempts, next_at, since) VALUES (?, ?, 0, ?, ?)',
    )
    for (const url of this.urls) {
      for (let copy = 0; copy <= duplicate; copy++) {
        const later = shuffle ? Math.floor(Math.random() * SHUFFLE_WITHIN_MS) : 0
        insert.run(event, url, Date.now() + later, Date.now())
      }
    }
  }

  waitingFor(event: string): number {
    return Number(this.#db.prepare('SELECT count(*) AS n FROM deliveries WHERE event = ?').get(event)?.n)
  }

  waiting(): number {
    return Number(this.#db.prepare('SELECT count(*) AS n FROM deliveries').get()?.n)
  }

  clear(): void {
    this.#db.exec('DELETE FROM deliveries')
  }

  /** Sends what is due, and sleeps until the next is. */
  wake(): void {
    clearTimeout(this.#timer)
    if (this.#stopped.signal.aborted || this.mischief.hold) return
    for (const delivery of this.#due()) {
      this.#sending.set(delivery.seq, this.#send(delivery))
    }
    if (this.#sending.size >= AT_ONCE) return
    const next = this.#nextAt()
    if (next === undefined) return
    const sleep = Math.min(Math.max(next - Date.now(), 1), LONGEST_SLEEP_MS)
    this.#timer = setTimeout(() => this.wake(), sleep)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    clearTimeout(this.#timer)
    await Promise.all(this.#sending.values())
  }

  #due(): Delivery[] {
    const room = AT_ONCE - this.#sending.size
    if (room <= 0) return []
    const rows = this.#db
      .prepare('SELECT * FROM deliveries WHERE next_at <= ? ORDER BY next_at, seq LIMIT ?')
      .all(Date.now(), AT_ONCE * 2)
    return rows
      .map(({ seq, event, url, attempts }) => ({
        seq: Number(seq),
        event: String(event),
        url: String(url),
        attempts: Number(attempts),
      }))
      .filter(({ seq }) => !this.#sending.has(seq))
      .slice(0, room)
  }

  #nextAt(): number | undefined {
    const busy = [...this.#sending.keys()]
    const marks = busy.map(() => '?').join(', ')
    const row = this.#db.prepare(`SELECT min(next_at) AS at FROM deliveries WHERE seq NOT IN (${marks})`).get(...busy)
    return row?.at === null || row?.at === undefined ? undefined : Number(row.at)
  }

  async #send({ seq, event, url, attempts }: Delivery): Promise<void> {
    const payload = this.#payloadOf(event)
    const accepted = payload === undefined || (await this.#post(url, payload))
    this.#sending.delete(seq)
    if (this.#stopped.signal.aborted && !accepted) return
    if (accepted) this.#db.prepare('DELETE FROM deliveries WHERE seq = ?').run(seq)
    else {
      const backOff = Math.min(this.#firstBackOffMs * 2 ** attempts, LONGEST_BACK_OFF_MS)
      const now = Date.now()
      this.#db
        .prepare('UPDATE deliveries SET attempts = attempts + 1, next_at = ? WHERE seq = ?')
        .run(now + backOff, seq)
      this.#db.prepare('DELETE FROM deliveries WHERE seq = ? AND since < ?').run(seq, now - GIVE_UP_AFTER_MS)
    }
    this.wake()
  }

  async #post(url: string, payload: string): Promise<boolean> {
    const signature = webhooks.generateTestHeaderString({ payload, secret: this.#secret })
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      })
      await response.body?.cancel()
      return response.ok
    } catch {
      return false
    }
  }
}
