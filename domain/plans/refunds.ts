import { compareInstants } from '../calendar.ts'
import type { Minor } from '../money.ts'
import type { Instant } from './terms.ts'

/** A payment of a plan, with what is left of it after earlier refunds. `refundable`: the gateway can give it back. */
export type RefundablePayment = { transaction: string | null; left: Minor; refundable: boolean; paidAt: Instant }

export type RefundAllocation = {
  /** For the gateway, newest payment first. */
  pieces: { transaction: string; amount: Minor }[]
  /** For a broker: paid outside the gateway, or (`transaction` null) beyond all that was paid. */
  outside: { transaction: string | null; amount: Minor }[]
}

/**
 * Which payments a refund of `amount` is taken from: the newest first, each at most for what is left of it; the payment
 * `first`, if one is named, before all others. Of payments made at one moment, the last of the list is the newest. Keeps
 * Refunding.
 */
export function allocateRefund(
  amount: Minor,
  payments: RefundablePayment[],
  first: string | null = null,
): RefundAllocation {
  const allocation: RefundAllocation = { pieces: [], outside: [] }
  let open = amount
  const isFirst = ({ transaction }: RefundablePayment) => Number(first !== null && transaction === first)
  for (const { transaction, left, refundable } of newestFirst(payments).sort((a, b) => isFirst(b) - isFirst(a))) {
    const taken = Math.min(open, Math.max(left, 0))
    if (taken === 0) continue
    open -= taken
    if (refundable && transaction !== null) allocation.pieces.push({ transaction, amount: taken })
    else allocation.outside.push({ transaction, amount: taken })
  }
  if (open > 0) allocation.outside.push({ transaction: null, amount: open })
  return allocation
}

function newestFirst(payments: RefundablePayment[]): RefundablePayment[] {
  return payments.toReversed().sort((a, b) => compareInstants(b.paidAt, a.paidAt))
}
