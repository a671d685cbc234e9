import type { PayrollEmployee } from '../../../db/leasing/read-payroll.ts'
import type { StatementPayment } from '../../../db/leasing/read-statements.ts'
import type { StatementRow } from '../../../db/leasing/statements.ts'
import { CHANGE_NAMES, type StatementLease, type StatementLine } from '../../../domain/leasing/statement-lines.ts'
import { sum } from '../../../domain/plans/figures.ts'

export function showStatement(row: StatementRow, payment: StatementPayment | null) {
  const { counts } = row
  const file = (kind: string) => (row.status === 'closed' ? `/statements/${encodeURIComponent(row.id)}.${kind}` : null)
  return {
    statement_id: row.id,
    client_id: row.clientId,
    number: row.number,
    status: row.status,
    period_start: row.periodStart,
    period_end: row.periodEnd,
    cut_off: row.cutOff,
    currency: row.currency,
    line_count: row.lines,
    lines_amount: row.linesAmount,
    carried_in_amount: row.carriedIn,
    carried_out_amount: row.carriedOut,
    total_amount: row.total,
    counts: {
      new_leases: counts.new ?? 0,
      changed_leases: counts.changed ?? 0,
      ended_leases: counts.ended ?? 0,
      credits: counts.credits ?? 0,
    },
    payment: payment && {
      plan_id: payment.plan,
      status: payment.status,
      paid_amount: payment.paid,
      outstanding_amount: payment.outstanding,
      next_try_at: payment.nextTryAt,
      escalation_id: payment.escalation,
    },
    pdf_url: file('pdf'),
    csv_url: file('csv'),
    created_at: row.createdAt,
    closed_at: row.closedAt ?? null,
  }
}

export function showLine(line: StatementLine) {
  return {
    line_id: line.id,
    employee_id: line.employee,
    employee_name: line.employeeName,
    lease_id: line.lease,
    device: line.device,
    installment_number: line.installment,
    amount: line.amount,
    description: line.description,
    date: line.date,
  }
}

export function showLease(lease: StatementLease) {
  return {
    change: CHANGE_NAMES[lease.change],
    lease_id: lease.lease,
    employee_id: lease.employee,
    employee_name: lease.employeeName,
    device_code: lease.model,
    device: lease.device,
    previous_device: lease.previousDevice,
    since: lease.since,
    monthly_amount: lease.monthly,
    previous_monthly_amount: lease.previousMonthly,
    ended_by: lease.how,
  }
}

export function showPayroll({ employee, employeeName, lines }: PayrollEmployee) {
  const of = (isAccrued: boolean) =>
    sum(
      lines.filter((line) => line.isAccrued === isAccrued),
      ({ amount }) => amount,
    )
  return {
    employee_id: employee,
    employee_name: employeeName,
    accrued_amount: of(true),
    scheduled_amount: of(false),
    lines: lines.map((line) => ({
      lease_id: line.lease,
      device: line.device,
      installment_number: line.installment,
      amount: line.amount,
      date: line.date,
      status: line.isAccrued ? ('accrued' as const) : ('scheduled' as const),
      statement_id: line.statement,
    })),
  }
}
