/** What the API and the sandboxes answer, as far as tests look into it. */

export type Attempt = {
  number: number
  at: string
  outcome: string
  decline_code: string | null
  transaction_id: string
}
export type Installment = {
  number: number
  due_date: string
  due_at: string
  amount: number
  paid_amount: number
  refunded_amount: number
  status: string
  attempts: Attempt[]
}
export type Cancellation = {
  effective_date: string
  used_days: number
  term_days: number
  earned_amount: number
  fee_amount: number
  penalty_amount: number
  refund_amount: number
  balance_amount: number
  explanation: string
}
export type Plan = {
  payment_terms_id: string
  status: string
  customer_id: string
  currency: string
  total_amount: number
  paid_amount: number
  refunded_amount: number
  outstanding_amount: number
  payment_method: string
  start_date: string
  end_date: string
  next_billing_at: string | null
  pause: { mode: string; since: string; until: string | null } | null
  installments: Installment[]
  test_clock: string | null
  cancellation: Cancellation | null
  canceled_at: string | null
  workflow: { workflow_id: string; run_id: string | null; ui_url: string }
}
type Decided = { preview: boolean; provisional: boolean; charge_of_the_day: 'before' | 'after' | 'none' }
export type Adjusted = Plan &
  Decided & {
    adjustment: { previous_total_amount: number; total_amount: number; refunded: number; charged: number }
  }
export type Canceled = Plan & Decided
export type Transaction = {
  transaction_id: string
  type: 'charge' | 'refund'
  installment_number: number | null
  attempt: number | null
  amount: number
  status: string
  decline_code: string | null
  gateway: string
  gateway_id: string | null
  created_at: string
  settled_at: string | null
}
export type Entry = { at: string; transaction_id: string | null; postings: { account: string; amount: number }[] }
export type Receipt = { receipt_id: string; transaction_id: string; type: string; amount: number; pdf_url: string }
export type Escalation = {
  escalation_id: string
  installment_number: number | null
  reason: string
  amount: number
  status: string
  salesforce_case_id: string | null
  resolved_at: string | null
  resolution: { action: string; reference: string | null; note: string; by: string } | null
}
export type Notification = { type: string; channel: string; status: string; created_at: string }
export type Event = { event_id: string; type: string; occurred_at: string; data: Record<string, unknown> }
export type TimelineItem = {
  at: string
  type: string
  title: string
  why: string | null
  coming: boolean
  outcome: string | null
}
export type Mail = {
  message_id: string
  subject: string
  text: string
  html: string
  times: number
  attachments: { filename: string; content_type: string; url: string }[]
}
export type Case = { id: string; external_id: string | null; fields: Record<string, unknown>; history: unknown[] }
/** A payment as the gateway really has it; `net` is what is left of it there. */
export type Payment = {
  payment: string
  amount: number
  amount_charged: number
  amount_refunded: number
  net: number
  status: string
  charges_made: number
  refunds: { id: string; amount: number; status: string }[]
}
export type Fault = { mode: string; count?: number; for_ms?: number; ms?: number; path?: string }
