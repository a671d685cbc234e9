import { z } from 'zod'
import { LEASE_ENDINGS } from '../../../domain/leasing/lease-changes.ts'
import { CHANGE_NAMES } from '../../../domain/leasing/statement-lines.ts'
import { amount, date, instant, pageOf, signedAmount } from '../../http/fields.ts'

const minor = (description: string) => signedAmount.meta({ description })

export const StatementPayment = z
  .object({
    plan_id: z.string(),
    status: z.string().meta({ description: 'Of the plan by which it is charged.', example: 'completed' }),
    paid_amount: amount,
    outstanding_amount: amount,
    next_try_at: instant.nullable(),
    escalation_id: z.string().nullable(),
  })
  .meta({ id: 'StatementPayment' })

export const Statement = z
  .object({
    statement_id: z.string(),
    client_id: z.string(),
    number: z.int(),
    status: z.enum(['closing', 'closed']).meta({ description: 'Closed is for ever; while closing, figures are 0.' }),
    period_start: date,
    period_end: date,
    cut_off: instant.meta({ description: 'Deductions from before this moment are on it.' }),
    currency: z.string(),
    line_count: z.int(),
    lines_amount: minor('Deductions less credits; minor units.'),
    carried_in_amount: minor('What the one before could not set off; 0 or below.'),
    carried_out_amount: minor('What is left for the next to set off; 0 or below.'),
    total_amount: amount.meta({ description: 'What the client owes by it.' }),
    counts: z.object({
      new_leases: z.int(),
      changed_leases: z.int(),
      ended_leases: z.int(),
      credits: z.int(),
    }),
    payment: StatementPayment.nullable().meta({ description: 'Null when nothing is owed, or not charged yet.' }),
    pdf_url: z.string().nullable(),
    csv_url: z.string().nullable(),
    created_at: instant,
    closed_at: instant.nullable(),
  })
  .meta({ id: 'Statement' })
export const StatementList = pageOf(Statement, 'Statement')

const StatementLine = z
  .object({
    line_id: z.string(),
    employee_id: z.string(),
    employee_name: z.string().nullable(),
    lease_id: z.string(),
    device: z.string(),
    installment_number: z.int().nullable(),
    amount: minor('Minor units; negative for money back.'),
    description: z.string(),
    date,
  })
  .meta({ id: 'StatementLine' })
export const StatementLineList = pageOf(StatementLine, 'StatementLine')

const StatementLease = z
  .object({
    change: z.enum(CHANGE_NAMES).meta({ description: 'One that did several in the period is listed for each.' }),
    lease_id: z.string(),
    employee_id: z.string(),
    employee_name: z.string().nullable(),
    device_code: z.string(),
    device: z.string(),
    previous_device: z.string().nullable().meta({ description: 'Exchanged for the other in the period.' }),
    since: date,
    monthly_amount: amount.nullable().meta({
      description: 'What a month takes from pay since then, minor units; null for one that ended, or has no months.',
    }),
    previous_monthly_amount: amount.nullable().meta({ description: 'Before that; null for a new one.' }),
    ended_by: z.enum(LEASE_ENDINGS).nullable().meta({
      description: '`canceled` before its term; `transfer`: it goes on, and its employee pays for it.',
    }),
  })
  .meta({
    id: 'StatementLease',
    description: 'As it was when the statement was closed; people under the names that they have now.',
  })
export const StatementLeaseList = pageOf(StatementLease, 'StatementLease')

const PayrollEmployee = z
  .object({
    employee_id: z.string(),
    employee_name: z.string().nullable(),
    accrued_amount: minor('Taken so far, less what was given back.'),
    scheduled_amount: amount.meta({ description: 'Still to come in the month.' }),
    lines: z.array(
      z.object({
        lease_id: z.string(),
        device: z.string(),
        installment_number: z.int().nullable(),
        amount: minor('Minor units; negative for money back.'),
        date: date.meta({
          description: 'Of one that is to come: the day on which it will be attempted, as things stand.',
        }),
        status: z.enum(['accrued', 'scheduled']),
        statement_id: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'PayrollEmployee' })
export const PayrollMonth = z
  .object({
    client_id: z.string(),
    month: z.string().meta({ example: '2027-03' }),
    currency: z.string(),
    data: z.array(PayrollEmployee),
    next_cursor: z.string().nullable(),
  })
  .meta({
    id: 'PayrollMonth',
    description: 'By employee, one page, which may have fewer than asked for; `next_cursor` is null on the last one.',
  })
