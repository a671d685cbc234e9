import type { MikroORM } from '@mikro-orm/postgresql'
import type { Client } from '@temporalio/client'
import type { FastifyServerOptions } from 'fastify'
import type { StatementFacts } from '../db/leasing/statement-facts.ts'
import type { ReceiptFacts } from '../db/plans/receipt-facts.ts'
import type { StatementLease, StatementLine } from '../domain/leasing/statement-lines.ts'
import type { PaymentGateway } from '../gateways/payments.ts'
import type { StripeHint } from '../gateways/stripe/webhook.ts'
import type { ConnectionLimits } from './http/connections.ts'
import type { Limits } from './http/limits.ts'
import type { OwnIssuer } from './identity/own-issuer.ts'
import type { TokenVerifier } from './identity/tokens.ts'

/** What the API is put together from. Nothing here is made by the API itself, so that tests choose every part. */
export type ApiDeps = {
  orm: MikroORM
  temporal: Client
  payments: PaymentGateway
  verifyToken: TokenVerifier
  /** Gives tokens, where Tenor is its own issuer of them; never in production. */
  ownIssuer: OwnIssuer | null
  /** Checks a webhook on its raw body and says what it is about. Throws `WebhookSignatureInvalid`. */
  readStripeWebhook(rawBody: Buffer, signature: string): StripeHint
  /** The PDF of a receipt. */
  renderReceipt(receipt: ReceiptFacts): Promise<Uint8Array>
  /** The PDF of a closed statement, as it is made. */
  renderStatement(
    statement: StatementFacts,
    lines: AsyncIterable<StatementLine[]>,
    leases: AsyncIterable<StatementLease[]>,
  ): AsyncIterable<Uint8Array>
  now(): Date
  config: ApiConfig
}

export type ApiConfig = {
  taskQueue: string
  temporalUiUrl: string
  testClocks: boolean
  /** Whose admins may read what Temporal holds; default `tenor`. */
  operatorsTenant?: string
  /** Whether pages of Temporal's UI may do so without a token; default no. */
  codecOpen?: boolean
  /** Whether webhooks may be asked for at private addresses, and by http; default no. */
  webhooksToPrivate?: boolean
  /** Who may read `/metrics`: whoever bears this token, or nobody; default everybody. */
  metricsFor?: { token: string } | 'nobody'
  version: string
  logger: FastifyServerOptions['logger']
  /** Addresses of the proxies in front, if any: whose X-Forwarded-For is believed. */
  trustProxy?: string[] | undefined
  /** Requests a minute and caller, by what they cost; the rest as in `DEFAULT_LIMITS`. */
  limits?: Partial<Limits>
  /** How long connections may take and be; the rest as in `CONNECTIONS`. */
  connections?: Partial<ConnectionLimits>
  /** From which delay of its event loop on the API answers 503. */
  longestDelayMs?: number
}
