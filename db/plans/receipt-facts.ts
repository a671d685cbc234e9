import type { EntityManager } from '@mikro-orm/postgresql'
import type { CivilDate, Currency, Instant } from '../../domain/plans/terms.ts'
import { type Customer, findCustomer } from '../customers/people.ts'
import { Installments } from './installments.ts'
import { type PlanRow, Plans } from './plans.ts'
import { type ReceiptRow, Receipts } from './receipts.ts'
import { type TransactionRow, Transactions } from './transactions.ts'

/** Everything that stands on a receipt, as it was when it was issued. Amounts are minor units. */
export type ReceiptFacts = {
  id: string
  /** Counts the receipts of the plan from 1. */
  number: number
  type: 'payment' | 'refund'
  planId: string
  customer: { id: string; name: string | null; locale: string | null }
  currency: Currency
  timezone: string
  amount: number
  issuedAt: Instant
  installment: { number: number; of: number; dueDate: CivilDate | null } | null
  /** `null` for what was paid outside the gateway. */
  paymentMethod: string | null
  /** The inputs kept with the transaction. */
  why: Record<string, unknown>
  /** This receipt included. */
  paidSoFar: number
  refundedSoFar: number
}

/** What stands on a receipt: what it records, and what it and the receipts before it sum to. */
export async function receiptFacts(em: EntityManager, receipt: ReceiptRow): Promise<ReceiptFacts> {
  const plan = await em.findOneOrFail(Plans, { id: receipt.planId })
  const customer = await findCustomer(em, { tenantId: plan.tenantId, id: plan.customerId })
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

async function installmentOf(em: EntityManager, plan: PlanRow, { installmentNumber }: TransactionRow) {
  if (!installmentNumber) return null
  const row = await em.findOne(Installments, { planId: plan.id, number: installmentNumber })
  return row && { number: row.number, of: plan.state.terms.count, dueDate: row.dueDate }
}

/** A plan's payment method as its owner knows it where that is known, else its kind. */
export function methodLabel({ state: { paymentMethod } }: PlanRow, customer: Customer | null): string {
  const preset = customer?.defaultPaymentMethod
  return preset?.id === paymentMethod.id ? preset.label : paymentMethod.type.replaceAll('_', ' ')
}
