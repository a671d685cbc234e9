import { type DeclineKind, declineKind, returnSeverity } from './declines.ts'

const CASES: [DeclineKind, string[]][] = [
  ['soft', ['insufficient_funds', 'try_again_later', 'do_not_honor', 'generic_decline', 'processing_error']],
  ['soft', ['withdrawal_count_limit_exceeded', 'card_velocity_exceeded', 'charge_exceeds_source_limit']],
  ['soft', ['refer_to_customer', 'generic_could_not_process', 'transaction_not_allowed', 'do_not_try_again']],
  ['soft', ['payment_intent_authentication_failure', 'a_code_that_stripe_adds_next_year']],
  ['hard', ['expired_card', 'lost_card', 'stolen_card', 'pickup_card', 'restricted_card', 'fraudulent']],
  ['hard', ['invalid_account', 'invalid_number', 'incorrect_number', 'new_account_information_available']],
  ['hard', ['revocation_of_authorization', 'revocation_of_all_authorizations', 'stop_payment_order']],
  ['hard', ['account_closed', 'bank_account_closed', 'no_account', 'bank_account_invalid_details']],
  ['hard', ['debit_not_authorized', 'mandate_invalid', 'payment_intent_mandate_invalid', 'recipient_deceased']],
  ['hard', ['bank_account_restricted', 'bank_account_frozen', 'bank_account_unusable']],
  ['customer', ['authentication_required', 'authentication_not_handled']],
]

describe('what a decline code means', () => {
  it.each(CASES.flatMap(([kind, codes]) => codes.map((code) => [code, kind])))('%s is %s', (code, kind) => {
    expect(declineKind(code)).toBe(kind)
  })
})

describe('a payment taken back', () => {
  it.each(['insufficient_funds', 'R01', 'R09', 'AM04'])('for lack of money (%s) is soft', (reason) => {
    expect(returnSeverity('bank_cannot_process', reason)).toBe('soft')
  })

  it.each(['debit_not_authorized', 'fraudulent', 'R02', 'R10', 'bank_cannot_process'])('for %s is hard', (reason) => {
    expect(returnSeverity(reason, null, undefined)).toBe('hard')
  })
})
