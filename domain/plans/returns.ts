import { civilOf, compareInstants } from '../calendar.ts'
import { cancellationFiguredAgain } from './cancel.ts'
import type { Decision, Effect, Entry, TransactionChanged } from './effects.ts'
import { escalate } from './escalate.ts'
import { dueMoment, findInstallment, isEnding, sum, unpaid, withInstallment } from './figures.ts'
import { nth } from './keys.ts'
import * as ledger from './ledger.ts'
import type { ReturnOutcome } from './outcome.ts'
import type { Installment, Part, Plan } from './plan.ts'
import { excessWithdrawn } from './refund-back.ts'
import { refundWanted } from './refunding.ts'
import { MAX_REPRESENTMENTS, nextRetryDay } from './retry.ts'
import { moneyIn, payPart } from './settle.ts'
import type { Instant } from './terms.ts'

/** What gateways say after the fact: money taken back, or money that came for a payment already given up. */

/**
 * `parts` are the instalments that the payment had paid. `amount` is what has come or was taken, so far as the gateway
 * had not given it back: it may be more than they take. `returns`: how often it has been taken back so far.
 */
export type PastPayment = { transaction: string; amount: number; parts: Part[]; returns: number }

/**
 * A payment that had succeeded was taken back (keeps Charging): its instalments reopen. For insufficient funds they take
 * the NSF path, for anything else, and after a cancellation, they go to a broker.
 */
export function returned(plan: Plan, payment: PastPayment, outcome: ReturnOutcome, at: Instant): Decision {
  const { transaction, parts } = payment
  const withdrawn = excessWithdrawn(plan, transaction)
  const reopens = sum(parts, (part) => part.amount) + withdrawn.amount
  // A broker has given it back elsewhere, and now it was taken back as well.
  const lost = Math.max(payment.amount - reopens, 0)
  const amount = reopens + lost
  if (amount === 0) return { plan, effects: [] }
  const time = nth(transaction, payment.returns + 1)
  const key = `returned:${time}`
  const data = { transaction_id: transaction, amount, decline_code: outcome.code }
  const effects: Effect[] = [
    { write: 'transaction_changed', id: transaction, returned: amount, declineCode: outcome.code },
    ledger.returned({ key, amount, description: `Returned: ${outcome.code}`, transaction }),
    { write: 'event', key, type: 'payment.returned', data: { plan_id: plan.id, ...data } },
    { write: 'notice', key, type: 'payment.returned', data },
    ...withdrawn.effects,
    ...(lost > 0 ? [writtenOff(time, lost)] : []),
  ]
  const isReopened = plan.lifecycle === 'completed' && parts.length > 0
  const before = { ...withdrawn.plan, lost: plan.lost + lost }
  let next: Plan = isReopened ? { ...before, lifecycle: 'active' } : before
  for (const part of parts) {
    const reopened = reopen(next, time, part, outcome, at)
    const writeOffsByAdjustment = next.writeOffsByAdjustment - reopened.undone
    next = withInstallment({ ...next, writeOffsByAdjustment }, reopened.installment)
    effects.push(...reopened.effects)
  }
  return { plan: next, effects }
}

function writtenOff(time: string, amount: number): Entry {
  const description = 'Written off: taken back after it had been given back elsewhere'
  return ledger.waived({ key: `lost:${time}`, amount, description })
}

/** `time` is the transaction, and which time it was taken back: what is opened by it is opened once. */
function reopen(
  plan: Plan,
  time: string,
  part: { installment: number; amount: number },
  outcome: ReturnOutcome,
  at: Instant,
) {
  const installment = findInstallment(plan, part.installment)
  const owedAgain = oweAgain(plan, installment, time)
  const reopened: Installment = { ...owedAgain.installment, paid: installment.paid - part.amount }
  // Something else is under way for it, or a broker has it already: that goes on, on the larger amount that is now unpaid.
  const larger: Effect[] = installment.escalation
    ? [{ write: 'escalation_amount', id: installment.escalation, amount: unpaid({ ...reopened, status: 'escalated' }) }]
    : []
  const { undone } = owedAgain
  const effects = [...owedAgain.effects, ...larger]
  if (installment.open) return { installment: reopened, effects, undone }
  const isSoft = outcome.severity === 'soft' && !isEnding(plan) && !installment.escalation
  // Paid ahead, and not due yet: it is charged when it is, as if nothing had been paid.
  if (isSoft && compareInstants(dueMoment(installment, plan.terms), at) > 0) {
    return { installment: { ...reopened, status: 'scheduled' as const }, effects, undone }
  }
  const retries = Math.min(plan.terms.retryPolicy.retries, MAX_REPRESENTMENTS)
  const retryOn = nextRetryDay(
    { ...plan.terms.retryPolicy, retries },
    installment.retries,
    civilOf(at, plan.terms.timezone),
  )
  if (isSoft && retryOn) {
    return { installment: { ...reopened, status: 'retrying' as const, retryOn }, effects, undone }
  }
  const reason = outcome.severity === 'soft' ? 'payment_returned' : 'payment_disputed'
  const escalated = escalate(plan, { ...reopened, status: 'escalated' }, time, reason, outcome.code)
  return { installment: escalated.installment, effects: [...effects, ...escalated.effects], undone }
}

/**
 * What was not owed any more of an instalment that was part-paid when it was given up. After a cancellation it stays so;
 * what a broker wrote off because the rest was paid is owed again with that rest, so far as no lower total has undone that.
 */
function oweAgain(plan: Plan, installment: Installment, time: string): OwedAgain {
  const { status, amount, paid, number } = installment
  const rest = amount - paid
  if (rest <= 0 || (status !== 'waived' && status !== 'canceled')) return { installment, effects: [], undone: 0 }
  if (isEnding(plan)) return { installment: { ...installment, amount: paid }, effects: [], undone: 0 }
  const undone = Math.min(rest, plan.writeOffsByAdjustment)
  const owed = { installment: { ...installment, amount: amount - undone }, undone }
  if (rest === undone) return { ...owed, effects: [] }
  const key = `write-off-undone:${time}:${number}`
  const description = 'No longer written off: the rest was returned'
  const waived = ledger.waived({ key, amount: rest - undone, description })
  return { ...owed, effects: [ledger.reversed(waived, key, description)] }
}

/** `undone` is what of it an adjustment had taken back of the write-off, and is no part of the instalment any more. */
type OwedAgain = { installment: Installment; effects: Effect[]; undone: number }

/**
 * Money came for a payment that counted as failed (the customer completed it, or the gateway changed its mind). It
 * pays its own instalments as far as they are unpaid, then the oldest unpaid; what is left is given back.
 */
export function receivedLate(plan: Plan, payment: PastPayment, at: Instant): Decision {
  const { transaction, amount } = payment
  const data = { plan_id: plan.id, transaction_id: transaction, amount }
  const effects: Effect[] = [
    ...moneyIn(plan, transaction, amount, 'a payment that was completed later'),
    { write: 'event', key: `paid:${transaction}`, type: 'payment.completed', data },
  ]
  return spread(plan, payment, { effects, change: { status: 'succeeded' }, key: transaction }, at)
}

/**
 * What had been taken back has come again: the dispute was won, or the bank thought better of it (keeps Charging). It
 * pays what it had paid, as far as nobody else has paid that meanwhile; the rest is as for money that comes late.
 */
export function reinstated(plan: Plan, payment: PastPayment, at: Instant): Decision {
  const { transaction, amount } = payment
  const time = nth(transaction, payment.returns)
  const key = `reinstated:${time}`
  const data = { transaction_id: transaction, amount }
  const description = 'Paid again: what was taken back has come again'
  const effects: Effect[] = [
    ledger.paid({ key, amount, description, transaction }),
    { write: 'event', key, type: 'payment.reinstated', data: { plan_id: plan.id, ...data } },
    { write: 'notice', key, type: 'payment.reinstated', data },
  ]
  return spread(plan, payment, { effects, change: { returned: 0, declineCode: null }, key: `reinstated:${time}` }, at)
}

/** How money came: what is told of it, what it makes of its transaction, and a key for what else follows. */
type Came = { effects: Effect[]; change: Omit<TransactionChanged, 'write' | 'id'>; key: string }

function spread(plan: Plan, payment: PastPayment, came: Came, at: Instant): Decision {
  if (isEnding(plan)) return countedAfterCancellation(plan, payment, came, at)
  const { effects } = came
  let left = payment.amount
  let next = plan
  const parts: Part[] = []
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
  const changed: Effect = { write: 'transaction_changed', id: payment.transaction, ...came.change, parts }
  const rest = tooMuch(next, payment, left, came.key)
  return { plan: rest.plan, effects: [changed, ...effects, ...rest.effects] }
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
function countedAfterCancellation(plan: Plan, payment: PastPayment, came: Came, at: Instant): Decision {
  const { effects } = came
  let next = plan
  let kept = 0
  let left = payment.amount
  const parts: Part[] = []
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
  effects.unshift({ write: 'transaction_changed', id: payment.transaction, ...came.change, parts })
  if (kept > 0) {
    const description = 'Owed after all, as far as it was paid later'
    effects.push(ledger.owed({ key: `owed-again:${came.key}`, amount: kept, description }))
  }
  const rest = tooMuch(next, payment, left, came.key)
  const figured = cancellationFiguredAgain(rest.plan, at)
  return { plan: figured.plan, effects: [...effects, ...rest.effects, ...figured.effects] }
}

/** More came than is owed: it makes up for what was lost; what is left is given back. */
function tooMuch(plan: Plan, { transaction }: PastPayment, amount: number, key: string): Decision {
  const madeUp = Math.min(amount, plan.lost)
  const effects: Effect[] = []
  if (madeUp > 0) {
    const description = 'No longer written off: what was lost has come again'
    const entry = ledger.waived({ key: `made-up:${key}`, amount: madeUp, description })
    effects.push(ledger.reversed(entry, entry.key, description))
  }
  const next = madeUp > 0 ? { ...plan, lost: plan.lost - madeUp } : plan
  if (amount === madeUp) return { plan: next, effects }
  const refund = refundWanted(next, amount - madeUp, 'overpaid', transaction)
  return { plan: refund.plan, effects: [...effects, ...refund.effects] }
}
