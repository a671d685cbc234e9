import type { UnitMoved } from '../leasing/lease.ts'
import type { LeaseChanged } from '../leasing/lease-changes.ts'
import type { Installment, Plan } from './plan.ts'
import type { CivilDate, Instant } from './terms.ts'

/**
 * What a transition wants written beside the plan itself, in the same database transaction. Keys are stable: made
 * from the plan and what happened, never from a run or a retry.
 */
export type Effect =
  | Entry
  | Happened
  | Notice
  | ReceiptIssued
  | TransactionMade
  | TransactionChanged
  | Escalate
  | EscalationChanged
  | UnitMoved
  | Deducted
  | LeaseChanged

/** A transaction that a plan's decision makes: inserted once, by its id. `reference` is the other side's for one outside the gateway. */
export type TransactionMade = {
  write: 'transaction'
  id: string
  type: 'charge' | 'refund'
  installment: number | null
  attempt: number | null
  amount: number
  status: 'pending' | 'succeeded'
  gateway: 'stripe' | 'external'
  reference: string | null
  parts: { installment: number; amount: number }[]
  refund: number | null
  /** The payment that a refund is taken from. */
  of: string | null
  /** Why this amount, why this date: the inputs, as shown in the timeline and on the receipt. */
  why: Record<string, unknown>
}
/**
 * `returned` is what was taken back after success (of a refund: what came back), 0 when it was given again; `parts` is
 * what it pays, where that is not what it was asked for, and `amount` what is then asked for.
 */
export type TransactionChanged = {
  write: 'transaction_changed'
  id: string
  status?: 'succeeded' | 'failed' | 'processing'
  declineCode?: string | null
  returned?: number
  amount?: number
  parts?: { installment: number; amount: number }[]
}
/** A receipt for money that moved; one per transaction. */
export type ReceiptIssued = { write: 'receipt'; transaction: string; type: 'payment' | 'refund'; amount: number }

/** A journal entry; postings sum to 0, debits positive. */
export type Entry = {
  write: 'entry'
  key: string
  description: string
  transaction: string | null
  postings: Posting[]
}
export type Posting = { account: Account; amount: number }
/** `payroll` is what employers have taken from pay and were not billed for yet. */
export type Account = 'receivable' | 'income' | 'fees' | 'discounts' | 'cash' | 'write_offs' | 'payroll'

/** An event of the stream that clients read; `data` is what they see. */
export type Happened = { write: 'event'; key: string; type: string; data: Record<string, unknown> }

/** Something to tell the customer, or whoever `to` names; `data` fills the template. One key gives one notice on each channel. */
export type Notice = {
  write: 'notice'
  key: string
  type: NoticeType
  data: Record<string, unknown>
  to?: Recipient
}
/** `client` is the employer of a lease's employee, `back_office` ours. */
export const RECIPIENTS = ['customer', 'client', 'back_office'] as const
export type Recipient = (typeof RECIPIENTS)[number]
/** A line of the pay of an employee, for the next statement of the employer; negative for money back. The id is its transaction's. */
export type Deducted = {
  write: 'deduction'
  transaction: string
  installment: number | null
  amount: number
  description: string
  date: CivilDate
}
export type NoticeType =
  | 'terms.created'
  | 'terms.adjusted'
  | 'terms.canceled'
  | 'terms.completed'
  | 'terms.paused'
  | 'terms.resumed'
  | 'payment.reminder'
  | 'payment.receipt'
  | 'payment.failed'
  | 'payment.escalated'
  | 'payment.returned'
  | 'payment.action_required'
  | 'payment_method.required'
  | 'payment_method.changed'
  | 'payment.reinstated'
  | 'refund.receipt'
  | 'refund.failed'
  | LeasingNotice
/** Of leases. */
export type LeasingNotice =
  | 'lease.created'
  | 'lease.dispatched'
  | 'lease.delivered'
  | 'lease.terminated'
  | 'lease.exchanged'
  | 'lease.extended'
  | 'lease.end_asked'
  | 'lease.ended'
  | 'lease.deduction_changed'
  | 'lease.lump_sum'
  | 'dispatch.wanted'
  | 'dispatch.overdue'

export type Escalate = {
  write: 'escalation'
  id: string
  about: { installment: number } | { refund: number } | { order: true }
  reason: EscalationReason
  code: string | null
  amount: number
}
export const ESCALATION_REASONS = [
  'insufficient_funds',
  'payment_declined',
  'payment_method_invalid',
  'gateway_rejected',
  'payment_returned',
  'payment_disputed',
  'refund_failed',
  'refund_outside_gateway',
  'balance_unpaid',
  'not_dispatched',
] as const
export type EscalationReason = (typeof ESCALATION_REASONS)[number]
export type EscalationChanged =
  | { write: 'escalation_amount'; id: string; amount: number }
  | { write: 'escalation_resolved'; id: string; resolution: Resolution }
export type Resolution = {
  action:
    | 'retry'
    | 'mark_paid'
    | 'waive'
    | 'cancel_plan'
    | 'paid'
    | 'adjusted'
    | 'plan_canceled'
    | 'withdrawn'
    | 'dispatched'
  reference?: string
  note?: string
  by?: string
}

/** A transition's result: the plan as it is now, and what must be written with it. */
export type Decision = { plan: Plan; effects: Effect[] }

/**
 * What the workflow has decided and PostgreSQL does not know yet: written by one activity in one transaction.
 * `sequence` grows by one with every change of a plan, so that a change is written once and in order.
 */
export type PlanChange = {
  plan: string
  sequence: number
  at: Instant
  /** Everything but the instalments. */
  head: PlanHead
  /** The instalments, and the balance as number 0, that differ from what was last written. */
  installments: Installment[]
  effects: Effect[]
}
export type PlanHead = Omit<Plan, 'installments' | 'handled'>

/** Everything of a plan but its instalments, and the commands that only the workflow remembers. */
export function headOf(plan: Plan): PlanHead {
  const { installments: _installments, handled: _handled, ...head } = plan
  return head
}
