import { z } from 'zod'
import { findPlan, findReceipt } from '../../db/plans/read.ts'
import { receiptFacts } from '../../db/plans/receipt-facts.ts'
import type { ReceiptRow } from '../../db/plans/receipts.ts'
import type { ApiDeps } from '../deps.ts'
import { answers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { pathId } from '../http/fields.ts'
import { notFound } from '../http/problem.ts'
import { callerOf } from '../identity/caller.ts'
import { maySee } from './queries.ts'

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
    if (!plan || !maySee(caller, plan)) throw notFound('receipt')
    const bytes = await deps.renderReceipt(await receiptFacts(em, receipt))
    return reply
      .type('application/pdf')
      .header('content-disposition', `inline; filename="${receipt.id.replace(/[^\w.-]/g, '_')}.pdf"`)
      .header('cache-control', 'private, max-age=3600')
      .send(Buffer.from(bytes))
  })
}
