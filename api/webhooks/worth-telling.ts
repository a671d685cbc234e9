import type { TransactionRow } from '../../db/plans/transactions.ts'

type Known = Pick<TransactionRow, 'status' | 'returnedAt' | 'type'>
type Worth = 'now' | 'later' | 'never'
/** `status` is what the webhook says of a refund or dispute, if it is about one. */
export type Told = { type: string; status?: string | undefined }

/** How a dispute ends that leaves the money with us, or gives it back. */
const GIVEN_BACK: readonly string[] = ['won', 'warning_closed', 'prevented']

/**
 * Whether a webhook can be news to a plan, given what is recorded of the transaction: most only say what the call itself
 * has answered, and each that is passed on costs the plan a look at the gateway. `later`: whoever asked for the payment
 * is still waiting for its answer, and is likely to record the same.
 */
export function worthTelling(told: Told, known: Known): Worth {
  const isOfRefund = told.type.startsWith('refund.') || told.type.startsWith('charge.refund.')
  const isTakenBack = told.type.startsWith('charge.dispute.') || told.type === 'charge.failed'
  const isEnd = /^payment_intent\.(succeeded|payment_failed|canceled)$/.test(told.type)
  if (!isOfRefund && !isTakenBack && !isEnd) return 'never'
  if (known.status === 'pending' || known.status === 'unknown') return 'later'
  if (known.type === 'refund') return isOfRefund ? worthOfRefund(told, known) : 'never'
  if (isOfRefund) return 'never'
  if (isTakenBack) return worthOfDispute(told, known)
  if (known.status === 'processing') return 'now'
  return (known.status === 'succeeded') === (told.type === 'payment_intent.succeeded') ? 'never' : 'now'
}

/** A refund that had succeeded may fail weeks later, when its bank could not credit it. */
function worthOfRefund(told: Told, { status }: Known): Worth {
  if (status === 'processing') return 'now'
  const hasFailed = told.type === 'refund.failed' || told.status === 'failed' || told.status === 'canceled'
  return status === 'succeeded' && hasFailed ? 'now' : 'never'
}

function worthOfDispute({ type, status: says }: Told, { status, returnedAt }: Known): Worth {
  // The return of a payment that counts as processing: news once its success is recorded.
  if (status === 'processing') return 'later'
  if (status !== 'succeeded') return 'never'
  if (returnedAt === null) return 'now'
  // What was taken back may come again, and the payment be disputed once more.
  const hasComeAgain = type === 'charge.dispute.funds_reinstated' || GIVEN_BACK.includes(says ?? '')
  return hasComeAgain || type === 'charge.dispute.created' ? 'now' : 'never'
}
