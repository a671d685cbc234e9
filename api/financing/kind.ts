import { TAGS } from '../http/docs.ts'
import type { PlanApi } from '../plans/kind.ts'
import { planShapes } from '../plans/shapes.ts'
import { askedFinancing, FinancingBody, FinancingQuoteBody } from './bodies.ts'

/** Insurance financing terms: a premium paid in monthly instalments over the policy's term. */
export const FINANCING: PlanApi = {
  kind: 'financing',
  path: '/payment_terms',
  idField: 'payment_terms_id',
  idPrefix: 'pt_',
  tag: TAGS.plans,
  one: 'financing term',
  shapes: planShapes('payment_terms_id', 'PaymentTerms'),
  createBody: FinancingBody,
  quoteBody: FinancingQuoteBody,
  asked: askedFinancing,
}
