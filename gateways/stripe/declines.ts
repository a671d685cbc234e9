/** `customer`: the bank wants the customer to authenticate. */
export type DeclineKind = 'soft' | 'hard' | 'customer'

const HARD = [
  // The card is gone or was reported.
  [
    'expired_card',
    'expired_payment_method',
    'lost_card',
    'stolen_card',
    'pickup_card',
    'restricted_card',
    'fraudulent',
  ],
  // There is no such card or account, or there is another one now.
  ['invalid_account', 'new_account_information_available', 'incorrect_number', 'invalid_number', 'account_invalid'],
  ['invalid_expiry_month', 'invalid_expiry_year'],
  ['no_account', 'account_closed', 'bank_account_closed', 'account_number_invalid', 'bank_account_invalid_details'],
  ['routing_number_invalid', 'bank_account_bad_routing_numbers', 'branch_does_not_exist', 'sepa_unsupported_account'],
  // The account may not be debited, whatever is on it.
  ['bank_account_restricted', 'bank_account_frozen', 'bank_account_unusable', 'payment_method_bank_account_blocked'],
  ['payment_method_restricted', 'recipient_deceased', 'bank_ownership_changed', 'bank_account_unverified'],
  // The customer took the permission back, or there never was one.
  ['revocation_of_authorization', 'revocation_of_all_authorizations', 'stop_payment_order', 'debit_not_authorized'],
  ['mandate_invalid', 'invalid_mandate', 'billing_invalid_mandate', 'payment_intent_mandate_invalid'],
  ['india_recurring_payment_mandate_canceled'],
].flat()

const CUSTOMER = ['authentication_required', 'authentication_not_handled', 'payment_intent_action_required']

const SOFT = [
  // Money, or a limit, that may be there tomorrow.
  [
    'insufficient_funds',
    'withdrawal_count_limit_exceeded',
    'card_velocity_exceeded',
    'card_decline_rate_limit_exceeded',
  ],
  ['charge_exceeds_source_limit', 'charge_exceeds_transaction_limit', 'charge_exceeds_weekly_limit', 'invalid_amount'],
  // The bank says no and not why.
  ['card_declined', 'generic_decline', 'do_not_honor', 'do_not_try_again', 'call_issuer', 'no_action_taken'],
  ['refer_to_customer', 'bank_account_declined', 'payment_method_customer_decline', 'payment_method_provider_decline'],
  ['transaction_not_allowed', 'service_not_allowed', 'not_permitted', 'security_violation', 'merchant_blacklist'],
  // Something between the bank and us went wrong.
  ['try_again_later', 'processing_error', 'reenter_transaction', 'issuer_not_available', 'approve_with_id'],
  [
    'generic_could_not_process',
    'payment_method_provider_timeout',
    'payment_method_not_available',
    'duplicate_transaction',
  ],
  ['payment_intent_payment_attempt_failed', 'payment_intent_payment_attempt_expired'],
  // The card is good but not for this, or what was entered with it is wrong.
  ['card_not_supported', 'currency_not_supported', 'invalid_currency', 'incorrect_cvc', 'invalid_cvc', 'incorrect_zip'],
  ['incorrect_address', 'incorrect_postal_code', 'incorrect_pin', 'invalid_pin', 'offline_pin_required'],
  ['online_or_offline_pin_required', 'pin_try_exceeded', 'testmode_decline', 'live_mode_test_card'],
  // Authentication was asked for and not passed; the same question may be asked again another day.
  ['payment_intent_authentication_failure', 'authentication_failure', 'three_d_secure_authentication_upstream_error'],
].flat()

const TABLE: ReadonlyMap<string, DeclineKind> = new Map([
  ...SOFT.map((code) => [code, 'soft'] as const),
  ...HARD.map((code) => [code, 'hard'] as const),
  ...CUSTOMER.map((code) => [code, 'customer'] as const),
])

/**
 * What a decline code of Stripe's means for a plan (docs/rules.md, "Charging"): `soft` takes the NSF path, `hard` is not
 * tried again. Codes that are not in the table are soft.
 */
export function declineKind(code: string): DeclineKind {
  return TABLE.get(code) ?? 'soft'
}

/** Return codes of the networks that say there was not enough money: ACH R01 and R09, SEPA AM04. */
const INSUFFICIENT_FUNDS = ['insufficient_funds', 'R01', 'R09', 'AM04']

/** How grave it is that a payment was taken back: only a lack of money may be tried again. */
export function returnSeverity(...reasons: (string | null | undefined)[]): 'soft' | 'hard' {
  return reasons.some((reason) => reason && INSUFFICIENT_FUNDS.includes(reason)) ? 'soft' : 'hard'
}
