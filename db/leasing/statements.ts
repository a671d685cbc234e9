import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, signedAmount, text } from '../columns.ts'
import { Plans } from '../plans/plans.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** What an employer has taken from pay, or is to give back by it: each line is on exactly one statement. */
export const PayrollDeductions = defineEntity({
  ...ofTenant,
  name: 'PayrollDeduction',
  tableName: 'payroll_deductions',
  properties: {
    /** Its transaction's. */
    id: text().primary(),
    tenantId: text(),
    clientId: text(),
    employeeId: text(),
    planId: () => p.manyToOne(Plans).mapToPk().joinColumn('plan_id').index(false),
    /** The model that was leased when it was taken: another one may be by now. */
    modelCode: text(),
    /** What it was called then; null for lines from before that was kept. */
    device: text().nullable(),
    installmentNumber: p.integer().nullable(),
    /** Negative for money back. */
    amount: signedAmount('amount'),
    currency: text(),
    description: text(),
    /** In the lease's zone. */
    date: p.date(),
    at: instant(),
    statementId: text().nullable(),
  },
  indexes: [
    { name: 'payroll_deductions_open', properties: ['clientId', 'at', 'id'], where: 'statement_id is null' },
    { name: 'payroll_deductions_statement', properties: ['statementId', 'employeeId', 'planId', 'id'] },
    { name: 'payroll_deductions_client', properties: ['tenantId', 'clientId', 'date', 'id'] },
    { name: 'payroll_deductions_plan', properties: ['planId', 'at', 'id'] },
  ],
})
export type PayrollDeductionRow = InferEntity<typeof PayrollDeductions>

/** What a client owes for a period. Never changed once it is closed. */
export const Statements = defineEntity({
  ...ofTenant,
  name: 'Statement',
  tableName: 'statements',
  properties: {
    id: text().primary(),
    tenantId: text(),
    clientId: text(),
    /** 1 for the client's first. */
    number: p.integer(),
    status: p.enum(['closing', 'closed']),
    /** First and last day of it, in the client's zone. */
    periodStart: p.date(),
    periodEnd: p.date(),
    /** Lines from before this moment are on it. */
    cutOff: instant(),
    currency: text(),
    lines: p.integer().default(0),
    /** Of its lines. */
    linesAmount: signedAmount('lines_amount').default(0),
    /** What the statement before could not set off against anything; never above 0. */
    carriedIn: signedAmount('carried_in').default(0),
    /** What is left to be set off by the next one; never above 0. */
    carriedOut: signedAmount('carried_out').default(0),
    /** What the client owes by it. */
    total: signedAmount('total').default(0),
    /** How many leases are new, changed and ended in the period, and how many lines are credits. */
    counts: p.json<Record<string, number>>().default('{}'),
    /** The plan by which the total is charged; null while it is not, or when nothing is owed. */
    planId: text().nullable(),
    closedAt: instant().nullable(),
    createdAt: instant(),
  },
  checks: [
    { name: 'statements_carried_check', expression: 'carried_in <= 0 and carried_out <= 0 and total >= 0' },
    {
      name: 'statements_sum_check',
      expression: `status = 'closing' or lines_amount + carried_in = total + carried_out`,
    },
    { name: 'statements_closed_check', expression: `(status = 'closed') = (closed_at is not null)` },
  ],
  indexes: [{ name: 'statements_client', properties: ['tenantId', 'clientId', 'createdAt', 'id'] }],
  uniques: [
    { name: 'statements_number', properties: ['tenantId', 'clientId', 'number'] },
    { name: 'statements_period', properties: ['tenantId', 'clientId', 'cutOff'] },
  ],
})
export type StatementRow = InferEntity<typeof Statements>
