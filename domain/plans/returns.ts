import { civilOf, compareInstants } from '../calendar.ts'
import { cancellationFiguredAgain } from './cancel.ts'
import type { Decision, Effect } from './effects.ts'
import { escalate } from './escalate.ts'
import { dueMoment, findInstallment, isEnding, unpaid, withInstallment } from './figures.ts'
import * as ledger from './ledger.ts'
import type { ReturnOutcome } from './outcome.ts'
import type { Installment, Plan } from './plan.ts'
import { refundWanted } from './refunding.ts'
import { MAX_REPRESENTMENTS, nextRetryDay } from './retry.ts'
import { moneyIn, payPart } from './settle.ts'
import type { Instant } from './terms.ts'

/** What gateways say after the fact: money taken back, or money that came for a payment already given up. */

/** `parts` are the instalments that the payment had paid. */
export type PastPayment = { transaction: string; amount: number; parts: { installment: number; amount: number }[] }

/**
 * A payment that had succeeded was taken back (keeps Charging): its instalments reopen. For insufficient funds they take
 * the NSF path, for anything else, and after a cancellation, they go to a broker.
 */
export function returned(plan: Plan, payment: PastPayment, outcome: ReturnOutcome, at: Instant): Decision {
  const effects: Effect[] = [
    { write: 'transaction_changed', id: payment.transaction, returned: payment.amount, declineCode: outcome.code },
    ledger.returned({
      key: `returned:${payment.transaction}`,
      amount: payment.amount,
      description: `Returned: ${outcome.code}`,
      transaction: payment.transaction,
    }),
    {
      write: 'event',
      key: `returned:${payment.transaction}`,
      type: 'payment.returned',
      data: {
        plan_id: plan.id,
        transaction_id: payment.transaction,
        amount: payment.amount,
        decline_code: outcome.code,
      },
    },
    {
      write: 'notice',
      key: `returned:${payment.transaction}`,
      type: 'payment.returned',
      data: { transaction_id: payment.transaction, amount: payment.amount, decline_code: outcome.code },
    },
  ]
  let next: Plan = plan.lifecycle === 'completed' ? { ...plan, lifecycle: 'active' } : plan
  for (const part of payment.parts) {
    const reopened = reopen(next, payment.transaction, part, outcome, at)
    next = withInstallment(next, reopened.installment)
    effects.push(...reopened.effects)
  }
  return { plan: next, effects }
}

function reopen(
  plan: Plan,
  transaction: string,
  part: { installment: number; amount: number },
  outcome: ReturnOutcome,
  at: Instant,
) {
  const installment = findInstallment(plan, part.installment)
  const owedAgain = oweAgain(plan, installment, transaction)
  const reopened: Installment = { ...owedAgain.installment, paid: installment.paid - part.amount }
  // Something else is under way for it, or a broker has it already: that goes on, on the larger amount that is now unpaid.
  const larger: Effect[] = installment.escalation
    ? [{ write: 'escalation_amount', id: installment.escalation, amount: unpaid({ ...reopened, status: 'escalated' }) }]
    : []
  const effects = [...owedAgain.effects, ...larger]
  if (installment.open) return { installment: reopened, effects }
  const isSoft = outcome.severity === 'soft' && !isEnding(plan) && !installment.escalation
  // Paid ahead, and not due yet: it is charged when it is, as if nothing had been paid.
  if (isSoft && compareInstants(dueMoment(installment, plan.terms), at) > 0) {
    return { installment: { ...reopened, status: 'scheduled' as const }, effects }
  }
  const retries = Math.min(plan.terms.retryPolicy.retries, MAX_REPRESENTMENTS)
  const retryOn = nextRetryDay(
    { ...plan.terms.retryPolicy, retries },
    installment.retries,
    civilOf(at, plan.terms.timezone),
  )
  if (isSoft && retryOn) {
    return { installment: { ...reopened, status: 'retrying' as const, retryOn }, effects }
  }
  const reason = outcome.severity === 'soft' ? 'payment_returned' : 'payment_disputed'
  const escalated = escalate(plan, { ...reopened, status: 'escalated' }, transaction, reason, outcome.code)
  return { installment: escalated.installment, effects: [...effects, ...escalated.effects] }
}

/**
 * What was not owed any more of an instalment that was part-paid when it was given up. After a cancellation it stays so;
 * what a broker wrote off because the rest was paid is owed again with that rest.
 */
function oweAgain(plan: Plan, installment: Installment, transaction: string) {
  const { status, amount, paid, number } = installment
  const rest = amount - paid
  if (rest <= 0 || (status !== 'waived' && status !== 'canceled')) return { installment, effects: [] }
  if (isEnding(plan)) return { installment: { ...installment, amount: paid }, effects: [] }
  const key = `write-off-undone:${transaction}:${number}`
  const waived = ledger.waived({ key, amount: rest, description: 'No longer written off: the rest was returned' })
  return { installment, effects: [ledger.reversed(waived, key, waived.description)] }
}

/**
 * Money came for a payment that counted as failed (the customer completed it, or the gateway changed its mind). It
 * pays its own instalments as far as they are unpaid, then the oldest unpaid; what is left is given back.
 */
export function receivedLate(plan: Plan, payment: PastPayment, at: Instant): Decision {
  const effects = received(plan, payment)
  if (isEnding(plan)) return countedAfterCancellation(plan, payment, effects, at)
  let left = payment.amount
  let next = plan
  const parts: PastPayment['parts'] = []
  for (const installment of payableFirst(plan, payment)) {
    const amount = Math.min(left, unpaid(installment))
    if (amount === 0) break
    left -= amount
    parts.push({ installment: installment.number, amount })
    const paid = payPart(installment, amount)
    next = withInstallment(next, paid.installment)
    effects.push(...paid.effects)
  }
  // A return of this money must find the instalments that it has really paid.
  const changed: Effect = { write: 'transaction_changed', id: payment.transaction, status: 'succeeded', parts }
  if (left === 0) return { plan: next, effects: [changed, ...effects] }
  const refund = refundWanted(next, left, 'overpaid')
  return { plan: refund.plan, effects: [changed, ...effects, ...refund.effects] }
}

function received(plan: Plan, { transaction, amount }: PastPayment): Effect[] {
  return [
    ...moneyIn(plan, transaction, amount, 'a payment that was completed later'),
    {
      write: 'event',
      key: `paid:${transaction}`,
      type: 'payment.completed',
      data: { plan_id: plan.id, transaction_id: transaction, amount },
    },
  ]
}

/** Its own instalments first, then the oldest. */
function payableFirst(plan: Plan, payment: PastPayment): Installment[] {
  const own = payment.parts.map((p) => p.installment)
  return plan.installments
    .filter((i) => !i.open && unpaid(i) > 0)
    .toSorted(
      (a, b) => Number(own.includes(b.number)) - Number(own.includes(a.number)) || (a.dueDate < b.dueDate ? -1 : 1),
    )
}

/** What a cancelled plan still receives counts as paid, and the cancellation is computed again (keeps Cancelling). */
function countedAfterCancellation(plan: Plan, payment: PastPayment, effects: Effect[], at: Instant): Decision {
  let next = plan
  let kept = 0
  let left = payment.amount
  const parts: PastPayment['parts'] = []
  for (const part of payment.parts) {
    const installment = findInstallment(next, part.installment)
    // Somebody else may have paid it meanwhile: an instalment takes no more than its amount.
    const taken = Math.min(part.amount, installment.amount - installment.paid)
    if (taken === 0) continue
    left -= taken
    parts.push({ installment: part.installment, amount: taken })
    const owed = installment.open ? 0 : Math.min(unpaid(installment), taken)
    const paid = owed > 0 ? payPart(installment, owed) : { installment, effects: [] }
    kept += taken - owed
    next = withInstallment(next, { ...paid.installment, paid: installment.paid + taken })
    effects.push(...paid.effects)
  }
  effects.unshift({ write: 'transaction_changed', id: payment.transaction, status: 'succeeded', parts })
  if (kept > 0) {
    const description = 'Owed after all, as far as it was paid later'
    effects.push(ledger.owed({ key: `owed-again:${payment.transaction}`, amount: kept, description }))
  }
  if (left > 0) {
    const refund = refundWanted(next, left, 'overpaid')
    next = refund.plan
    effects.push(...refund.effects)
  }
  const figured = cancellationFiguredAgain(next, at)
  return { plan: figured.plan, effects: [...effects, ...figured.effects] }
}
