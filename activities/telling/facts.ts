import type { EntityManager } from '@mikro-orm/postgresql'
import { type Customer, findCustomer } from '../../db/customers/people.ts'
import { Leases } from '../../db/leasing/leases.ts'
import { Devices } from '../../db/leasing/stock.ts'
import { type InstallmentRow, Installments } from '../../db/plans/installments.ts'
import type { NotificationRow } from '../../db/plans/notifications.ts'
import { type PlanRow, Plans } from '../../db/plans/plans.ts'
import { methodLabel, type ReceiptFacts, receiptFacts } from '../../db/plans/receipt-facts.ts'
import { type ReceiptRow, Receipts } from '../../db/plans/receipts.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import type { NoticeType, Recipient } from '../../domain/plans/effects.ts'
import { type Notice, readNoticeData } from './notice.ts'

export type ToTell = {
  notice: Notice
  /** `null` for one whom Tenor does not know: there is no address to write to. */
  recipient: Addressee | null
  /** What is attached, to a receipt's letter only. */
  receipt: ReceiptFacts | null
}

/** Whom a letter goes to; a `Customer` is one. */
export type Addressee = Pick<Customer, 'name' | 'email' | 'locale'>

const WITH_RECEIPT: readonly NoticeType[] = ['payment.receipt', 'refund.receipt']

/** Everything that a letter says, as it is recorded now; `backOffice` is the address of ours. */
export async function loadToTell(em: EntityManager, row: NotificationRow, backOffice: string): Promise<ToTell> {
  const type = row.type as NoticeType
  const data = readNoticeData(row.data)
  const plan = await em.findOneOrFail(Plans, { id: row.planId ?? '' })
  const customer = await findCustomer(em, { tenantId: row.tenantId, id: row.customerId })
  const transaction = data.transaction_id ? await em.findOne(Transactions, { id: data.transaction_id }) : null
  const receipt = transaction && WITH_RECEIPT.includes(type) ? await receiptOf(em, transaction.id) : null
  const installments = await em.find(Installments, { planId: plan.id }, { orderBy: { number: 'asc' } })
  const lease = plan.kind === 'lease' ? await em.findOneOrFail(Leases, { planId: plan.id }) : null
  // A plan that charges a statement is the client's own.
  const client = lease && (await findCustomer(em, { tenantId: row.tenantId, id: lease.clientId }))
  const to: Recipient = row.recipient
  const recipients: Record<Recipient, Addressee | null> = {
    customer,
    client: lease ? client : customer,
    back_office: { name: 'Back office', email: backOffice, locale: null },
  }
  return {
    recipient: recipients[to],
    receipt: receipt && (await receiptFacts(em, receipt)),
    notice: {
      id: row.id,
      type,
      to,
      data,
      at: row.createdAt,
      plan: { ...figuresOf(plan), installments: installments.map(shown) },
      transaction: transaction && { amount: transaction.amount, installment: transaction.installmentNumber ?? null },
      paymentMethod: methodLabel(plan, customer),
      lease: lease && {
        employee: customer?.name ?? null,
        client: client?.name ?? null,
        payer: lease.payer,
        device: plan.state.lease?.device.name ?? lease.modelCode,
        imei: await imeiOf(em, data.unit ?? lease.unitId),
      },
    },
  }
}

async function imeiOf(em: EntityManager, id: string): Promise<string | null> {
  return (await em.findOne(Devices, { id }, { fields: ['imei'] }))?.imei ?? null
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
