import { Transactions } from '../../db/plans/transactions.ts'
import type { ReturnOutcome } from '../../domain/plans/outcome.ts'
import type { PastPayment } from '../../domain/plans/returns.ts'
import type { PlanDeps } from './deps.ts'

export type News =
  | { news: 'none' }
  | { news: 'returned'; payment: PastPayment; outcome: ReturnOutcome }
  | { news: 'received'; payment: PastPayment }

/** Reads a payment that is over for its plan: what the gateway holds now against what is recorded. Changes nothing. */
export async function lookAt({ orm, gateway }: PlanDeps, asked: { plan: string; transaction: string }): Promise<News> {
  const row = await orm.em.fork().findOne(Transactions, { id: asked.transaction, planId: asked.plan, type: 'charge' })
  if (!row?.gatewayId || row.gateway === 'external') return { news: 'none' }
  const state = await gateway.read(row.gatewayId)
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
