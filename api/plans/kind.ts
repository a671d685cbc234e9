import type { z } from 'zod'
import type { PlanKind } from '../../domain/plans/plan.ts'
import type { Instant, Terms } from '../../domain/plans/terms.ts'

/** What a body asks for, before anything is known of the customer. */
export type Asked = {
  customer: string | null
  /** Before the discount; minor units. */
  total: number
  paymentMethod: string | null
  couponCode: string | null
  testClock: string | null
  metadata: Record<string, string>
  /** Kept and given back as it was. */
  paymentTerms: Record<string, unknown> | null
  /** `now` is the plan's clock: what "yesterday" is depends on it. */
  terms(now: Instant): Terms
}

/** One kind of plan, as the API offers it. What all kinds share is written once, in this folder. */
export type PlanApi = {
  kind: PlanKind
  /** `/payment_terms` */
  path: string
  idField: string
  idPrefix: string
  tag: string
  /** In words, for summaries: `a financing term`. */
  one: string
  shapes: Record<'plan' | 'adjusted' | 'canceled' | 'list', z.ZodType>
  createBody: z.ZodType
  quoteBody: z.ZodType
  asked(body: unknown): Asked
}
