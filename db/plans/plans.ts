import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { PlanHead } from '../../domain/plans/effects.ts'
import { LIFECYCLES, PLAN_KINDS, PLAN_STATUSES } from '../../domain/plans/plan.ts'
import { amount, instant, sealed, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** Whole plans as clients read them. Written by activities only: the workflow decides, this answers. */
export const Plans = defineEntity({
  ...ofTenant,
  name: 'Plan',
  tableName: 'plans',
  properties: {
    id: text().primary(),
    tenantId: text(),
    kind: p.enum(PLAN_KINDS),
    customerId: text(),
    status: p.enum(PLAN_STATUSES),
    lifecycle: p.enum(LIFECYCLES),
    currency: text(),
    totalAmount: amount('total_amount'),
    discountAmount: amount('discount_amount'),
    paidAmount: amount('paid_amount').default(0),
    refundedAmount: amount('refunded_amount').default(0),
    outstandingAmount: amount('outstanding_amount').default(0),
    /** Some escalation of the plan is open: of an instalment, of its balance or of a refund. */
    escalated: p.boolean().default(false),
    nextBillingAt: instant().nullable(),
    startDate: p.date(),
    endDate: p.date(),
    testClockId: text().nullable(),
    workflowId: text(),
    runId: text().nullable(),
    /** The last change written; the next one is exactly one more. */
    changeSequence: p.integer(),
    state: p.json<PlanHead>(),
    /** What the client gave and gets back as it was: metadata, coupon_code… Read and written by requests.ts. */
    request: sealed(),
    /** By the plan's clock, as are all moments of a plan. */
    createdAt: instant(),
    updatedAt: instant(),
    canceledAt: instant().nullable(),
    completedAt: instant().nullable(),
  },
  checks: [{ name: 'plans_discount_check', expression: 'discount_amount <= total_amount' }],
  indexes: [
    { name: 'plans_customer', properties: ['tenantId', 'customerId', 'createdAt', 'id'] },
    { name: 'plans_kind', properties: ['tenantId', 'kind', 'createdAt', 'id'] },
    { name: 'plans_status', properties: ['tenantId', 'kind', 'status', 'createdAt', 'id'] },
    { name: 'plans_next_billing', properties: ['tenantId', 'nextBillingAt'], where: 'next_billing_at is not null' },
    { name: 'plans_test_clock', properties: ['testClockId'], where: 'test_clock_id is not null' },
  ],
  uniques: [{ name: 'plans_workflow', properties: ['workflowId'] }],
})

export type PlanRow = InferEntity<typeof Plans>
