import type { Decision } from './effects.ts'
import type { PaymentState, RefundOutcome, ReturnOutcome } from './outcome.ts'
import type { Plan, Refund } from './plan.ts'
import { type PastRefund, refundCameBack, refundToBeRead } from './refund-back.ts'
import type { Moved } from './refund-pieces.ts'
import { type PastPayment, receivedLate, reinstated, returned } from './returns.ts'
import type { Instant } from './terms.ts'

/** What a gateway holds now of a transaction that is over for its plan, against what is recorded of it. */

export type News =
  | { news: 'none' }
  | { news: 'returned'; payment: PastPayment; outcome: ReturnOutcome }
  | { news: 'received'; payment: PastPayment }
  | { news: 'reinstated'; payment: PastPayment }
  | { news: 'refund_ended'; refund: number }
  | { news: 'refund_came_back'; piece: PastRefund; code: string }

const NONE: News = { news: 'none' }

/** How often a payment has been taken back so far, and what of it the gateway has given back, or is giving back. */
export type Past = { returns: number; givenBack: number }

export function newsOfPayment(row: Moved, state: PaymentState, { returns, givenBack }: Past): News {
  const payment: PastPayment = { transaction: row.id, amount: row.amount, parts: row.parts, returns }
  if (row.status === 'failed') return state.result === 'succeeded' ? { news: 'received', payment } : NONE
  if (row.status !== 'succeeded') return NONE
  if (row.returned > 0) {
    const again = { ...payment, amount: row.returned }
    return state.result === 'succeeded' ? { news: 'reinstated', payment: again } : NONE
  }
  const taken = { ...payment, amount: row.amount - givenBack }
  if (state.result === 'returned') return { news: 'returned', payment: taken, outcome: state }
  // A debit that fails after all may put its payment back to where it can be tried again: taken back all the same.
  if (state.result !== 'declined') return NONE
  const { severity, code } = state
  return { news: 'returned', payment: taken, outcome: { result: 'returned', severity, code } }
}

export function newsOfRefund(row: Moved, state: RefundOutcome, cause: Refund['cause']): News {
  if (row.refund === null) return NONE
  const { number, of: payment } = row.refund
  if (row.status === 'processing')
    return state.result === 'processing' ? NONE : { news: 'refund_ended', refund: number }
  if (row.status !== 'succeeded' || state.result !== 'failed') return NONE
  const piece = { transaction: row.id, payment, amount: row.amount, parts: row.parts, cause }
  return { news: 'refund_came_back', piece, code: state.code }
}

/** What the plan makes of the news; `afterwards` is to follow. */
export function learnt(plan: Plan, seen: News, at: Instant): Decision {
  switch (seen.news) {
    case 'none':
      return { plan, effects: [] }
    case 'returned':
      return returned(plan, seen.payment, seen.outcome, at)
    case 'received':
      return receivedLate(plan, seen.payment, at)
    case 'reinstated':
      return reinstated(plan, seen.payment, at)
    case 'refund_ended':
      return refundToBeRead(plan, seen.refund)
    case 'refund_came_back':
      return refundCameBack(plan, seen.piece, seen.code)
    default:
      return seen satisfies never
  }
}
