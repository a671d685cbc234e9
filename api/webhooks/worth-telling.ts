import type { TransactionRow } from '../../db/plans/transactions.ts'

type Known = Pick<TransactionRow, 'status' | 'returnedAt' | 'type'>

/**
 * Whether a webhook can be news to a plan, given what is recorded of the transaction: most only say what the call itself
 * has answered, and each that is passed on costs the plan a look at the gateway. `later`: whoever asked for the payment
 * is still waiting for its answer, and is likely to record the same.
 */
export function worthTelling(event: string, { status, returnedAt, type }: Known): 'now' | 'later' | 'never' {
  const isTakenBack = event.startsWith('charge.dispute.') || event === 'charge.failed'
  const isEnd = /^payment_intent\.(succeeded|payment_failed|canceled)$/.test(event) || event.startsWith('refund.')
  if (!isTakenBack && !isEnd) return 'never'
  if (status === 'pending' || status === 'unknown') return 'later'
  // The return of a payment that counts as processing: news once its success is recorded.
  if (isTakenBack && status === 'processing') return 'later'
  if (isTakenBack) return status === 'succeeded' && returnedAt === null ? 'now' : 'never'
  if (status === 'processing') return 'now'
  if (type === 'refund') return 'never'
  return (status === 'succeeded') === (event === 'payment_intent.succeeded') ? 'never' : 'now'
}
