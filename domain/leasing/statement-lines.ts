import { decimalOf, type Minor } from '../money.ts'
import type { CivilDate, Instant } from '../plans/terms.ts'
import type { LeaseChange, LeaseEnding } from './lease-changes.ts'

/** A line as it stands on a statement; negative for money back. */
export type StatementLine = {
  id: string
  employee: string
  /** Null for one who is not known here any more. */
  employeeName: string | null
  lease: string
  device: string
  installment: number | null
  amount: Minor
  description: string
  date: CivilDate
  at: Instant
}

/** A lease as a statement lists it beside its lines. */
export type StatementLease = {
  change: LeaseChange
  employee: string
  employeeName: string | null
  lease: string
  model: string
  device: string
  /** Exchanged for `device` within the period. */
  previousDevice: string | null
  /** What a month takes from then on, and took before. */
  monthly: Minor | null
  previousMonthly: Minor | null
  /** Of one that ended. */
  how: LeaseEnding | null
  since: CivilDate
}

/** How a change is named to those who read statements by program. */
export const CHANGE_NAMES = { began: 'new', changed: 'changed', ended: 'ended' } as const satisfies Record<
  LeaseChange,
  string
>

const COLUMNS = [
  'employee_id',
  'employee_name',
  'lease_id',
  'device',
  'installment_number',
  'description',
  'date',
  'amount',
  'currency',
  'line_id',
  'entry',
  'model',
  'monthly_amount',
  'previous_monthly_amount',
  'previous_device',
  'how',
] as const

const CSV_HEADER = `${COLUMNS.join(',')}\r\n`

/**
 * A statement as CSV (RFC 4180), amounts as decimal numbers: its lines, then the leases that it lists, whose months are in
 * columns of their own, so that `amount` adds up to what the lines come to.
 */
export async function* statementTable(
  lines: AsyncIterable<StatementLine[]>,
  leases: AsyncIterable<StatementLease[]>,
  currency: string,
): AsyncGenerator<string> {
  yield CSV_HEADER
  for await (const some of lines) yield some.map((line) => csvLine(line, currency)).join('')
  for await (const some of leases) yield some.map((lease) => csvLease(lease, currency)).join('')
}

function csvLine(line: StatementLine, currency: string): string {
  const cells = [
    cell(line.employee),
    cell(line.employeeName ?? ''),
    cell(line.lease),
    cell(line.device),
    String(line.installment ?? ''),
    cell(line.description),
    line.date,
    decimalOf(line.amount, currency),
    currency,
    cell(line.id),
    'line',
    ...Array(5).fill(''),
  ]
  return `${cells.join(',')}\r\n`
}

const DESCRIPTIONS = { began: 'New lease', changed: 'Changed lease', ended: 'Ended lease' }

function csvLease(lease: StatementLease, currency: string): string {
  const decimal = (amount: Minor | null) => (amount === null ? '' : decimalOf(amount, currency))
  const cells = [
    cell(lease.employee),
    cell(lease.employeeName ?? ''),
    cell(lease.lease),
    cell(lease.device),
    '',
    DESCRIPTIONS[lease.change],
    lease.since,
    '',
    currency,
    '',
    CHANGE_NAMES[lease.change],
    cell(lease.model),
    decimal(lease.monthly),
    decimal(lease.previousMonthly),
    cell(lease.previousDevice ?? ''),
    lease.how ?? '',
  ]
  return `${cells.join(',')}\r\n`
}

/** Text that spreadsheets would take for a formula is marked as text: a name must not have anything computed. */
function cell(text: string): string {
  const plain = /^[\s]*[=+\-@]|^[\t\r\n]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
