import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Effect, Resolution } from '../../domain/plans/effects.ts'
import type { Cancellation, Pause, PaymentMethod, Plan } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'

/**
 * What can be said to a plan. Every command exists as an Update, which is validated and answered with what was
 * decided, and under the same name as a Signal, for people in Temporal's UI and for systems that do not wait.
 */

/** What a plan's workflow starts with: a new plan, one that an earlier run carried on, or (`isBack`) one that had ended. */
export type PlanStart = { plan: Plan; opening: (Opening & { effects: Effect[] }) | null; isBack?: true }
/** Only with a new plan: what is kept as the client sent it, and what making the plan wants written. */
export type Opening = { request: Record<string, unknown>; requestId: string | null; by: string }

/** `id` is the command's own: a repeat under the same id gets the first answer and does nothing. */
export type Command = { id: string; by?: string }

export type AdjustCommand = Command & { totalAmount: number }
/** Amounts in minor units; `refunded` and `charged` are what the adjustment moves at once. */
export type AdjustAnswer = Decided & {
  changed: boolean
  previousTotal: number
  total: number
  refunded: number
  charged: number
}

export type CancelCommand = Command & { reason?: string }
export type CancelAnswer = Decided & { cancellation: Cancellation }

export type PaymentMethodCommand = Command & { paymentMethod: PaymentMethod }
export type PaymentMethodAnswer = Decided & { triedAtOnce: number[] }

/** `amount: null` pays all that is due; `paymentMethod: null` uses the plan's. */
export type PayCommand = Command & { amount: number | null; paymentMethod: PaymentMethod | null }
export type PayAnswer = Decided & { transaction: string; amount: number }

export type PauseCommand = Command & { mode: Pause['mode']; until: Instant | null }
export type ResumeCommand = Command
export type PauseAnswer = Decided & { pause: Pause | null }

/** `escalation` is its id; only `retry` and `mark_paid` fit an escalated refund. */
export type ResolveCommand = Command & {
  escalation: string
  action: 'retry' | 'mark_paid' | 'waive' | 'cancel_plan'
  reference?: string
  note: string
}
export type ResolveAnswer = Decided & { resolution: Resolution }

export type Decided = {
  /** A charge was under way when this was decided: the figures may change when its end is known. */
  provisional: boolean
  /** Whether the charge of the day of this decision came before or after it; `none` when none is due that day. */
  chargeOfTheDay: 'before' | 'after' | 'none'
}

export const adjust = defineUpdate<AdjustAnswer, [AdjustCommand]>('adjust')
export const cancel = defineUpdate<CancelAnswer, [CancelCommand]>('cancel')
export const changePaymentMethod = defineUpdate<PaymentMethodAnswer, [PaymentMethodCommand]>('changePaymentMethod')
export const pay = defineUpdate<PayAnswer, [PayCommand]>('pay')
export const pause = defineUpdate<PauseAnswer, [PauseCommand]>('pause')
export const resume = defineUpdate<PauseAnswer, [ResumeCommand]>('resume')
export const resolve = defineUpdate<ResolveAnswer, [ResolveCommand]>('resolve')

/** Answers as soon as the plan is in the database; sent with the start, so that a creation waits for durability. */
export const recorded = defineUpdate<{ plan: string }, []>('recorded')

/** A gateway has news about one of the plan's transactions: a hint, the payment itself is read. */
export const gatewayNews = defineSignal<[{ transaction: string }]>('gatewayNews')

/** The plan's test clock stands at `now`; the plan answers `atRest` with the same tick when it has nothing left to do. */
export const clockTick = defineSignal<[{ now: Instant; tick: number }]>('clockTick')

/** Goes on in a new run as soon as nothing is under way: ops bring plans to other workflow code by it. */
export const renew = defineSignal<[]>('renew')

/** The plan as it stands. */
export const currentPlan = defineQuery<Plan>('plan')

/** Failures of commands carry this type and a `RuleBrokenDetails` as their first detail. */
export const RULE_BROKEN = 'RuleBroken'
export type RuleBrokenDetails = {
  code: string
  kind: 'conflict' | 'unprocessable'
  detail: string
  errors?: { pointer: string; message: string }[]
}

/** A plan's workflow id says what it is: `payment-terms-pt_…`. */
export function planWorkflowId(plan: Pick<Plan, 'id' | 'kind'>): string {
  const prefix = { financing: 'payment-terms', lease: 'lease', rent_to_own: 'rent-to-own', statement: 'statement' }[
    plan.kind
  ]
  return `${prefix}-${plan.id}`
}

/** Workflow types by kind of plan. */
export const PLAN_WORKFLOWS = {
  financing: 'financingTerm',
  lease: 'lease',
  rent_to_own: 'rentToOwn',
  statement: 'statementPayment',
} as const
