import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { type CustomerRow, Customers } from '../../db/customers/customers.ts'
import { Installments } from '../../db/plans/installments.ts'
import type { PlanRow } from '../../db/plans/plans.ts'
import { findPlan, findReceipt } from '../../db/plans/read.ts'
import { type ReceiptRow, Receipts } from '../../db/plans/receipts.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import type { CivilDate, Currency, Instant } from '../../domain/plans/terms.ts'
import type { ApiDeps } from '../deps.ts'
import { answers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { pathId } from '../http/fields.ts'
import { notFound } from '../http/problem.ts'
import { callerOf, onlyCustomer } from '../identity/caller.ts'

/** What a receipt's PDF is made from, as it was when it was issued. Amounts are minor units. */
export type ReceiptData = {
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
  why: Record<string, unknown>
  /** This receipt included. */
  paidSoFar: number
  refundedSoFar: number
}

export function showReceipt(row: ReceiptRow) {
  return {
    receipt_id: row.id,
    plan_id: row.planId,
    transaction_id: row.transactionId,
    type: row.type,
    amount: row.amount,
    currency: row.currency,
    issued_at: row.issuedAt,
    pdf_url: `/receipts/${encodeURIComponent(row.id)}.pdf`,
  }
}

const pdf = z.custom<Buffer>().meta({ override: { type: 'string', format: 'binary' } })

export function receiptPdfRoute(app: App, deps: ApiDeps): void {
  const schema = {
    tags: [TAGS.plans],
    summary: 'A receipt as a PDF',
    params: pathId,
    response: answers({ 200: { description: 'The PDF.', content: { 'application/pdf': { schema: pdf } } } }, 404),
  }
  app.get('/receipts/:id.pdf', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const em = deps.orm.em.fork()
    const receipt = await findReceipt(em, caller.tenant, request.params.id)
    const plan = receipt && (await findPlan(em, caller.tenant, receipt.planId))
    const only = onlyCustomer(caller)
    if (!plan || (only !== null && plan.customerId !== only)) throw notFound('receipt')
    const bytes = await deps.renderReceipt(await receiptData(em, plan, receipt))
    return reply
      .type('application/pdf')
      .header('content-disposition', `inline; filename="${receipt.id.replace(/[^\w.-]/g, '_')}.pdf"`)
      .header('cache-control', 'private, max-age=3600')
      .send(Buffer.from(bytes))
  })
}

async function receiptData(em: EntityManager, plan: PlanRow, receipt: ReceiptRow): Promise<ReceiptData> {
  const { terms } = plan.state
  const transaction = await em.findOneOrFail(Transactions, { id: receipt.transactionId })
  const customer = await em.findOne(Customers, { tenantId: plan.tenantId, id: plan.customerId })
  const number = transaction.installmentNumber
  const installment = number ? await em.findOne(Installments, { planId: plan.id, number }) : null
  const soFar = await em.find(Receipts, { planId: plan.id, number: { $lte: receipt.number } })
  const sumOf = (type: ReceiptRow['type']) => soFar.reduce((sum, one) => sum + (one.type === type ? one.amount : 0), 0)
  return {
    id: receipt.id,
    number: receipt.number,
    type: receipt.type,
    planId: plan.id,
    customer: { id: plan.customerId, name: customer?.name ?? null, locale: customer?.locale ?? null },
    currency: receipt.currency,
    timezone: terms.timezone,
    amount: receipt.amount,
    issuedAt: receipt.issuedAt,
    installment: installment && { number: installment.number, of: terms.count, dueDate: installment.dueDate },
    paymentMethod: transaction.gateway === 'external' ? null : methodLabel(plan, customer),
    why: transaction.why ?? {},
    paidSoFar: sumOf('payment'),
    refundedSoFar: sumOf('refund'),
  }
}

/** As its owner knows it where that is known, else its kind. */
function methodLabel({ state: { paymentMethod } }: PlanRow, customer: CustomerRow | null): string {
  const preset = customer?.defaultPaymentMethod
  return preset?.id === paymentMethod.id ? preset.label : paymentMethod.type.replaceAll('_', ' ')
}
