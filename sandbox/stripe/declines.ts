import type { ErrorBody } from './errors.ts'

const MESSAGES: Record<string, string> = {
  insufficient_funds: 'Your card has insufficient funds.',
  expired_card: 'Your card has expired.',
  incorrect_cvc: "Your card's security code is incorrect.",
  incorrect_number: 'Your card number is incorrect.',
  processing_error: 'An error occurred while processing your card. Try again in a little bit.',
  card_velocity_exceeded:
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
  authentication_required: 'Your card was declined. This transaction requires authentication.',
  payment_intent_authentication_failure:
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
}

const BANK_MESSAGES: Record<string, string> = {
  insufficient_funds: "The customer's account has insufficient funds to cover this payment.",
  account_closed: "The customer's bank account has been closed.",
  no_account: "The customer's bank account could not be located.",
  debit_not_authorized: 'The customer has notified their bank that this payment was unauthorized.',
}

/** Stripe gives these as the error's code; every other decline is `card_declined` with a `decline_code`. */
const OWN_CODES = ['expired_card', 'incorrect_cvc', 'incorrect_number', 'processing_error']

export type Decline = Pick<ErrorBody, 'type' | 'code' | 'decline_code' | 'message'>

/** How Stripe words a decline: cards by code and decline_code, bank debits by code alone. */
export function decline(reason: string, methodType: string): Decline {
  if (reason === 'payment_intent_authentication_failure') {
    return { type: 'invalid_request_error', code: reason, message: MESSAGES[reason] ?? '' }
  }
  if (reason === 'authentication_required') {
    return { type: 'card_error', code: reason, decline_code: reason, message: MESSAGES[reason] ?? '' }
  }
  if (methodType !== 'card') {
    return { type: 'card_error', code: reason, message: BANK_MESSAGES[reason] ?? 'The payment failed.' }
  }
  const message = MESSAGES[reason] ?? 'Your card was declined.'
  if (OWN_CODES.includes(reason)) return { type: 'card_error', code: reason, message }
  return { type: 'card_error', code: 'card_declined', decline_code: reason, message }
}
