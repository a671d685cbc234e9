import type { LeaseEnding } from '../../../domain/leasing/lease-changes.ts'
import type { StatementWords } from '../wording.ts'

const some = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`

const ENDINGS: Record<LeaseEnding, string> = {
  return: 'returned',
  buy_out: 'bought',
  lost: 'lost',
  stolen: 'stolen',
  canceled: 'before its term',
  transfer: 'paid by the employee',
}

export const statement: StatementWords = {
  title: (number) => `Statement ${number}`,
  client: 'Client',
  period: 'Period',
  days: (first, last) => (first === last ? first : `${first} to ${last}`),
  closed: 'Closed on',
  leases: 'Leases',
  counts: (began, changed, ended) => `${began} new, ${changed} changed, ${ended} ended`,
  lines: 'Lines',
  linesOf: (lines, employees, credits) =>
    `${lines} of ${some(employees, 'employee')}${credits === 0 ? '' : `, ${some(credits, 'credit')} among them`}`,
  linesAmount: 'Deductions less credits',
  carriedIn: 'Carried over from before',
  carriedOut: 'Carried to the next',
  total: 'To pay',
  columns: { employee: 'Employee', lease: 'Lease', device: 'Device', what: 'For', date: 'Date', amount: 'Amount' },
  installment: (number) => (number === 0 ? 'Balance' : `Instalment ${number}`),
  credit: 'Credit',
  employeeTotal: (name) => `Total of ${name}`,
  leaseColumns: { change: 'New, changed or ended', since: 'Since', before: 'A month before', monthly: 'A month now' },
  change: (change, how) =>
    ({ began: 'New', changed: 'Changed', ended: how === null ? 'Ended' : `Ended: ${ENDINGS[how]}` })[change],
  instead: (device, previous) => `${device} (was ${previous})`,
  pageOf: (page, pages) => `Page ${page} of ${pages}`,
  letter: (f) => ({
    subject: f.isOwed ? `Statement ${f.number}: ${f.total} to pay` : `Statement ${f.number}: nothing to pay`,
    paragraphs: [
      `Your statement of ${f.days} is closed.`,
      f.isOwed
        ? f.paymentMethod
          ? `We charge ${f.total} to ${f.paymentMethod} now; you need not do anything.`
          : `${f.total} is due now. Please give us a payment method to charge.`
        : 'Nothing is charged for it.',
    ],
    facts: [
      ['Lines', f.lines],
      ['Deductions less credits', f.linesAmount],
      ['Carried over from before', f.carriedIn],
      ['To pay', f.total],
      ['Carried to the next', f.carriedOut],
    ],
    after: [
      f.isAttached
        ? 'Every line is attached, as a PDF and as a table (CSV).'
        : 'It has too many lines for a letter: get the PDF and the table (CSV) where you manage your leases.',
    ],
  }),
  footer: (id) => `Statement ${id}. You get this letter because your company leases devices.`,
}
