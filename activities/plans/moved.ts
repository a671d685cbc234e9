import type { TransactionRow } from '../../db/plans/transactions.ts'
import type { Moved } from '../../domain/plans/refund-pieces.ts'

/** A transaction's row as the rules look at it. */
export function moved(row: TransactionRow): Moved {
  const { id, type, amount, status, refundNumber: number, attempt, parentTransactionId } = row
  return {
    id,
    type,
    amount,
    status,
    isOutside: row.gateway === 'external',
    returned: row.returnedAmount,
    parts: row.allocations,
    paidAt: row.settledAt ?? row.createdAt,
    declineCode: row.declineCode ?? null,
    refund: number ? { number, round: attempt ?? 0, of: parentTransactionId ?? null } : null,
  }
}
