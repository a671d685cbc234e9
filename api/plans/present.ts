import type { DeviceRow } from '../../db/leasing/stock.ts'
import type { InstallmentRow } from '../../db/plans/installments.ts'
import type { PlanRow } from '../../db/plans/plans.ts'
import type { LedgerEntry } from '../../db/plans/read-ledger.ts'
import { requestOf } from '../../db/plans/requests.ts'
import { headColumns, installmentColumns } from '../../db/plans/rows.ts'
import type { TransactionRow } from '../../db/plans/transactions.ts'
import { nextBillingAt } from '../../domain/plans/coming.ts'
import type { PlanHead } from '../../domain/plans/effects.ts'
import { headOf } from '../../domain/plans/effects.ts'
import { dueMoment, outstanding, paidIn, statusOf } from '../../domain/plans/figures.ts'
import type { Cancellation, Plan } from '../../domain/plans/plan.ts'
import type { ApiDeps } from '../deps.ts'
import { showCancellationTerms } from './agreements.ts'
import type { PlanApi } from './kind.ts'

/** From rows to what clients read. */

export type PlanRows = {
  plan: PlanRow
  installments: InstallmentRow[]
  charges: TransactionRow[]
  /** Of a lease: its device. */
  unit: DeviceRow | null
}

export type ShowPlan = (rows: PlanRows) => ReturnType<typeof showPlan>

/** How plans of one kind are shown. */
export function shown(
  { idField, more = () => ({}) }: Pick<PlanApi, 'idField' | 'more'>,
  { orm, temporal, config }: ApiDeps,
): ShowPlan {
  const ui = config.temporalUiUrl.replace(/\/$/, '')
  const workflows = `${ui}/namespaces/${encodeURIComponent(temporal.options.namespace)}/workflows`
  return (rows) => ({ ...showPlan(rows, requestOf(orm, rows.plan), idField, workflows), ...more(rows) })
}

type Request = ReturnType<typeof requestOf>

function showPlan({ plan, installments, charges }: PlanRows, request: Request, idField: string, workflows: string) {
  const { terms, pause, cancellation } = plan.state
  return {
    [idField]: plan.id,
    kind: plan.kind,
    status: plan.status,
    customer_id: plan.customerId,
    currency: plan.currency,
    total_amount: plan.totalAmount,
    discount_amount: plan.discountAmount,
    paid_amount: plan.paidAmount,
    refunded_amount: plan.refundedAmount,
    outstanding_amount: plan.outstandingAmount,
    payment_method: plan.state.paymentMethod.id,
    start_date: plan.startDate,
    end_date: plan.endDate,
    next_billing_at: plan.nextBillingAt ?? null,
    pause: pause && { mode: pause.mode, since: pause.since, until: pause.until },
    installments: installments
      .filter(({ number }) => number > 0)
      .map((row) =>
        showInstallment(
          row,
          charges.filter((charge) => charge.installmentNumber === row.number),
        ),
      ),
    ...showTerms(terms),
    ...showRequest(request),
    test_clock: plan.testClockId ?? null,
    cancellation: cancellation && showCancellation(cancellation),
    workflow: {
      workflow_id: plan.workflowId,
      run_id: plan.runId ?? null,
      // Without the run, Temporal's UI opens the latest one.
      ui_url: `${workflows}/${encodeURIComponent(plan.workflowId)}`,
    },
    created_at: plan.createdAt,
    updated_at: plan.updatedAt,
    canceled_at: plan.canceledAt ?? null,
  }
}

function showTerms(terms: PlanHead['terms']) {
  return {
    term_duration: terms.termMonths,
    billing_day: terms.cadence.every === 'month' ? terms.cadence.day : null,
    billing_weekday: terms.cadence.every === 'week' ? terms.cadence.weekday : null,
    timezone: terms.timezone,
    billing_time: terms.billingTime,
    cancellation_terms: showCancellationTerms(terms.cancellation),
    adjustment_policy: terms.adjustmentPolicy,
    retry_policy: { retries: terms.retryPolicy.retries, every_days: showDays(terms.retryPolicy.everyDays) },
    reminder_days: terms.reminderDays,
  }
}

/** One number where all are the same, as it is mostly given. */
function showDays(days: number[]): number | number[] {
  const [first = 1] = days
  return days.every((day) => day === first) ? first : days
}

function showRequest(request: Request) {
  return {
    coupon_code: (request.coupon_code as string | undefined) ?? null,
    payment_terms: (request.payment_terms as Record<string, unknown> | undefined) ?? null,
    metadata: (request.metadata as Record<string, string> | undefined) ?? {},
  }
}

export function showCancellation(cancellation: Omit<Cancellation, 'at'>) {
  return {
    effective_date: cancellation.effectiveDate,
    used_days: cancellation.usedDays,
    term_days: cancellation.termDays,
    earned_amount: cancellation.earned,
    fee_amount: cancellation.fee,
    penalty_amount: cancellation.penalty,
    refund_amount: cancellation.refund,
    balance_amount: cancellation.balance,
    explanation: cancellation.explanation,
  }
}

function showInstallment(row: InstallmentRow, charges: TransactionRow[]) {
  return {
    number: row.number,
    due_date: row.dueDate,
    due_at: row.dueAt,
    amount: row.amount,
    paid_amount: row.paidAmount,
    refunded_amount: row.refundedAmount,
    status: row.status,
    attempts: charges.map((charge) => ({
      number: charge.attempt ?? 0,
      at: charge.createdAt,
      outcome: attemptOutcome(charge),
      decline_code: charge.declineCode ?? null,
      transaction_id: charge.id,
    })),
  }
}

/** How an attempt ended, as far as is known: one that is asked for and not answered yet is under way. */
export function attemptOutcome({ status, outcome }: Pick<TransactionRow, 'status' | 'outcome'>) {
  switch (status) {
    case 'succeeded':
      return 'succeeded' as const
    case 'failed':
      return outcome === 'requires_action' ? ('requires_action' as const) : ('declined' as const)
    case 'unknown':
      return 'unknown' as const
    default:
      return outcome === 'requires_action' ? ('requires_action' as const) : ('processing' as const)
  }
}

/** A plan that is only thought of, in the place of the stored one: for previews. */
export function asIf(rows: PlanRows, plan: Plan): PlanRows {
  const stored = new Map(rows.installments.map((row) => [row.number, row]))
  const thought = {
    ...rows.plan,
    ...headColumns(headOf(plan)),
    status: statusOf(plan),
    paidAmount: paidIn(plan),
    outstandingAmount: outstanding(plan),
    nextBillingAt: nextBillingAt(plan),
  }
  const installments = plan.installments.map((installment) => ({
    ...installmentColumns(installment, plan.terms),
    refundedAmount: stored.get(installment.number)?.refundedAmount ?? 0,
  }))
  return { ...rows, plan: thought, installments: installments as InstallmentRow[] }
}

export function showQuote(plan: Plan) {
  return {
    currency: plan.terms.currency,
    total_amount: plan.total,
    discount_amount: plan.terms.discount,
    installments: plan.installments.map((installment) => ({
      number: installment.number,
      due_date: installment.dueDate,
      due_at: dueMoment(installment, plan.terms),
      amount: installment.amount,
    })),
  }
}

export function showTransaction(row: TransactionRow) {
  return {
    transaction_id: row.id,
    plan_id: row.planId,
    type: row.type,
    // What a cancellation leaves to be collected is no instalment.
    installment_number: row.installmentNumber || null,
    attempt: row.attempt ?? null,
    amount: row.amount,
    currency: row.currency,
    status: row.status,
    decline_code: row.declineCode ?? null,
    gateway: row.gateway,
    gateway_id: row.gatewayId ?? null,
    created_at: row.createdAt,
    settled_at: row.settledAt ?? null,
    returned_at: row.returnedAt ?? null,
  }
}

export function showEntry(entry: LedgerEntry) {
  return {
    entry_id: entry.id,
    at: entry.at,
    description: entry.description,
    transaction_id: entry.transactionId ?? null,
    postings: entry.postings.map(({ account, amount }) => ({ account, amount })),
  }
}
