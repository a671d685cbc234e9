import type { RequiredEntityData } from '@mikro-orm/core'
import type { PlanHead } from '../../domain/plans/effects.ts'
import { dueMoment, nextAttemptAt } from '../../domain/plans/figures.ts'
import { planKey } from '../../domain/plans/keys.ts'
import type { Installment, Plan } from '../../domain/plans/plan.ts'
import type { Terms } from '../../domain/plans/terms.ts'
import type { InstallmentRow } from './installments.ts'
import type { PlanRow } from './plans.ts'

/** The id of what a plan's effect with this key makes, the same however often it is written. */
export function rowId(prefix: string, planId: string, key: string): string {
  return `${prefix}_${planKey({ id: planId })}_${key}`
}

/** The plan as the rules know it; the workflow's own memory of commands is not among its rows. */
export function planOf(row: Pick<PlanRow, 'state'>, installments: Pick<InstallmentRow, 'state'>[]): Plan {
  const states = installments.map(({ state }) => state)
  return {
    ...row.state,
    installments: states.filter(({ number }) => number > 0),
    balance: states.find(({ number }) => number === 0) ?? null,
    handled: [],
  }
}

/** Columns of a plan's row that say what its head says; figures that come from other rows are `refreshPlan`'s. */
export function headColumns(head: PlanHead) {
  return {
    lifecycle: head.lifecycle,
    totalAmount: head.total,
    discountAmount: head.terms.discount,
    // Of a lease it is known with the delivery only.
    startDate: head.terms.startDate,
    endDate: head.terms.endDate,
    canceledAt: head.cancellation?.at ?? null,
    state: head,
  }
}

/** An instalment's row; due and next moments follow from its terms (keeps Calendar and NSF). */
export function installmentColumns(
  installment: Installment,
  terms: Terms,
): Omit<RequiredEntityData<InstallmentRow>, 'planId' | 'tenantId' | 'refundedAmount'> {
  return {
    number: installment.number,
    dueDate: installment.dueDate,
    dueAt: dueMoment(installment, terms),
    amount: installment.amount,
    paidAmount: installment.paid,
    status: installment.status,
    nextAttemptAt: nextAttemptAt(installment, terms),
    escalationId: installment.escalation,
    state: installment,
  }
}
