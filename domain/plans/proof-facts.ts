import type { UnitStatus } from '../leasing/lease.ts'
import { formatMoney } from '../money.ts'
import type { EscalationReason, Posting } from './effects.ts'
import type { PaymentState, RefundOutcome } from './outcome.ts'
import { type InstallmentStatus, PAYROLL, type Plan, type PlanStatus } from './plan.ts'
import type { CivilDate, Instant } from './terms.ts'

/**
 * The proof of a plan: what PostgreSQL, the gateway and the workflow hold of it, compared. Facts in, differences out.
 * Amounts are minor units of the plan's currency. The rows are one snapshot of the database.
 */
export type ProofFacts = {
  /** The plan as its rows say. */
  plan: Plan
  figures: PlanFigures
  installments: InstallmentFigures[]
  transactions: ProofTransaction[]
  entries: { id: string; transaction: string | null; postings: Posting[] }[]
  receipts: { id: string; transaction: string; type: 'payment' | 'refund'; amount: number }[]
  notices: ProofNotice[]
  escalations: ProofEscalation[]
  /** Of a lease: its lines of pay, and the units that are the lease's or are named by it. */
  deductions: { id: string; amount: number }[]
  units: { id: string; status: UnitStatus; lease: string | null; isHeld: boolean }[]
  workflow: ProofWorkflow | Unread
  gateway: ProofGateway | Unread
}

/** It could not be looked at, and why. */
export type Unread = { unread: string }

export type PlanFigures = {
  status: PlanStatus
  paid: number
  refunded: number
  outstanding: number
  escalated: boolean
  nextBillingAt: Instant | null
  changeSequence: number
}
/** Number 0 is the balance of a cancellation. */
export type InstallmentFigures = {
  number: number
  amount: number
  paid: number
  status: InstallmentStatus
  dueDate: CivilDate
  escalation: string | null
}
export type ProofTransaction = {
  id: string
  type: 'charge' | 'refund'
  installment: number | null
  amount: number
  status: 'pending' | 'processing' | 'succeeded' | 'failed' | 'unknown'
  gateway: string
  gatewayId: string | null
  returned: number
  refund: number | null
  cause: string | null
}
export type ProofNotice = {
  id: string
  transaction: string | null
  type: string
  status: 'queued' | 'sent' | 'failed'
  lastError: string | null
}
export type ProofEscalation = {
  id: string
  reason: EscalationReason
  amount: number
  isOpen: boolean
  /** Salesforce has been told of it as it is now. */
  isTold: boolean
  lastError: string | null
}
/** `plan` is null when it is not known to Temporal any more. `troubles`: what is tried again and again, in words. */
export type ProofWorkflow = { status: string; plan: Plan | null; troubles: string[]; isBlocked: boolean }
export type ProofGateway = { payments: ProofPayment[]; refunds: ProofRefund[] }
/** `reference` is the transaction's id that we gave it; `plan` and `installment` as we have named them there. */
export type ProofPayment = {
  id: string
  reference: string | null
  plan: string | null
  installment: string | null
  amount: number
  state: PaymentState
}
export type ProofRefund = {
  id: string
  payment: string | null
  reference: string | null
  amount: number
  outcome: RefundOutcome
}

/** `in_flight` will come right by itself; `unread` could not be looked at; `mendable` is only in what answers reads. */
export type Difference = { kind: 'different' | 'in_flight' | 'unread'; detail: string; mendable: boolean }
export type ProofStatus = 'ok' | Difference['kind']
export type ProofCheck = { name: string; status: ProofStatus; differences: Difference[] }
export type Proof = { plan: string; status: ProofStatus; checks: ProofCheck[] }

export function different(detail: string): Difference {
  return { kind: 'different', detail, mendable: false }
}

export function mendable(detail: string): Difference {
  return { kind: 'different', detail, mendable: true }
}

export function inFlight(detail: string): Difference {
  return { kind: 'in_flight', detail, mendable: false }
}

export function unread(detail: string): Difference {
  return { kind: 'unread', detail, mendable: false }
}

export function moneyOf({ plan }: Pick<ProofFacts, 'plan'>): (amount: number) => string {
  return (amount) => formatMoney(amount, plan.terms.currency)
}

/** Money that no gateway has moved: settled outside it, or by the employer's payroll. */
export function isBesideGateway({ gateway }: Pick<ProofTransaction, 'gateway'>): boolean {
  return gateway === 'external' || gateway === PAYROLL.type
}

/** What a transaction is for: `instalment 4`, `a one-off payment`… */
export function purpose({ type, installment }: Pick<ProofTransaction, 'type' | 'installment'>): string {
  if (type === 'refund') return 'a refund'
  if (installment === null) return 'a one-off payment'
  return installment === 0 ? 'the balance of the cancellation' : `instalment ${installment}`
}
