import type { ChargeOutcome, PaymentState, RefundOutcome } from '../domain/plans/outcome.ts'
import type { Instant } from '../domain/plans/terms.ts'

/**
 * A payment gateway, as the rest of Tenor sees it. Amounts are minor units as Tenor counts them (ISO 4217); the
 * adapter converts where a gateway counts differently. Answers are domain outcomes; a gateway that gives no answer
 * (network, time-out, 5xx, 429, key in use) throws `NoAnswer`, and nothing is known about what was asked.
 */
export type PaymentGateway = {
  /** Makes the payment without confirming it: nothing is charged. Returns the gateway's id, or `rejected`. */
  create(charge: ChargeRequest): Promise<{ id: string } | Extract<ChargeOutcome, { result: 'rejected' }>>
  /** Confirms a payment made by `create`. Safe to repeat: a payment is charged once whatever the key. */
  confirm(id: string, key: string): Promise<ChargeOutcome>
  /** Reads a payment: the truth, whatever was answered or notified before. */
  read(id: string): Promise<PaymentState>
  /**
   * The id of the payment that carries `reference` in its metadata, among the customer's payments; `null` if none was
   * made. `since` (real time, whatever clock the plan follows) saves looking through years of payments.
   */
  find(reference: string, customer: string, since?: Instant): Promise<string | null>
  /**
   * Every payment of the customer with its refunds, ours or not, newest first; amounts as the gateway really has them.
   * What was made since a moment (real time), if one is given.
   */
  list(customer: string, since?: Instant): Promise<GatewayPayment[]>
  /** Cancels an open payment, or says what it has become instead. */
  cancel(id: string): Promise<PaymentState>
  refund(
    refund: RefundRequest,
  ): Promise<{ id: string; outcome: RefundOutcome } | Extract<RefundOutcome, { result: 'failed' }>>
  readRefund(id: string): Promise<RefundOutcome>
  /** Refunds of a payment that carry `reference`; `null` if none was made. */
  findRefund(reference: string, payment: string): Promise<{ id: string; outcome: RefundOutcome } | null>
  /** Makes or updates the customer at the gateway; the gateway's id is returned. Safe to repeat with the same key. Throws `CustomerRefused`. */
  saveCustomer(customer: CustomerRequest, key: string): Promise<{ id: string }>
  /** The customer as the gateway knows it by its own id; `null` if it does not. */
  readCustomer(id: string): Promise<GatewayCustomer | null>
  /** Attaches the method to the customer unless it already is. Throws `PaymentMethodRefused`. */
  attachMethod(method: string, customer: string): Promise<{ id: string; type: string; label: string }>
}

export type ChargeRequest = {
  /** Ours, stable for the attempt: stored in the payment's metadata so that it can be found again. */
  reference: string
  key: string
  amount: number
  currency: string
  customer: string
  paymentMethod: string
  description: string
  metadata: Record<string, string>
}

export type RefundRequest = {
  reference: string
  key: string
  payment: string
  amount: number
  currency: string
  metadata: Record<string, string>
}

/** `reference` is what `create` was given; null for a payment that is none of ours. */
export type GatewayPayment = {
  id: string
  reference: string | null
  metadata: Record<string, string>
  amount: number
  currency: string
  state: PaymentState
  refunds: GatewayRefund[]
}
export type GatewayRefund = { id: string; reference: string | null; amount: number; outcome: RefundOutcome }

/** `paymentMethod` is the default one, if any. */
export type GatewayCustomer = {
  id: string
  name: string | null
  email: string | null
  phone: string | null
  paymentMethod: string | null
}

export type CustomerRequest = {
  gatewayId: string | null
  reference: string
  name: string
  email: string
  phone: string | null
}

/** Nothing is known about what was asked: neither a decline nor a success. */
export class NoAnswer extends Error {
  override name = 'NoAnswer'
  readonly retryAfterMs: number | null
  /** The gateway itself fails or cannot be reached, whatever it is asked. */
  readonly isOutage: boolean
  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number | null; isOutage?: boolean } = {}) {
    super(message, { cause: options.cause })
    this.retryAfterMs = options.retryAfterMs ?? null
    this.isOutage = options.isOutage ?? false
  }
}

/** The gateway does not know the payment method, or it belongs to somebody else. */
export class PaymentMethodRefused extends Error {
  override name = 'PaymentMethodRefused'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * A key was used before for another request. The first one stands; whoever wrote the key has to look at what was made
 * under it. Taking another key instead could pay twice.
 */
export class KeyConflict extends NoAnswer {
  override name = 'KeyConflict'
}

/** The gateway does not take the customer's data (or does not know its own id any more). */
export class CustomerRefused extends Error {
  override name = 'CustomerRefused'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
