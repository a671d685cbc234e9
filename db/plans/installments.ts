import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { INSTALLMENT_STATUSES, type Installment } from '../../domain/plans/plan.ts'
import { amount, instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'
import { Plans } from './plans.ts'

/** Instalments, and as number 0 what a cancellation leaves to be collected, which lists do not show. */
export const Installments = defineEntity({
  ...ofTenant,
  name: 'Installment',
  tableName: 'installments',
  properties: {
    planId: () => p.manyToOne(Plans).primary().mapToPk().joinColumn('plan_id'),
    number: p.integer().primary(),
    tenantId: text(),
    dueDate: p.date(),
    dueAt: instant(),
    amount: amount('amount'),
    paidAmount: amount('paid_amount'),
    refundedAmount: amount('refunded_amount').default(0),
    status: p.enum(INSTALLMENT_STATUSES),
    /** When it will be charged by itself; from these comes the plan's next billing moment. */
    nextAttemptAt: instant().nullable(),
    escalationId: text().nullable(),
    state: p.json<Installment>(),
  },
  checks: [
    { name: 'installments_number_check', expression: 'number >= 0' },
    { name: 'installments_paid_check', expression: 'paid_amount <= amount' },
  ],
})

export type InstallmentRow = InferEntity<typeof Installments>
