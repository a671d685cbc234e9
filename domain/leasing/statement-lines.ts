import { decimalOf, type Minor } from '../money.ts'
import type { CivilDate, Instant } from '../plans/terms.ts'

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
] as const

export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`

/** One line as CSV (RFC 4180), its amount as a decimal number. */
export function csvLine(line: StatementLine, currency: string): string {
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
  ]
  return `${cells.join(',')}\r\n`
}

/** Text that spreadsheets would take for a formula is marked as text: a name must not have anything computed. */
function cell(text: string): string {
  const plain = /^[\s]*[=+\-@]|^[\t\r\n]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
