import { addDays } from '../calendar.ts'
import type { Problem } from '../errors.ts'
import type { CivilDate, RetryPolicy } from './terms.ts'

export const MAX_RETRIES = 10
export const MAX_RETRY_DAYS = 31
/** A returned bank debit may be presented again twice, by the rules of the American clearing house. */
export const MAX_REPRESENTMENTS = 2

/** One retry, on the day after. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { retries: 1, everyDays: [1] }

/**
 * The day of the next scheduled retry of an instalment that was declined softly, or null when the policy has none left
 * and the instalment is escalated. `declinedOn` is the day on which the decline became known. Keeps NSF.
 */
export function nextRetryDay(policy: RetryPolicy, retriesUsed: number, declinedOn: CivilDate): CivilDate | null {
  if (retriesUsed >= policy.retries) return null
  const days = policy.everyDays[retriesUsed]
  return days === undefined ? null : addDays(declinedOn, days)
}

/**
 * What is wrong with a retry policy for a payment method of this type (the gateway's name of it), as pointers into a
 * request's `/retry_policy`; empty when it can be agreed. Keeps NSF.
 */
export function retryPolicyProblem(policy: RetryPolicy, paymentMethodType: string): Problem[] {
  const { retries, everyDays } = policy
  const most = paymentMethodType === 'us_bank_account' ? MAX_REPRESENTMENTS : MAX_RETRIES
  if (!Number.isSafeInteger(retries) || retries < 0 || retries > most) {
    const why = most === MAX_REPRESENTMENTS ? ' for a bank debit' : ''
    return [problem('retries', `must be a whole number from 0 to ${most}${why}`)]
  }
  if (everyDays.length !== retries) {
    return [problem('every_days', `must be a number or a list of ${retries}, one for each retry`)]
  }
  return everyDays.flatMap((days, k) =>
    Number.isSafeInteger(days) && days >= 1 && days <= MAX_RETRY_DAYS
      ? []
      : [problem(`every_days/${k}`, `must be a whole number of days from 1 to ${MAX_RETRY_DAYS}`)],
  )
}

function problem(field: string, message: string): Problem {
  return { pointer: `/retry_policy/${field}`, message: `${field} ${message}` }
}
