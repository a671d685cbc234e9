import type { Socket } from 'node:net'
import pg from 'pg'
import { currentScope, type Scope } from './scope.ts'

/** A statement was to run of which nobody has said whose rows it is about. */
export class ScopeMissing extends Error {
  override name = 'ScopeMissing'
  constructor() {
    super('Nobody has said for which tenant: wrap the work in inTenant, acrossTenants or withoutTenant (db/tenancy)')
  }
}

/**
 * pg's client, which tells PostgreSQL with every transaction whose rows it is about. The setting ends with the
 * transaction, so that a pooled connection carries nothing over; and it travels with what is sent anyway, so that it
 * costs no round trip: before a statement that is a transaction by itself, or before the first of several, together with
 * what begins them.
 */
export class TenantClient extends pg.Client {
  readonly #needsScope: boolean
  #begunFor: Scope | undefined
  /** Why the transaction that somebody believes to be in could not begin. */
  #notBegun: Error | undefined
  /** A transaction that PostgreSQL is told of with its first statement. */
  #isToBegin = false
  /** What comes before statements has been prepared on this connection. */
  #isPrepared = false

  /**
   * With `needsScope`, statements outside any scope are refused here rather than find nothing there. With
   * `answerWithinMs`, a connection over which nothing has come for so long while something was asked is given up: what is
   * between us and PostgreSQL may be gone without a word, and whoever waits would wait for ever.
   */
  constructor(config: pg.ClientConfig & { needsScope?: boolean; answerWithinMs?: number }) {
    super(config)
    this.#needsScope = config.needsScope ?? false
    const { answerWithinMs } = config
    if (answerWithinMs !== undefined) this.once('connect', () => this.#watch(answerWithinMs))
  }

  #watch(answerWithinMs: number): void {
    const client = this as unknown as Insides
    const { stream } = client.connection
    stream.setTimeout(answerWithinMs, () => {
      if (!client.readyForQuery) stream.destroy(new Error(`PostgreSQL has not answered for ${answerWithinMs} ms`))
    })
  }

  // pg's overloads answer a promise, a query or nothing by what they are given; one of this form is all of them.
  override query(...args: unknown[]): never {
    return this.#send(args) as never
  }

  #send(args: unknown[]): unknown {
    const [text, values] = args as [unknown, unknown[] | undefined]
    const scope = currentScope()
    if (typeof text !== 'string') return this.plain(...args)
    if (ROLLS_BACK.test(text)) return this.#rollBack(text)
    if (this.#notBegun) return Promise.reject(this.#notBegun)
    if (ENDS.test(text)) return this.#end(text)
    // Not refused where it begins: whoever began a transaction gives its connection back when what is in it fails.
    if (BEGINS.test(text)) return this.#begin(text, scope)
    if (!scope && this.#needsScope) return Promise.reject(new ScopeMissing())
    if (this.#isToBegin || this.getTransactionStatus() === 'T' || this.getTransactionStatus() === 'E') {
      this.#refuseOther(scope)
      return this.#within(statementOf(text, values))
    }
    return scope ? this.#after([scopeIs(scope)], statementOf(text, values)) : this.plain(...args)
  }

  /**
   * At once the first time, which prepares what is said here: from then on, with the transaction's first statement. Never
   * fails: whoever began a transaction gives its connection back when what is in it fails, but not when it cannot even
   * begin (Kysely's controlled transactions). So that is told by the first statement in it.
   */
  async #begin(text: string, scope: Scope | undefined): Promise<typeof NO_ROWS> {
    this.#begunFor = scope
    this.#isToBegin = scope !== undefined && this.#isPrepared && text === BEGIN.text
    if (this.#isToBegin) return NO_ROWS
    try {
      await this.plain(text === BEGIN.text ? BEGIN : text)
      if (scope) await this.plain(scopeIs(scope))
      this.#isPrepared ||= scope !== undefined && text === BEGIN.text
    } catch (error) {
      this.#notBegun = error as Error
      this.#giveUp()
    }
    return NO_ROWS
  }

  #within(statement: Statement): Promise<pg.QueryResult> {
    const scope = this.#begunFor
    if (!this.#isToBegin || !scope) return this.plain(statement)
    this.#isToBegin = false
    return this.#after([BEGIN, scopeIs(scope)], statement)
  }

  async #end(text: string): Promise<unknown> {
    if (!this.#isToBegin) return this.plain(text)
    this.#isToBegin = false
    return NO_ROWS
  }

  /** Never fails either, and for the same reason: a transaction ends with its connection. */
  async #rollBack(text: string): Promise<typeof NO_ROWS> {
    if (!this.#isToBegin && !this.#notBegun) await this.plain(text).catch(() => this.#giveUp())
    this.#isToBegin = false
    return NO_ROWS
  }

  /** The pool takes no connection back that is ending. */
  #giveUp(): void {
    void this.end().catch(() => {})
  }

  /** Sends it as it is, in no scope. */
  plain(...args: unknown[]): Promise<pg.QueryResult> {
    return (super.query as (...given: unknown[]) => Promise<pg.QueryResult>).apply(this, args)
  }

  /** A transaction belongs to who began it: rows of another must not come into it by a nested scope. */
  #refuseOther(scope: Scope | undefined): void {
    const begun = this.#begunFor
    if (begun?.tenant === scope?.tenant && begun?.all === scope?.all) return
    throw new Error(`A transaction for ${inWords(begun)} is used for ${inWords(scope)}`)
  }

  /** `before` may be named here only if it is prepared: pg takes the answer to any naming for that of the statement. */
  #after(before: Statement[], { name, ...statement }: Statement): Promise<pg.QueryResult> {
    const isNamed = this.#isPrepared
    return new Promise((resolve, reject) => {
      void this.plain(
        new PrecededQuery(
          before.map((one) => (isNamed ? one : { ...one, name: undefined })),
          {
            ...statement,
            name: isNamed ? name : undefined,
            queryMode: 'extended',
            callback: (error, result) => (error ? reject(error) : resolve(result)),
          },
        ),
      )
    })
  }
}

const BEGINS = /^\s*(begin|start transaction)\b/i
const ENDS = /^\s*(commit|rollback|end|abort)\b/i
/** All of it, not back to a savepoint. */
const ROLLS_BACK = /^\s*rollback\s*;?\s*$/i

const NO_ROWS = { command: '', rowCount: null, rows: [] }

/** With a name, it is read and planned once for each connection. */
type Statement = { text: string; values?: unknown[] | undefined; name?: string | undefined; queryMode?: 'extended' }

const BEGIN: Statement = { name: 'tenor_begin', text: 'begin', queryMode: 'extended' }

function scopeIs({ tenant, all }: Scope): Statement {
  const text = `select set_config('tenor.tenant', $1, true), set_config('tenor.all_tenants', $2, true)`
  return { name: 'tenor_scope', text, values: [tenant, all ? 'on' : 'off'] }
}

/** Those that come with values apart are few and always the same (db/prepared.ts); the ORM writes values into the text. */
function statementOf(text: string, values: unknown[] | undefined): Statement {
  if (!values?.length) return { text }
  const name = names.get(text) ?? `tenor_${names.size + 1}`
  names.set(text, name)
  return { name, text, values }
}

const names = new Map<string, string>()

function inWords(scope: Scope | undefined): string {
  if (!scope) return 'nobody'
  return scope.all ? 'all tenants' : scope.tenant === '' ? 'no tenant' : `tenant ${scope.tenant}`
}

type QueryConfig = Statement & { callback: (error: Error | null, result: pg.QueryResult) => void }
/** What pg's types leave out of its query and its connection: the wire, as its own queries use it. */
type Wire = {
  stream: { cork(): void; uncork(): void }
  parse(message: { text: string }): void
  bind(message: { statement?: string | undefined; values: unknown[] }): void
  execute(message: object): void
}
/** What pg's types leave out of its client. */
type Insides = { connection: { stream: Socket }; readyForQuery: boolean }
type RawQuery = {
  submit(wire: Wire): Error | null
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, wire: Wire): void
}
const RawQuery = pg.Query as unknown as new (config: QueryConfig) => RawQuery

/**
 * A statement with others before it: all are sent before the one Sync, up to which PostgreSQL takes everything as one
 * transaction unless one of them begins a longer one. Only what the last one answers is heard.
 */
class PrecededQuery extends RawQuery {
  readonly #before: Statement[]
  #done = 0

  constructor(before: Statement[], config: QueryConfig) {
    super(config)
    this.#before = before
  }

  override submit(wire: Wire): Error | null {
    wire.stream.cork()
    try {
      for (const { name, text, values = [] } of this.#before) {
        if (name === undefined) wire.parse({ text })
        wire.bind({ statement: name, values })
        wire.execute({})
      }
      return super.submit(wire)
    } finally {
      wire.stream.uncork()
    }
  }

  override handleDataRow(message: unknown): void {
    if (this.#done === this.#before.length) super.handleDataRow(message)
  }

  override handleCommandComplete(message: unknown, wire: Wire): void {
    if (this.#done === this.#before.length) super.handleCommandComplete(message, wire)
    else this.#done += 1
  }
}
