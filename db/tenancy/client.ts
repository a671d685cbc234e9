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
 * costs no round trip: in the message that begins the transaction, or before a statement that is one by itself.
 */
export class TenantClient extends pg.Client {
  readonly #needsScope: boolean
  #begunFor: Scope | undefined
  /** Why the transaction that somebody believes to be in could not begin. */
  #notBegun: Error | undefined

  /** With `needsScope`, statements outside any scope are refused here rather than find nothing there. */
  constructor(config: pg.ClientConfig & { needsScope?: boolean }) {
    super(config)
    this.#needsScope = config.needsScope ?? false
  }

  // pg's overloads answer a promise, a query or nothing by what they are given; one of this form is all of them.
  override query(...args: unknown[]): never {
    return this.#send(args) as never
  }

  #send(args: unknown[]): unknown {
    const [text, values] = args
    const scope = currentScope()
    if (typeof text !== 'string') return this.plain(...args)
    if (ROLLS_BACK.test(text)) return this.#rollBack(args)
    if (this.#notBegun) return Promise.reject(this.#notBegun)
    if (ENDS.test(text)) return this.plain(...args)
    if (BEGINS.test(text)) return this.#begin(text, scope)
    if (!scope && this.#needsScope) return Promise.reject(new ScopeMissing())
    if (this.getTransactionStatus() === 'T' || this.getTransactionStatus() === 'E') {
      this.#refuseOther(scope)
      return this.plain(...args)
    }
    return scope ? this.#alone(scope, text, values as unknown[] | undefined) : this.plain(...args)
  }

  /**
   * Never fails: whoever began a transaction gives its connection back when what is in it fails, but not when it cannot
   * even begin (Kysely's controlled transactions). So that is told by the first statement in it.
   */
  async #begin(text: string, scope: Scope | undefined): Promise<Nothing> {
    this.#begunFor = scope
    try {
      await this.plain(scope ? `${text}; ${setLocal(scope)}` : text)
    } catch (error) {
      this.#notBegun = error as Error
      this.#giveUp()
    }
    return NOTHING
  }

  /** Never fails either, and for the same reason: a transaction ends with its connection. */
  async #rollBack(args: unknown[]): Promise<Nothing> {
    if (!this.#notBegun) await this.plain(...args).catch(() => this.#giveUp())
    return NOTHING
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

  #alone(scope: Scope, text: string, values: unknown[] | undefined): Promise<pg.QueryResult> {
    return new Promise((resolve, reject) => {
      void this.plain(
        new ScopedQuery(scope, {
          text,
          values,
          queryMode: 'extended',
          callback: (error, result) => (error ? reject(error) : resolve(result)),
        }),
      )
    })
  }
}

const BEGINS = /^\s*(begin|start transaction)\b/i
const ENDS = /^\s*(commit|rollback|end|abort)\b/i
/** All of it, not back to a savepoint. */
const ROLLS_BACK = /^\s*rollback\s*;?\s*$/i
const NOTHING = { rows: [] }
type Nothing = typeof NOTHING

function setLocal({ tenant, all }: Scope): string {
  return `set local tenor.tenant = ${pg.escapeLiteral(tenant)}; set local tenor.all_tenants = ${all ? 'on' : 'off'}`
}

function inWords(scope: Scope | undefined): string {
  if (!scope) return 'nobody'
  return scope.all ? 'all tenants' : scope.tenant === '' ? 'no tenant' : `tenant ${scope.tenant}`
}

type QueryConfig = {
  text: string
  values: unknown[] | undefined
  queryMode: 'extended'
  callback: (error: Error | null, result: pg.QueryResult) => void
}
/** What pg's types leave out of its query and its connection: the wire, as its own queries use it. */
type Wire = {
  stream: { cork(): void; uncork(): void }
  parse(message: { text: string }): void
  bind(message: { values: string[] }): void
  execute(message: object): void
}
type RawQuery = {
  submit(wire: Wire): Error | null
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, wire: Wire): void
}
const RawQuery = pg.Query as unknown as new (config: QueryConfig) => RawQuery

/**
 * A statement that is a transaction by itself, with the setting before it: both are sent before the one Sync, up to which
 * PostgreSQL takes everything as one transaction.
 */
class ScopedQuery extends RawQuery {
  readonly #scope: Scope
  #isSet = false

  constructor(scope: Scope, config: QueryConfig) {
    super(config)
    this.#scope = scope
  }

  override submit(wire: Wire): Error | null {
    wire.stream.cork()
    try {
      wire.parse({ text: `select set_config('tenor.tenant', $1, true), set_config('tenor.all_tenants', $2, true)` })
      wire.bind({ values: [this.#scope.tenant, this.#scope.all ? 'on' : 'off'] })
      wire.execute({})
      return super.submit(wire)
    } finally {
      wire.stream.uncork()
    }
  }

  override handleDataRow(message: unknown): void {
    if (this.#isSet) super.handleDataRow(message)
  }

  override handleCommandComplete(message: unknown, wire: Wire): void {
    if (this.#isSet) super.handleCommandComplete(message, wire)
    this.#isSet = true
  }
}
