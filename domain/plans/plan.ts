import type { Lease } from '../leasing/lease.ts'
import type { CivilDate, Instant, Terms } from './terms.ts'

/**
 * A plan: somebody owes an amount over time. A plain JSON value: the workflow carries it across continue-as-new, the
 * transitions in this folder are functions from a plan and a fact to a plan.
 */
export type Plan = {
  id: string
  tenant: string
  kind: PlanKind
  customer: string
  terms: Terms
  /** Before the discount; minor units. The net total in force is `total - terms.discount`. */
  total: number
  lifecycle: Lifecycle
  paymentMethod: PaymentMethod
  installments: Installment[]
  /** What a cancellation leaves to be collected once; not one of the instalments. Its number is 0. */
  balance: Installment | null
  /** One-off payments that are not over yet. */
  payments: Payment[]
  /** Refunds that are not over yet. */
  refunds: Refund[]
  /** Money back that adjustments have decided so far, settled or not; minor units. */
  refundedByAdjustment: number
  /** Written-off amounts that a later adjustment made needless; minor units. */
  writeOffsByAdjustment: number
  /** What was given back of payments that were taken back after that, and is written off; minor units. */
  lost: number
  /** What adjustments have lowered the total by that can only be given back or forgiven when an open charge has ended. */
  overcharge: number
  /** What was decided to be given back of what instalments hold, settled or not; minor units. */
  refundsDecided: number
  pause: Pause | null
  /** No instalment's first attempt before this moment: set when a pause ends before that day's billing time. */
  notBefore: Instant | null
  cancellation: Cancellation | null
  /** Last moment at which a bank debit was made; its return may arrive for 60 days. */
  lastDebitAt: Instant | null
  clock: TestClock | null
  createdAt: Instant
  /** Counters from which keys are made, so that a key is never used for two things. */
  sequence: { change: number; payment: number; refund: number; clockTick: number }
  /** Commands already carried out, newest last, so that a repeat after continue-as-new gets the first answer. */
  handled: { id: string; answer: unknown }[]
  /** What a lease is besides. */
  lease?: Lease
}

export const LIFECYCLES = [
  // Of leases: ordered, on its way, and given up since there was no device.
  'init',
  'dispatched',
  'terminated',
  'pending',
  'active',
  'pending_cancellation',
  'canceled',
  'completed',
] as const
export type Lifecycle = (typeof LIFECYCLES)[number]
/** After these no new instalment falls due. */
export const ENDED: readonly Lifecycle[] = ['completed', 'canceled', 'terminated']

/** As shown: `past_due` is an active plan with an escalated instalment. */
export const PLAN_STATUSES = [...LIFECYCLES, 'past_due'] as const
export type PlanStatus = (typeof PLAN_STATUSES)[number]

/** A `statement` is what an employer owes for the deductions of a period. */
export const PLAN_KINDS = ['financing', 'lease', 'rent_to_own', 'statement'] as const
export type PlanKind = (typeof PLAN_KINDS)[number]
/** `type` is the gateway's: `card`, `us_bank_account`, `sepa_debit`…; or `payroll`. */
export type PaymentMethod = { id: string; type: string }

/** Taken from pay by the employer, who is billed for it by a statement: no gateway is asked. */
export const PAYROLL: PaymentMethod = { id: 'payroll', type: 'payroll' }
/** Who owes has named none: every charge is declined without a gateway being asked, until there is one. */
export const NO_METHOD: PaymentMethod = { id: 'none', type: 'none' }

export const INSTALLMENT_STATUSES = [
  'scheduled',
  'processing',
  'retrying',
  'paid',
  'escalated',
  'waived',
  'canceled',
] as const
export type InstallmentStatus = (typeof INSTALLMENT_STATUSES)[number]

export type Installment = {
  number: number
  dueDate: CivilDate
  amount: number
  paid: number
  status: InstallmentStatus
  /** The charge or one-off payment under way: nothing else is charged for this instalment meanwhile. */
  open: OpenAttempt | null
  /** A payment of the last attempt that its customer can still complete: closed before anything else is charged. */
  openLink: OpenLink | null
  /** Attempts made so far, whatever caused them; the number of the next one is one more. */
  attempts: number
  /** Day of its first attempt: overdue instalments are caught up one a day. */
  firstTriedOn: CivilDate | null
  /** Day of the last attempt that the schedule brought about: the first, or a retry. */
  triedOn: CivilDate | null
  /** Scheduled retries used up. */
  retries: number
  /** Day of the next scheduled retry while `retrying`. */
  retryOn: CivilDate | null
  /** An attempt outside the schedule is wanted at once, by a broker or because of a new payment method. */
  extra: 'broker' | 'payment_method' | null
  /** An escalation of this instalment is unresolved, whatever is being tried meanwhile. */
  escalation: string | null
  /** Who asked for the broker's retry that is under way, and why: kept with the escalation when it succeeds. */
  askedBy: { note: string; by: string | null } | null
  reminded: boolean
  /** Made after the schedule was agreed and due at this moment, whatever the billing time. */
  atOnce: Instant | null
}

export type AttemptCause = 'due' | 'retry' | 'broker' | 'payment_method'
export type OpenAttempt =
  | {
      by: 'charge'
      attempt: number
      cause: AttemptCause
      transaction: string
      /** What is charged; minor units. */
      amount: number
      /** What it is charged on, whatever the plan's method has become since. */
      paymentMethod: PaymentMethod
      before: InstallmentStatus
      state: 'asked' | 'processing'
      pollAt: Instant | null
    }
  | { by: 'payment'; payment: number; before: InstallmentStatus }

/** `amount` in minor units; `pollAt` while the gateway is still processing what the customer did with it. */
export type OpenLink = { transaction: string; amount: number; pollAt: Instant | null }

/** What of an amount is counted on one instalment; minor units. */
export type Part = { installment: number; amount: number }

export type Payment = {
  number: number
  transaction: string
  amount: number
  paymentMethod: PaymentMethod
  parts: Part[]
  state: 'wanted' | 'processing'
  pollAt: Instant | null
}

export type Refund = {
  number: number
  amount: number
  cause: 'adjustment' | 'cancellation' | 'overpaid'
  /** How often it was asked for: a broker's retry opens a new round with new keys. */
  round: number
  state: 'wanted' | 'processing' | 'escalated'
  /** What the gateway will not give back; a broker's to settle. */
  stuck: Stuck[]
  /** The payment of which more came than was owed: it is given back of that one first. */
  of: string | null
  escalation: string | null
  pollAt: Instant | null
}

/** An amount to be given back of a payment, which no other refund may take; `payment` null for what none covers. */
export type Stuck = { payment: string | null; amount: number; parts: Part[] }

export type Pause = { mode: 'extend' | 'catch_up'; since: Instant; until: Instant | null }

export type Cancellation = {
  at: Instant
  effectiveDate: CivilDate
  usedDays: number
  termDays: number
  earned: number
  fee: number
  penalty: number
  refund: number
  balance: number
  /** Why: one sentence with the figures. */
  explanation: string
  /** How much of fee and penalty the ledger holds so far: no more than is really kept. */
  feesBooked: number
}

export type TestClock = { id: string; now: Instant }
