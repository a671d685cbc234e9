import { TAGS } from '../http/docs.ts'
import { plainCreation } from '../plans/create.ts'
import type { PlanApi } from '../plans/kind.ts'
import { planShapes } from '../plans/shapes.ts'
import { askedFinancing, FinancingBody, FinancingQuoteBody } from './bodies.ts'

const FINANCED = { kind: 'financing', idPrefix: 'pt_' } as const

/** Insurance financing terms: a premium paid in monthly instalments over the policy's term. */
export const FINANCING: PlanApi = {
  ...FINANCED,
  path: '/payment_terms',
  idField: 'payment_terms_id',
  tag: TAGS.plans,
  one: 'financing term',
  shapes: planShapes('payment_terms_id', 'PaymentTerms'),
  createBody: FinancingBody,
  quoteBody: FinancingQuoteBody,
  ...plainCreation(FINANCED, askedFinancing),
}
