import type { EscalationRow } from '../../db/plans/escalations.ts'
import type { TransactionRow } from '../../db/plans/transactions.ts'
import { decimalOf, formatMoney } from '../../domain/money.ts'
import type { EscalationReason } from '../../domain/plans/effects.ts'
import { reasonInWords } from '../../domain/plans/words.ts'
import type { Case } from '../../gateways/salesforce/cases.ts'

const URGENT: readonly EscalationReason[] = ['payment_disputed', 'payment_returned', 'refund_failed']

/** The case of an escalation, with its history. Nothing of it says who the customer is, nor what a broker wrote. */
export function caseOf(escalation: EscalationRow, attempts: TransactionRow[]): Case {
  const { amount, currency, reason, code, status } = escalation
  const about = reason === 'not_dispatched' ? '' : `: ${formatMoney(amount, currency)}`
  return {
    externalId: escalation.id,
    subject: `${subjectOf(escalation)}${about} (${reason.replaceAll('_', ' ')})`,
    description: descriptionOf(escalation, attempts),
    isOpen: status === 'open',
    priority: URGENT.includes(reason) ? 'High' : 'Medium',
    planId: escalation.planId,
    customerId: escalation.customerId,
    amount: decimalOf(amount, currency),
    currency,
    reason,
    code: code ?? null,
  }
}

function subjectOf({ installmentNumber, refundNumber, reason }: EscalationRow): string {
  if (reason === 'not_dispatched') return 'Device not dispatched'
  if (refundNumber !== null) return `Refund ${refundNumber} not given back`
  return installmentNumber === 0 ? 'Balance of the cancellation unpaid' : `Instalment ${installmentNumber} unpaid`
}

function descriptionOf(escalation: EscalationRow, attempts: TransactionRow[]): string {
  const { openedAt, resolvedAt, resolution, reason, code } = escalation
  const lines = [
    `${reasonInWords(reason)}${code ? ` Code: ${code}.` : ''}`,
    '',
    `Plan: ${escalation.planId}`,
    `Escalation: ${escalation.id}`,
    `Opened: ${openedAt}`,
    ...attempts.map(attemptLine),
  ]
  if (resolvedAt !== null) lines.push(`Resolved: ${resolvedAt} (${resolution?.action ?? 'unknown'})`)
  return lines.join('\n')
}

function attemptLine({ type, attempt, amount, currency, status, declineCode, createdAt }: TransactionRow): string {
  const what = type === 'refund' ? 'Refund' : attempt === null ? 'Payment' : `Attempt ${attempt}`
  return `${what}: ${createdAt}, ${formatMoney(amount, currency)}, ${status}${declineCode ? ` (${declineCode})` : ''}`
}
