import type { EscalationRow } from '../../db/plans/escalations.ts'
import type { TransactionRow } from '../../db/plans/transactions.ts'
import { formatMoney } from '../../domain/money.ts'
import type { EscalationReason } from '../../domain/plans/effects.ts'
import type { Case } from '../../gateways/salesforce/cases.ts'
import { decimal } from './formats.ts'

const REASONS: Record<EscalationReason, string> = {
  insufficient_funds: 'There was not enough money, at the last retry as well.',
  payment_declined: 'The bank declined, at the last retry as well.',
  payment_method_invalid: 'The payment method cannot be used any more; the customer was asked for another.',
  gateway_rejected: 'The gateway refused the charge as invalid; nothing was charged.',
  payment_returned: 'A payment that had succeeded was returned by the bank.',
  payment_disputed: 'The customer disputes a payment at the bank.',
  refund_failed: 'The gateway could not give the money back.',
  refund_outside_gateway: 'It was paid outside the gateway and is to be given back the same way.',
  balance_unpaid: 'The balance of a cancellation could not be collected.',
}

const URGENT: readonly EscalationReason[] = ['payment_disputed', 'payment_returned', 'refund_failed']

/** The case of an escalation, with its history. Nothing of it says who the customer is, nor what a broker wrote. */
export function caseOf(escalation: EscalationRow, attempts: TransactionRow[]): Case {
  const { amount, currency, reason, code, status } = escalation
  return {
    externalId: escalation.id,
    subject: `${subjectOf(escalation)}: ${formatMoney(amount, currency)} (${reason.replaceAll('_', ' ')})`,
    description: descriptionOf(escalation, attempts),
    isOpen: status === 'open',
    priority: URGENT.includes(reason) ? 'High' : 'Medium',
    planId: escalation.planId,
    customerId: escalation.customerId,
    amount: decimal(amount, currency),
    currency,
    reason,
    code: code ?? null,
  }
}

function subjectOf({ installmentNumber, refundNumber }: EscalationRow): string {
  if (refundNumber !== null) return `Refund ${refundNumber} not given back`
  return installmentNumber === 0 ? 'Balance of the cancellation unpaid' : `Instalment ${installmentNumber} unpaid`
}

function descriptionOf(escalation: EscalationRow, attempts: TransactionRow[]): string {
  const { openedAt, resolvedAt, resolution, reason, code } = escalation
  const lines = [
    `${REASONS[reason]}${code ? ` Code: ${code}.` : ''}`,
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
