import type { Instant } from './terms.ts'

/**
 * What a gateway said about one charge. "No answer" is none of these: a gateway that does not answer throws, and the
 * same attempt goes on until one of these is known.
 */
export type ChargeOutcome =
  | { result: 'succeeded' }
  | { result: 'processing' }
  | { result: 'declined'; severity: 'soft' | 'hard'; code: string }
  /** The customer must act at `url`; the payment stays open until then or until the next attempt cancels it. */
  | { result: 'requires_action'; code: string; url: string | null }
  /** The gateway refused the request as invalid: nothing was charged and repeating it would not help. */
  | { result: 'rejected'; code: string }

/** A payment that had succeeded was taken back: a returned debit or a dispute. Only `soft` ones take the NSF path. */
export type ReturnOutcome = { result: 'returned'; severity: 'soft' | 'hard'; code: string }

/** What a gateway said about one refund. */
export type RefundOutcome = { result: 'succeeded' } | { result: 'processing' } | { result: 'failed'; code: string }

/** A charge as the gateway holds it when asked later; `unconfirmed` ones were made but never sent to the bank. */
export type PaymentState = ChargeOutcome | ReturnOutcome | { result: 'unconfirmed' } | { result: 'canceled' }

export type Settled<Outcome> = Outcome & { at: Instant }
