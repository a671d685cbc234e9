import type { LeasingNotice, Notice, Recipient } from '../plans/effects.ts'

/** One notice for each of them; the customer of a lease is its employee. */
export function tell(
  key: string,
  type: LeasingNotice,
  recipients: readonly Recipient[],
  data: Record<string, unknown>,
): Notice[] {
  return recipients.map((to) =>
    to === 'customer' ? { write: 'notice', key, type, data } : { write: 'notice', key: `${key}:${to}`, type, data, to },
  )
}
