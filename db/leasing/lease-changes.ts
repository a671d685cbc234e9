import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { LEASE_CHANGES, LEASE_ENDINGS } from '../../domain/leasing/lease-changes.ts'
import { amount, instant, text } from '../columns.ts'
import { Plans } from '../plans/plans.ts'
import { ofTenant } from '../tenancy/policies.ts'

/**
 * That a lease paid by payroll began, changed or ended, as it was then: written with its plan, and put on one statement, as
 * lines are.
 */
export const LeaseChanges = defineEntity({
  ...ofTenant,
  name: 'LeaseChange',
  tableName: 'lease_changes',
  properties: {
    id: text().primary(),
    tenantId: text(),
    clientId: text(),
    employeeId: text(),
    planId: () => p.manyToOne(Plans).mapToPk().joinColumn('plan_id').index(false),
    change: p.enum(LEASE_CHANGES),
    modelCode: text(),
    device: text(),
    /** Exchanged for the one above. */
    previousDevice: text().nullable(),
    /** What a month takes from then on, and took before; minor units. */
    monthlyAmount: amount('monthly_amount').nullable(),
    previousMonthlyAmount: amount('previous_monthly_amount').nullable(),
    currency: text(),
    how: p.enum(LEASE_ENDINGS).nullable(),
    /** In the lease's zone. */
    date: p.date(),
    at: instant(),
    statementId: text().nullable(),
  },
  checks: [{ name: 'lease_changes_end_check', expression: `(change = 'ended') = (how is not null)` }],
  indexes: [
    { name: 'lease_changes_open', properties: ['clientId', 'at', 'id'], where: 'statement_id is null' },
    { name: 'lease_changes_statement', properties: ['statementId', 'change', 'employeeId', 'planId', 'at', 'id'] },
    { name: 'lease_changes_plan', properties: ['planId', 'at', 'id'] },
  ],
})
export type LeaseChangeRow = InferEntity<typeof LeaseChanges>
