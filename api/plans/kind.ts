import type { EntityManager } from '@mikro-orm/postgresql'
import type { z } from 'zod'
import type { Page, PageOptions } from '../../db/pages.ts'
import type { PlanRow } from '../../db/plans/plans.ts'
import type { Adjustment } from '../../domain/plans/adjust.ts'
import type { Decision } from '../../domain/plans/effects.ts'
import type { Plan, PlanKind } from '../../domain/plans/plan.ts'
import type { Instant, Terms } from '../../domain/plans/terms.ts'
import type { AdjustAnswer, Command } from '../../workflows/plans/messages.ts'
import type { ApiDeps } from '../deps.ts'
import type { Caller } from '../identity/caller.ts'
import type { PlanRows } from './present.ts'

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

/** Who asks, and with what. */
export type Asking = { em: EntityManager; deps: ApiDeps; caller: Caller }
/** What a creation is known by; `id` comes from the caller's key when there is one. */
export type Creation = { id: string; requestId: string }

/** How plans of a kind come about. */
export type PlanCreation = {
  createBody: z.ZodType
  quoteBody: z.ZodType
  quoteShape: z.ZodType
  /** What a creation would give; makes nothing. */
  quote(asking: Asking, body: unknown): Promise<object>
  /** Resolves when the plan is durable. A repeat under the same id finds the same plan. */
  create(asking: Asking, body: unknown, creation: Creation): Promise<void>
}

/** What a PATCH comes to: asked of the rules for a preview, and of the plan's workflow for the real thing. */
export type PlanChange = {
  decide(plan: Plan, now: Instant): Decision & { answer: Adjustment }
  send(command: Command): Promise<AdjustAnswer>
}

/** What some kinds of plan have, or forbid, beside what all do. */
export type PlanSpecials = {
  /** Fields that answers have besides, as their shapes say. */
  more?(rows: PlanRows): object
  /** Query parameters by which lists are narrowed besides, and who then reads the page. */
  listQuery?: z.ZodRawShape
  list?(em: EntityManager, caller: Caller, query: Record<string, unknown>, page: PageOptions): Promise<Page<PlanRow>>
  /** What a PATCH takes in place of a total amount. */
  changeBody?: z.ZodType
  change?(asking: Asking, rows: PlanRows, body: unknown): Promise<PlanChange>
  /** Throws when it may not be done with this plan, or not by this caller. */
  refuse?(action: 'cancel' | 'payment_method', caller: Caller, plan: PlanRow): void
}

/** One kind of plan, as the API offers it. What all kinds share is written once, in this folder. */
export type PlanApi = PlanCreation &
  PlanSpecials & {
    kind: PlanKind
    /** `/payment_terms` */
    path: string
    idField: string
    idPrefix: string
    tag: string
    /** In words, for summaries: `a financing term`. */
    one: string
    shapes: Record<'plan' | 'adjusted' | 'canceled' | 'list', z.ZodType>
  }
