import type { EntityManager } from '@mikro-orm/postgresql'
import { type Customer, findCustomer } from '../../db/customers/people.ts'
import { type InstallmentRow, Installments } from '../../db/plans/installments.ts'
import type { NotificationRow } from '../../db/plans/notifications.ts'
import { type PlanRow, Plans } from '../../db/plans/plans.ts'
import { methodLabel, type ReceiptFacts, receiptFacts } from '../../db/plans/receipt-facts.ts'
import { type ReceiptRow, Receipts } from '../../db/plans/receipts.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import type { NoticeType } from '../../domain/plans/effects.ts'
import { type Notice, readNoticeData } from './notice.ts'

export type ToTell = {
  notice: Notice
  /** `null` for one whom Tenor does not know: there is no address to write to. */
  customer: Customer | null
  /** What is attached, to a receipt's letter only. */
  receipt: ReceiptFacts | null
}

const WITH_RECEIPT: readonly NoticeType[] = ['payment.receipt', 'refund.receipt']

/** Everything that a letter says, as it is recorded now. */
export async function loadToTell(em: EntityManager, row: NotificationRow): Promise<ToTell> {
  const type = row.type as NoticeType
  const data = readNoticeData(row.data)
  const plan = await em.findOneOrFail(Plans, { id: row.planId ?? '' })
  const customer = await findCustomer(em, { tenantId: row.tenantId, id: row.customerId })
  const transaction = data.transaction_id ? await em.findOne(Transactions, { id: data.transaction_id }) : null
  const receipt = transaction && WITH_RECEIPT.includes(type) ? await receiptOf(em, transaction.id) : null
  const installments = await em.find(Installments, { planId: plan.id }, { orderBy: { number: 'asc' } })
  return {
    customer,
    receipt: receipt && (await receiptFacts(em, receipt)),
    notice: {
      id: row.id,
      type,
      data,
      at: row.createdAt,
      plan: { ...figuresOf(plan), installments: installments.map(shown) },
      transaction: transaction && { amount: transaction.amount, installment: transaction.installmentNumber ?? null },
      paymentMethod: methodLabel(plan, customer),
    },
  }
}

function receiptOf(em: EntityManager, transactionId: string): Promise<ReceiptRow | null> {
  return em.findOne(Receipts, { transactionId })
}

function figuresOf(plan: PlanRow): Omit<Notice['plan'], 'installments'> {
  return {
    id: plan.id,
    kind: plan.kind,
    currency: plan.currency,
    timezone: plan.state.terms.timezone,
    total: plan.totalAmount - plan.discountAmount,
    paid: plan.paidAmount,
    refunded: plan.refundedAmount,
    outstanding: plan.outstandingAmount,
  }
}

function shown({
  number,
  dueDate,
  amount,
  paidAmount,
  status,
}: InstallmentRow): Notice['plan']['installments'][number] {
  return { number, dueDate, amount, paid: paidAmount, status }
}
