import { type TransactionRow, Transactions } from '../../db/plans/transactions.ts'
import type { PaymentState, ReturnOutcome } from '../../domain/plans/outcome.ts'
import type { PastPayment } from '../../domain/plans/returns.ts'
import type { PlanDeps } from './deps.ts'

export type News =
  | { news: 'none' }
  | { news: 'returned'; payment: PastPayment; outcome: ReturnOutcome }
  | { news: 'received'; payment: PastPayment }

export type LookAsked = { tenant: string; plan: string; transaction: string; close: boolean }

/**
 * Looks at a payment that is over for its plan: what the gateway holds now against what is recorded. With `close` it is
 * cancelled first, if that is still possible (keeps Charging). `isOpen`: the customer or the bank may still complete it.
 */
export async function lookAt({ orm, gateway }: PlanDeps, asked: LookAsked): Promise<News & { isOpen: boolean }> {
  const row = await orm.em.fork().findOne(Transactions, { id: asked.transaction, planId: asked.plan, type: 'charge' })
  if (!row?.gatewayId || row.gateway === 'external') return { news: 'none', isOpen: false }
  const state = await (asked.close ? gateway.cancel(row.gatewayId) : gateway.read(row.gatewayId))
  const isOpen = OPEN.includes(state.result)
  return { ...newsOf(row, state), isOpen }
}

const OPEN: PaymentState['result'][] = ['requires_action', 'processing', 'unconfirmed']

function newsOf(row: TransactionRow, state: PaymentState): News {
  const payment: PastPayment = { transaction: row.id, amount: row.amount, parts: row.allocations }
  if (row.status === 'succeeded' && row.returnedAt === null && state.result === 'returned') {
    return { news: 'returned', payment, outcome: state }
  }
  // A debit that fails after all may put its payment back to where it can be tried again: taken back all the same.
  if (row.status === 'succeeded' && row.returnedAt === null && state.result === 'declined') {
    return { news: 'returned', payment, outcome: { result: 'returned', severity: state.severity, code: state.code } }
  }
  if (row.status === 'failed' && state.result === 'succeeded') return { news: 'received', payment }
  return { news: 'none' }
}
