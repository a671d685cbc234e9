import type { DatabaseSync } from 'node:sqlite'
import type Stripe from 'stripe'
import type { Faults } from '../faults.ts'
import { inTransaction, type Settings } from '../store.ts'
import { IdempotencyKeys } from './idempotency.ts'
import { newId, nowInSeconds } from './ids.ts'
import { OutcomeQueue } from './outcomes.ts'
import { Pending } from './pending.ts'
import { Records } from './records.ts'
import { Webhooks } from './webhooks.ts'

export type SandboxOptions = {
  webhookSecret: string
  /** First wait before a webhook is sent again; doubles each time. */
  webhookBackOffMs: number
  /** Bank debits settle by themselves after this; without it, only when told to. */
  settleAfterMs: number | undefined
  /** More requests in one second than this are answered with 429. */
  requestsPerSecond: number | undefined
}

/** Who is asking: part of every event that the request makes. */
export type Call = { id: string; key: string | null; version: string }

export const API_VERSION = '2026-10-28.endive'

/** The state of one Stripe account, and what all its endpoints share. */
export class Sandbox {
  readonly db: DatabaseSync
  readonly options: SandboxOptions
  readonly faults: Faults
  readonly records: Records
  readonly outcomes: OutcomeQueue
  readonly pending: Pending
  readonly keys: IdempotencyKeys
  readonly webhooks: Webhooks
  /** Where the sandbox is reached, for the links it gives out; known once it listens. */
  url = ''
  #call: Call | undefined

  constructor(db: DatabaseSync, settings: Settings, faults: Faults, options: SandboxOptions) {
    this.db = db
    this.options = options
    this.faults = faults
    this.records = new Records(db)
    this.outcomes = new OutcomeQueue(db)
    this.pending = new Pending(db)
    this.keys = new IdempotencyKeys(db)
    this.webhooks = new Webhooks(db, settings, {
      secret: options.webhookSecret,
      firstBackOffMs: options.webhookBackOffMs,
      payloadOf: (event) => {
        const found = this.records.get<object>('event', event)
        return found && JSON.stringify(found, null, 2)
      },
    })
  }

  /** One transaction; the events made in it are sent when it is committed. */
  change<T>(work: () => T, call?: Call): T {
    this.#call = call
    try {
      return inTransaction(this.db, work)
    } finally {
      this.#call = undefined
      this.webhooks.wake()
    }
  }

  /** Records an event with the object as it is now. */
  emit(type: string, object: object, previous?: object): void {
    const event = {
      id: newId('evt'),
      object: 'event' as const,
      api_version: this.#call?.version ?? API_VERSION,
      created: nowInSeconds(),
      data: { object, ...(previous ? { previous_attributes: previous } : {}) },
      livemode: false,
      pending_webhooks: this.webhooks.urls.length,
      request: { id: this.#call?.id ?? null, idempotency_key: this.#call?.key ?? null },
      type,
    }
    this.records.put(event)
    this.webhooks.enqueue(event.id)
  }

  /**
   * What a customer may be called in the controls: its id, and its own or the payment's metadata `…customer_id`, with
   * and without the tenant before it, so that whoever only knows the caller's id for it can ask as well.
   */
  namesOf(customerId: string | null, metadata: Record<string, string> | null): string[] {
    const customer = customerId ? this.records.get<Stripe.Customer>('customer', customerId) : undefined
    const aliases = [customer?.metadata, metadata].flatMap((map) =>
      Object.entries(map ?? {}).flatMap(([key, value]) =>
        key.endsWith('customer_id') ? [value, value.slice(value.lastIndexOf('/') + 1)] : [],
      ),
    )
    return [...new Set([...(customerId ? [customerId] : []), ...aliases])]
  }
}
