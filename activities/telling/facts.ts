import type { EntityManager } from '@mikro-orm/postgresql'
import { type CustomerRow, Customers } from '../../db/customers/customers.ts'
import { type InstallmentRow, Installments } from '../../db/plans/installments.ts'
import type { NotificationRow } from '../../db/plans/notifications.ts'
import { type PlanRow, Plans } from '../../db/plans/plans.ts'
import { type ReceiptRow, Receipts } from '../../db/plans/receipts.ts'
import { type TransactionRow, Transactions } from '../../db/plans/transactions.ts'
import type { NoticeType } from '../../domain/plans/effects.ts'
import { type Notice, readNoticeData } from './notice.ts'
import type { ReceiptData } from './receipt-pdf.ts'

export type ToTell = {
  notice: Notice
  /** `null` for one whom Tenor does not know: there is no address to write to. */
  customer: CustomerRow | null
  /** What is attached, to a receipt's letter only. */
  receipt: ReceiptData | null
}

const WITH_RECEIPT: readonly NoticeType[] = ['payment.receipt', 'refund.receipt']

/** Everything that a letter says, as it is recorded now. */
export async function loadToTell(em: EntityManager, row: NotificationRow): Promise<ToTell> {
  const type = row.type as NoticeType
  const data = readNoticeData(row.data)
  const plan = await em.findOneOrFail(Plans, { id: row.planId })
  const customer = await em.findOne(Customers, { tenantId: row.tenantId, id: row.customerId })
  const transaction = data.transaction_id ? await em.findOne(Transactions, { id: data.transaction_id }) : null
  const receipt = transaction && WITH_RECEIPT.includes(type) ? await receiptOf(em, transaction.id) : null
  const installments = await em.find(Installments, { planId: plan.id }, { orderBy: { number: 'asc' } })
  return {
    customer,
    receipt: receipt && (await receiptData(em, receipt)),
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

/** What stands on a receipt: what it records, and what it and the receipts before it sum to. */
export async function receiptData(em: EntityManager, receipt: ReceiptRow): Promise<ReceiptData> {
  const plan = await em.findOneOrFail(Plans, { id: receipt.planId })
  const customer = await em.findOne(Customers, { tenantId: plan.tenantId, id: plan.customerId })
  const transaction = await em.findOneOrFail(Transactions, { id: receipt.transactionId })
  const soFar = await em.find(Receipts, { planId: plan.id, number: { $lte: receipt.number } })
  const sumOf = (type: ReceiptRow['type']) => soFar.reduce((sum, one) => sum + (one.type === type ? one.amount : 0), 0)
  return {
    id: receipt.id,
    number: receipt.number,
    type: receipt.type,
    planId: plan.id,
    customer: { id: plan.customerId, name: customer?.name ?? null, locale: customer?.locale ?? null },
    currency: receipt.currency,
    timezone: plan.state.terms.timezone,
    amount: receipt.amount,
    issuedAt: receipt.issuedAt,
    installment: await installmentOf(em, plan, transaction),
    paymentMethod: transaction.gateway === 'external' ? null : methodLabel(plan, customer),
    why: transaction.why ?? {},
    paidSoFar: sumOf('payment'),
    refundedSoFar: sumOf('refund'),
  }
}

function receiptOf(em: EntityManager, transactionId: string): Promise<ReceiptRow | null> {
  return em.findOne(Receipts, { transactionId })
}

async function installmentOf(em: EntityManager, plan: PlanRow, { installmentNumber }: TransactionRow) {
  if (!installmentNumber) return null
  const row = await em.findOne(Installments, { planId: plan.id, number: installmentNumber })
  return row && { number: row.number, of: plan.state.terms.count, dueDate: row.dueDate }
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

/** As its owner knows it where that is known, else its kind. */
function methodLabel({ state: { paymentMethod } }: PlanRow, customer: CustomerRow | null): string {
  const preset = customer?.defaultPaymentMethod
  return preset?.id === paymentMethod.id ? preset.label : paymentMethod.type.replaceAll('_', ' ')
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
