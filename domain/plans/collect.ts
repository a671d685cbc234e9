import { civilOf, compareInstants, moment } from '../calendar.ts'
import { isBankDebit, pollAfter } from './debits.ts'
import type { Decision, Effect, EscalationReason } from './effects.ts'
import { escalate, escalationNotice } from './escalate.ts'
import { dueMoment, findInstallment, isEnding, unpaid, withInstallment } from './figures.ts'
import { attemptTransaction } from './keys.ts'
import type { ChargeOutcome } from './outcome.ts'
import {
  type AttemptCause,
  type Installment,
  type OpenAttempt,
  type OpenLink,
  PAYROLL,
  type PaymentMethod,
  type Plan,
} from './plan.ts'
import { nextRetryDay } from './retry.ts'
import { describe, droppedByCancellation, moneyIn, payPart, takenFromPay } from './settle.ts'
import type { Instant } from './terms.ts'

/**
 * Collecting one instalment: an attempt begins, the gateway's answer settles it. What becomes of the instalment is
 * decided from the instalment alone and the terms, so that the activity that talks to the gateway and the workflow that
 * holds the plan come to the same end.
 */

export type Collector = Pick<Plan, 'id' | 'terms' | 'lifecycle'>

/** What an attempt is, as the gateway and the database are told of it. */
export type Attempt = {
  installment: number
  attempt: number
  cause: AttemptCause
  transaction: string
  amount: number
  paymentMethod: PaymentMethod
}

/** Begins the next attempt on an instalment: from now on nothing else is charged for it (keeps Charging). */
export function attemptStarted(plan: Plan, number: number, cause: AttemptCause, now: Instant): Plan {
  const before = findInstallment(plan, number)
  const attempt = before.attempts + 1
  const open: OpenAttempt = {
    by: 'charge',
    attempt,
    cause,
    transaction: attemptTransaction(plan, number, attempt),
    amount: unpaid(before),
    paymentMethod: plan.paymentMethod,
    before: before.status,
    state: 'asked',
    pollAt: null,
  }
  const today = civilOf(now, plan.terms.timezone)
  // What an adjustment made due at once is no charge of the schedule.
  const isFirst = cause === 'due' && before.atOnce === null
  const started: Installment = {
    ...before,
    status: 'processing',
    open,
    attempts: attempt,
    firstTriedOn: isFirst ? today : before.firstTriedOn,
    triedOn: isFirst || cause === 'retry' ? today : before.triedOn,
    retries: cause === 'retry' ? before.retries + 1 : before.retries,
    retryOn: cause === 'retry' ? null : before.retryOn,
    extra: null,
  }
  return {
    ...withInstallment(plan, started),
    lastDebitAt: isBankDebit(plan.paymentMethod.type) ? now : plan.lastDebitAt,
  }
}

/** The attempt that is open on an instalment, if it is one of the schedule and not a one-off payment. */
export function openAttempt(plan: Plan, number: number): Attempt | null {
  const installment = findInstallment(plan, number)
  if (installment.open?.by !== 'charge') return null
  const { attempt, cause, transaction, amount, paymentMethod } = installment.open
  return { installment: number, attempt, cause, transaction, amount, paymentMethod }
}

/** What a gateway's answer makes of an instalment (keeps Charging, NSF). `at` is the moment at which it became known. */
export function settleInstallment(
  plan: Collector,
  installment: Installment,
  outcome: ChargeOutcome,
  at: Instant,
): { installment: Installment; effects: Effect[] } {
  const open = installment.open
  if (open?.by !== 'charge') return { installment, effects: [] }
  if (outcome.result === 'processing') {
    const pollAt = pollAfter(open.paymentMethod.type, at)
    const data = { transaction_id: open.transaction, amount: open.amount }
    const told: Effect[] =
      open.state === 'processing'
        ? []
        : [happened(`processing:${open.transaction}`, 'payment.processing', plan, installment, data)]
    return { installment: { ...installment, open: { ...open, state: 'processing', pollAt } }, effects: told }
  }
  const openLink: OpenLink | null =
    outcome.result === 'requires_action' ? { transaction: open.transaction, amount: open.amount, pollAt: null } : null
  const closed: Installment = { ...installment, open: null, openLink, status: open.before }
  if (outcome.result === 'succeeded') return paidBy(plan, closed, open, at)
  if (isEnding(plan) && installment.number !== 0) return droppedByCancellation(closed, open.transaction)
  return notPaid(plan, closed, open, outcome, at)
}

/** The same for the whole plan. */
export function attemptSettled(plan: Plan, number: number, outcome: ChargeOutcome, at: Instant): Decision {
  const known = findInstallment(plan, number)
  const settled = settleInstallment(plan, known, outcome, at)
  return { plan: withInstallment(plan, onNewMethod(plan, known, settled.installment)), effects: settled.effects }
}

/**
 * The payment method was replaced while an attempt was open that failed: the new one is tried at once, as it would have
 * been had it come after the decline (keeps NSF).
 */
function onNewMethod(plan: Plan, before: Installment, settled: Installment): Installment {
  const isOld = before.open?.by === 'charge' && before.open.paymentMethod.id !== plan.paymentMethod.id
  const isOwed = settled.status === 'retrying' || settled.status === 'escalated'
  return isOld && isOwed ? { ...settled, extra: 'payment_method' } : settled
}

/**
 * Takes over an attempt that was settled and written beside the plan: the effects are only what is still to be written.
 * `written` is the instalment as it was written, by somebody who may not have known of a cancellation that the plan
 * knows of, or of a return: what is left to pay is dropped after all (keeps Cancelling).
 */
export function attemptHeard(
  plan: Plan,
  number: number,
  outcome: ChargeOutcome,
  { written, at }: { at: Instant; written: Installment },
): Decision {
  const known = findInstallment(plan, number)
  const failed = outcome.result !== 'succeeded' && outcome.result !== 'processing'
  const heard = attemptSettled(plan, number, outcome, at).plan
  if (known.open?.by !== 'charge') return { plan: heard, effects: [] }
  const settled = findInstallment(heard, number)
  if (failed && settled.status === 'canceled' && written.status !== 'canceled') {
    const dropped = droppedByCancellation({ ...written, paid: settled.paid }, known.open.transaction)
    return { plan: withInstallment(heard, dropped.installment), effects: dropped.effects }
  }
  return { plan: withInstallment(heard, { ...settled, escalation: written.escalation }), effects: [] }
}

/** Puts a payment on its instalment; an open escalation is resolved when nothing is left to pay (keeps NSF). */
function paidBy(
  plan: Collector,
  installment: Installment,
  { transaction, amount, paymentMethod }: Extract<OpenAttempt, { by: 'charge' }>,
  at: Instant,
) {
  const paid = payPart(installment, amount)
  const data = { transaction_id: transaction, amount }
  const moved =
    paymentMethod.type === PAYROLL.type
      ? takenFromPay(transaction, amount, { installment, date: civilOf(at, plan.terms.timezone) })
      : moneyIn(plan, transaction, amount, describe(installment))
  return {
    // Something was taken back meanwhile: what is unpaid again is due, and is begun anew.
    installment:
      unpaid(paid.installment) > 0 ? { ...paid.installment, status: 'scheduled' as const } : paid.installment,
    effects: [...moved, happened(`paid:${transaction}`, 'payment.completed', plan, installment, data), ...paid.effects],
  }
}

function notPaid(
  plan: Collector,
  installment: Installment,
  open: Extract<OpenAttempt, { by: 'charge' }>,
  outcome: Exclude<ChargeOutcome, { result: 'succeeded' | 'processing' }>,
  at: Instant,
) {
  const failed = happened(`failed:${open.transaction}`, 'payment.failed', plan, installment, {
    transaction_id: open.transaction,
    decline_code: outcome.code,
    amount: unpaid(installment),
  })
  const hard = outcome.result === 'rejected' || (outcome.result === 'declined' && outcome.severity === 'hard')
  const next = hard
    ? escalatedBy(plan, installment, open, outcome)
    : softlyDeclined(plan, installment, open, outcome, at)
  return { installment: next.installment, effects: [failed, ...next.effects] }
}

function softlyDeclined(
  plan: Collector,
  installment: Installment,
  open: Extract<OpenAttempt, { by: 'charge' }>,
  outcome: Extract<ChargeOutcome, { result: 'declined' | 'requires_action' }>,
  at: Instant,
) {
  const next = retryAfterDecline(plan, installment, open.cause, at)
  const url = outcome.result === 'requires_action' ? outcome.url : null
  const data = {
    installment: installment.number,
    transaction_id: open.transaction,
    amount: unpaid(installment),
    decline_code: outcome.code,
    retry_on: next?.retryOn ?? null,
    url,
  }
  const type = outcome.result === 'requires_action' ? 'payment.action_required' : 'payment.failed'
  const told: Effect = { write: 'notice', key: `failed:${open.transaction}`, type, data }
  if (next !== null) return { installment: next, effects: [told] }
  const escalated = escalatedBy(plan, installment, open, outcome)
  return { installment: escalated.installment, effects: [told, ...escalated.effects] }
}

/** The instalment waiting for its next try, or `null` when the policy has none left. */
function retryAfterDecline(
  plan: Collector,
  installment: Installment,
  cause: AttemptCause,
  at: Instant,
): Installment | null {
  if (installment.number === 0) return null
  const scheduled = cause === 'due' || cause === 'retry'
  // An attempt outside the schedule leaves the schedule as it was: it uses up no retry and opens no escalation.
  if (!scheduled && installment.escalation) return { ...installment, status: 'escalated', askedBy: null }
  const retryAt = installment.retryOn && moment(installment.retryOn, plan.terms.billingTime, plan.terms.timezone)
  const isAhead = retryAt !== null && compareInstants(retryAt, at) > 0
  if (!scheduled && isAhead) return { ...installment, status: 'retrying' }
  // A retry whose day has passed meanwhile is counted from this decline, so as not to come on its heels.
  const retryOn = nextRetryDay(plan.terms.retryPolicy, installment.retries, civilOf(at, plan.terms.timezone))
  return retryOn === null ? null : { ...installment, status: 'retrying', retryOn }
}

const REASONS: Record<
  Exclude<ChargeOutcome['result'], 'succeeded' | 'processing'>,
  (o: { severity?: string }) => EscalationReason
> = {
  rejected: () => 'gateway_rejected',
  requires_action: () => 'payment_declined',
  declined: ({ severity }) => (severity === 'hard' ? 'payment_method_invalid' : 'insufficient_funds'),
}

function escalatedBy(
  plan: Collector,
  installment: Installment,
  open: Extract<OpenAttempt, { by: 'charge' }>,
  outcome: Exclude<ChargeOutcome, { result: 'succeeded' | 'processing' }>,
) {
  const reason = installment.number === 0 ? 'balance_unpaid' : reasonOf(outcome)
  const escalated = escalate(plan, installment, open.attempt, reason, outcome.code)
  const replace: Effect[] =
    reasonOf(outcome) === 'payment_method_invalid'
      ? [escalationNotice(`replace:${open.transaction}`, 'payment_method.required', installment, outcome.code)]
      : []
  return { installment: escalated.installment, effects: [...escalated.effects, ...replace] }
}

function reasonOf(outcome: Exclude<ChargeOutcome, { result: 'succeeded' | 'processing' }>): EscalationReason {
  const reason = REASONS[outcome.result](outcome.result === 'declined' ? outcome : {})
  return reason === 'insufficient_funds' && outcome.code !== 'insufficient_funds' ? 'payment_declined' : reason
}

function happened(
  key: string,
  type: string,
  plan: Pick<Plan, 'id'>,
  installment: Installment,
  data: Record<string, unknown>,
): Effect {
  return {
    write: 'event',
    key,
    type,
    data: { plan_id: plan.id, installment_number: installment.number || null, ...data },
  }
}

/** Why an attempt is made for this amount on this day: kept with the transaction, shown in timeline and receipt. */
export function whyAttempt(plan: Plan, installment: Installment, cause: AttemptCause): Record<string, unknown> {
  return {
    cause,
    installment: installment.number,
    of: plan.installments.length,
    due_date: installment.dueDate,
    due_at: dueMoment(installment, plan.terms),
    billing: plan.terms.cadence,
    installment_amount: installment.amount,
    already_paid: installment.paid,
    total_amount: plan.total,
    discount_amount: plan.terms.discount,
  }
}
