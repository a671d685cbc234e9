import type { Plan } from './plan.ts'

/**
 * Keys of what happens once. Made from the plan and what happened, so that whoever repeats a step after a crash uses
 * the key that was used before. They double as ids in the API, and are readable on purpose: `txn_<plan>_4_2` is the
 * second attempt on instalment 4.
 */

type Named = Pick<Plan, 'id'>

/** The plan's id without its prefix. */
export function planKey(plan: Named): string {
  return plan.id.slice(plan.id.indexOf('_') + 1)
}

export function attemptTransaction(plan: Named, installment: number, attempt: number): string {
  return `txn_${planKey(plan)}_${installment}_${attempt}`
}

export function paymentTransaction(plan: Named, payment: number): string {
  return `txn_${planKey(plan)}_p${payment}`
}

export function refundTransaction(plan: Named, refund: number, piece: number): string {
  return `txn_${planKey(plan)}_r${refund}_${piece}`
}

/** Paid (or given back) outside the gateway and recorded by a broker, which settles an escalation once. */
export function externalTransaction(plan: Named, escalation: string): string {
  return `txn_${planKey(plan)}_${escalation.slice(`esc_${planKey(plan)}_`.length)}_external`
}

/** What makes keys of something that may happen to one transaction several times: `txn_x_4_1`, `txn_x_4_1_again2`… */
export function nth(transaction: string, time: number): string {
  return time === 1 ? transaction : `${transaction}_again${time}`
}

/** Opened by an attempt that failed, or by a return of a transaction (see `nth`): each can do so once. */
export function installmentEscalation(plan: Named, installment: number, by: number | string): string {
  const what = typeof by === 'number' ? by : `returned_${by.slice(`txn_${planKey(plan)}_`.length)}`
  return `esc_${planKey(plan)}_${installment}_${what}`
}

export function refundEscalation(plan: Named, refund: number, round: number): string {
  return `esc_${planKey(plan)}_r${refund}_${round}`
}

/** The number of the refund that a transaction is a piece of; `null` for a charge. */
export function refundNumberOf(plan: Named, transaction: string): number | null {
  const rest = transaction.slice(`txn_${planKey(plan)}_`.length)
  const [, number] = /^r(\d+)_/.exec(rest) ?? []
  return number === undefined ? null : Number(number)
}

/** The number of the instalment that a transaction was an attempt on; `null` for one-off payments and refunds. */
export function installmentNumberOf(plan: Named, transaction: string): number | null {
  const rest = transaction.slice(`txn_${planKey(plan)}_`.length)
  const [, number] = /^(\d+)_\d+$/.exec(rest) ?? []
  return number === undefined ? null : Number(number)
}
