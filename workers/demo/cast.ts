import type { z } from 'zod'
import type * as shapes from '../../api/plans/shapes.ts'
import type { CivilDate } from '../../domain/plans/terms.ts'
import type { Tone } from './narrator.ts'

/** A plan as the API shows it, under the name that its kind gives its id. */
export type PlanAnswer = shapes.PlanBody & { payment_terms_id: string }
export type Quote = z.infer<typeof shapes.Quote>
export type Cancellation = z.infer<typeof shapes.Cancellation>
export type JournalEntry = z.infer<typeof shapes.JournalEntry>
export type Receipt = z.infer<typeof shapes.Receipt>

/** A policyholder of the story: what they insure, and the body of `POST /payment_terms` that finances it. */
export type Person = {
  name: string
  insures: string
  /** The test payment method that Stripe's stand-in knows. */
  paymentMethod: string
  terms: {
    total_amount: number
    start_date: CivilDate
    term_duration: number
    billing_day: number
    timezone: string
    reminder_days: number
    cancellation_terms?: { type: 'short_rate'; penalty_percent: number }
  }
}

/** What is told of: a plan that has been made, and whose it is. */
export type Member = {
  /** The first name: what lines begin with. */
  who: string
  email: string
  /** Who pays: known at Stripe by this name. */
  customer: string
  planId: string
  /** Of the plan in the API. */
  path: string
  currency: string
  timezone: string
  /** In Temporal's pages. */
  workflowUrl: string
  /** An event of the plan in words, or null when another one says it better. */
  inWords(event: Event): Told | null
  /** The type of an event after which there are no others. */
  last?: string
}

/** Somebody whose premium is financed. */
export type Policyholder = Member & { plan: PlanAnswer }

/** Where something can be looked at, once it is known what; `letter` is the last one of that type. */
export type Look =
  | 'workflow'
  | 'receipt'
  | 'payments'
  | 'case'
  | { letter: string; to: 'customer' | 'client' | 'back_office' }
export type Told = { what: string; amount?: number; look?: Look; where?: string; tone: Tone }

export type Event = { event_id: string; type: string; plan_id: string; occurred_at: string; data: EventData }
type EventData = {
  amount?: number
  installment_number?: number | null
  transaction_id?: string
  decline_code?: string
  escalation_id?: string
  action?: string
  previous_total_amount?: number
  total_amount?: number
  device_code?: string
  how?: string
  choice?: string
  tracking?: string | null
}
