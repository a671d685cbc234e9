import type Stripe from 'stripe'
import { newId, nowInSeconds } from './ids.ts'

/** A well-known test payment method: what it is, and how charges of it end when nothing else was asked for. */
export type TestMethod =
  | { type: 'card'; card: Card; outcome: string }
  | { type: BankType; last4: string; outcome: string }
type BankType = 'us_bank_account' | 'sepa_debit' | 'acss_debit' | 'bacs_debit'
type Card = { brand: string; last4: string; funding?: 'credit' | 'debit' | 'prepaid'; country?: string }

const card = (outcome: string, last4: string, more: Partial<Card> = {}): TestMethod => ({
  type: 'card',
  card: { brand: 'visa', last4, ...more },
  outcome,
})
const ach = (outcome: string, last4 = '6789'): TestMethod => ({ type: 'us_bank_account', last4, outcome })
const sepa = (outcome: string, last4: string): TestMethod => ({ type: 'sepa_debit', last4, outcome })

const DECLINES: Array<[name: string, outcome: string, last4: string]> = [
  ['', 'generic_decline', '0002'],
  ['InsufficientFunds', 'insufficient_funds', '9995'],
  ['LostCard', 'lost_card', '9987'],
  ['StolenCard', 'stolen_card', '9979'],
  ['ExpiredCard', 'expired_card', '0069'],
  ['IncorrectCvc', 'incorrect_cvc', '0127'],
  ['ProcessingError', 'processing_error', '0119'],
  ['VelocityLimitExceeded', 'card_velocity_exceeded', '6975'],
  ['Fraudulent', 'fraudulent', '0019'],
]

const declined = DECLINES.flatMap(([name, outcome, last4]) => [
  [`pm_card_chargeDeclined${name}`, card(outcome, last4)] as const,
  [`pm_card_visa_chargeDeclined${name}`, card(outcome, last4)] as const,
])

export const TEST_METHODS: ReadonlyMap<string, TestMethod> = new Map<string, TestMethod>([
  ...declined,
  ['pm_card_visa', card('succeeded', '4242')],
  ['pm_card_visa_debit', card('succeeded', '5556', { funding: 'debit' })],
  ['pm_card_mastercard', card('succeeded', '4444', { brand: 'mastercard' })],
  ['pm_card_mastercard_debit', card('succeeded', '8210', { brand: 'mastercard', funding: 'debit' })],
  ['pm_card_mastercard_prepaid', card('succeeded', '5100', { brand: 'mastercard', funding: 'prepaid' })],
  ['pm_card_amex', card('succeeded', '0005', { brand: 'amex' })],
  ['pm_card_discover', card('succeeded', '1117', { brand: 'discover' })],
  ['pm_card_diners', card('succeeded', '0004', { brand: 'diners' })],
  ['pm_card_jcb', card('succeeded', '0505', { brand: 'jcb' })],
  ['pm_card_unionpay', card('succeeded', '0005', { brand: 'unionpay' })],
  ['pm_card_ca', card('succeeded', '0000', { country: 'CA' })],
  ['pm_card_gb', card('succeeded', '0000', { country: 'GB' })],
  ['pm_card_chargeCustomerFail', card('generic_decline', '0341')],
  ['pm_card_visa_chargeCustomerFail', card('generic_decline', '0341')],
  ['pm_card_authenticationRequired', card('authentication_required', '3184')],
  ['pm_card_authenticationRequiredOnSetup', card('succeeded', '3155')],
  [
    'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds',
    card('authentication_required_then_insufficient_funds', '8019'),
  ],
  ['pm_card_createDispute', card('succeeded_then_disputed_fraudulent', '0259')],
  ['pm_card_createDisputeProductNotReceived', card('succeeded_then_disputed_product_not_received', '2685')],
  ['pm_card_refundFail', card('succeeded', '5126')],
  ['pm_card_pendingRefund', card('succeeded', '7726')],
  ['pm_usBankAccount', ach('processing_then_succeeded')],
  ['pm_usBankAccount_success', ach('processing_then_succeeded')],
  ['pm_usBankAccount_insufficientFunds', ach('processing_then_insufficient_funds', '2227')],
  ['pm_usBankAccount_accountClosed', ach('processing_then_account_closed', '1113')],
  ['pm_usBankAccount_noAccount', ach('processing_then_no_account', '1116')],
  ['pm_usBankAccount_debitNotAuthorized', ach('processing_then_debit_not_authorized', '3335')],
  ['pm_usBankAccount_invalidCurrency', ach('processing_then_invalid_currency', '4440')],
  ['pm_usBankAccount_disputed', ach('processing_then_succeeded_then_returned_debit_not_authorized', '3335')],
  ['pm_usBankAccount_processing', ach('processing', '0009')],
  ['pm_sepaDebit', sepa('processing_then_succeeded', '3000')],
  ['pm_sepaDebit_success', sepa('processing_then_succeeded', '3000')],
  ['pm_sepaDebit_insufficientFunds', sepa('processing_then_insufficient_funds', '3002')],
  ['pm_sepaDebit_failed', sepa('processing_then_generic_decline', '3002')],
  ['pm_sepaDebit_disputed', sepa('processing_then_succeeded_then_returned_debit_not_authorized', '3003')],
  ['pm_sepaDebit_processing', sepa('processing', '3009')],
  ['pm_acssDebit_success', { type: 'acss_debit', last4: '6789', outcome: 'processing_then_succeeded' }],
  ['pm_bacsDebit_success', { type: 'bacs_debit', last4: '2345', outcome: 'processing_then_succeeded' }],
])

/** What kinds of payment method may pay in which currency; a card in any. */
export const BANK_CURRENCIES: Record<string, readonly string[]> = {
  us_bank_account: ['usd'],
  sepa_debit: ['eur'],
  acss_debit: ['cad', 'usd'],
  bacs_debit: ['gbp'],
}

function details(test: TestMethod): object {
  if (test.type === 'card') {
    const { brand, last4, funding = 'credit', country = 'US' } = test.card
    return {
      brand,
      display_brand: brand,
      last4,
      funding,
      country,
      exp_month: 12,
      exp_year: new Date().getUTCFullYear() + 3,
      fingerprint: newId('fp', 16).slice(3),
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      networks: { available: [brand], preferred: null },
      three_d_secure_usage: { supported: true },
      generated_from: null,
      regulated_status: 'unregulated',
      wallet: null,
    }
  }
  if (test.type === 'sepa_debit') return { bank_code: '19043', branch_code: '', country: 'AT', last4: test.last4 }
  if (test.type === 'us_bank_account') {
    const bank = { account_holder_type: 'individual', account_type: 'checking', bank_name: 'STRIPE TEST BANK' }
    return { ...bank, last4: test.last4, routing_number: '110000000', status_details: null, networks: null }
  }
  return { last4: test.last4, bank_name: 'STRIPE TEST BANK' }
}

/** A payment method of one's own, made from a well-known one as Stripe does whenever a test id is used. */
export function paymentMethodFrom(test: TestMethod): Stripe.PaymentMethod {
  const method = {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    created: nowInSeconds(),
    customer: null,
    livemode: false,
    metadata: {},
    type: test.type,
    [test.type]: details(test),
  }
  // The details of one type among fifty stand under that type's name, which the type system cannot follow.
  return method as unknown as Stripe.PaymentMethod
}
