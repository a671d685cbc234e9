import { plusMs } from '../calendar.ts'
import type { Instant } from './terms.ts'

const DEBITS: readonly string[] = ['us_bank_account', 'sepa_debit', 'bacs_debit', 'au_becs_debit', 'acss_debit']
const HOUR = 3_600_000

/** Methods whose money comes days later and may be taken back after that. */
export function isBankDebit(type: string): boolean {
  return DEBITS.includes(type)
}

/** How long a payment that is `processing` is left before it is read without having been asked to. */
export function pollAfter(type: string, now: Instant): Instant {
  return plusMs(now, isBankDebit(type) ? 24 * HOUR : HOUR)
}
