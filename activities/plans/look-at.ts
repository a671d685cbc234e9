import type { EntityManager } from '@mikro-orm/postgresql'
import { JournalEntries } from '../../db/plans/ledger.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import { sum } from '../../domain/plans/figures.ts'
import { type News, newsOfPayment, newsOfRefund, type Past } from '../../domain/plans/news.ts'
import type { PaymentState } from '../../domain/plans/outcome.ts'
import type { Refund } from '../../domain/plans/plan.ts'
import type { PlanDeps } from './deps.ts'
import { moved } from './moved.ts'

export type LookAsked = { tenant: string; plan: string; transaction: string; close: boolean }

/**
 * Looks at a payment or refund of which its gateway has news: what it is there now against what is recorded. With `close`
 * a payment is cancelled first, if that is still possible (keeps Charging). `isOpen`: the customer or the bank may still
 * complete it.
 */
export async function lookAt({ orm, gateway }: PlanDeps, asked: LookAsked): Promise<News & { isOpen: boolean }> {
  const em = orm.em.fork()
  const row = await em.findOne(Transactions, { id: asked.transaction, planId: asked.plan })
  if (!row?.gatewayId || row.gateway === 'external') return { news: 'none', isOpen: false }
  if (row.type === 'refund') {
    const news = newsOfRefund(moved(row), await gateway.readRefund(row.gatewayId), row.cause as Refund['cause'])
    return { ...news, isOpen: false }
  }
  const state = await (asked.close ? gateway.cancel(row.gatewayId) : gateway.read(row.gatewayId))
  return { ...newsOfPayment(moved(row), state, await pastOf(em, row.id)), isOpen: OPEN.includes(state.result) }
}

const OPEN: PaymentState['result'][] = ['requires_action', 'processing', 'unconfirmed']

async function pastOf(em: EntityManager, transaction: string): Promise<Past> {
  // Received, and then taken back and received again by turns.
  const entries = await em.count(JournalEntries, { transactionId: transaction })
  const there = { parentTransactionId: transaction, gateway: { $ne: 'external' }, status: { $ne: 'failed' as const } }
  const pieces = await em.find(Transactions, there)
  return { returns: Math.floor(entries / 2), givenBack: sum(pieces, ({ amount }) => amount) }
}
