import type { Effect } from './effects.ts'
import { resolved } from './escalate.ts'
import { unpaid } from './figures.ts'
import * as ledger from './ledger.ts'
import type { Installment, Plan } from './plan.ts'
import type { CivilDate } from './terms.ts'

/** What settles an instalment, whoever paid it or gave it up. */

/** Ledger entry, receipt and the receipt's notice for one payment that succeeded. */
export function moneyIn(plan: Pick<Plan, 'id'>, transaction: string, amount: number, what: string): Effect[] {
  return [
    ledger.paid({ key: `paid:${transaction}`, amount, description: `Paid: ${what}`, transaction }),
    { write: 'receipt', transaction, type: 'payment', amount },
    {
      write: 'notice',
      key: `receipt:${transaction}`,
      type: 'payment.receipt',
      data: { transaction_id: transaction, amount, plan_id: plan.id },
    },
  ]
}

/** The same for what the employer takes from pay: a line of its next statement, and no receipt, since no money moved yet. */
export function takenFromPay(
  transaction: string,
  amount: number,
  { installment, date }: { installment: Installment; date: CivilDate },
): Effect[] {
  const description = `Deducted from pay: ${describe(installment)}`
  return [
    ledger.deducted({ key: `paid:${transaction}`, amount, description, transaction }),
    { write: 'deduction', transaction, installment: installment.number, amount, description, date },
  ]
}

/** Money back of what was taken from pay: a credit for the employer's next statement, and with it for the employee's pay. */
export function givenBackByPay(
  plan: Pick<Plan, 'id'>,
  transaction: string,
  { amount, date }: { amount: number; date: CivilDate },
): Effect[] {
  const description = 'Given back by pay'
  const key = `refunded:${transaction}`
  const data = { plan_id: plan.id, transaction_id: transaction, amount }
  return [
    ledger.owedByPayroll({ key, amount, description, transaction }),
    { write: 'deduction', transaction, installment: null, amount: -amount, description, date },
    { write: 'event', key, type: 'refund.completed', data },
  ]
}

/** Puts money on an instalment: paid when it covers it, otherwise as before with less to pay. */
export function payPart(installment: Installment, amount: number): { installment: Installment; effects: Effect[] } {
  const paid = { ...installment, paid: installment.paid + amount }
  if (paid.paid === paid.amount) return { installment: asPaid(paid), effects: resolved(installment, 'paid') }
  const lowered: Effect[] = installment.escalation
    ? [{ write: 'escalation_amount', id: installment.escalation, amount: unpaid(paid) }]
    : []
  return { installment: paid, effects: lowered }
}

export function asPaid(installment: Installment): Installment {
  return { ...installment, status: 'paid', open: null, retryOn: null, extra: null, escalation: null, askedBy: null }
}

/** The plan was cancelled while this was being charged, and the charge failed: nothing is owed any more. */
export function droppedByCancellation(
  installment: Installment,
  transaction: string,
): { installment: Installment; effects: Effect[] } {
  const amount = unpaid(installment)
  const key = `dropped:${transaction}:${installment.number}`
  const effects: Effect[] = [
    ...(amount > 0
      ? [ledger.noLongerOwed({ key, amount, description: `No longer owed: ${describe(installment)}` })]
      : []),
    ...resolved(installment, 'plan_canceled'),
  ]
  return {
    installment: { ...installment, status: 'canceled' as const, retryOn: null, extra: null, escalation: null },
    effects,
  }
}

export function describe(installment: Installment): string {
  return installment.number === 0 ? 'balance of the cancellation' : `instalment ${installment.number}`
}
