import { civilOf, plusMs } from '../calendar.ts'
import type { Decision, Effect, EscalationReason, Resolution } from './effects.ts'
import { dueMoment, findInstallment, isEnding, unpaid, withInstallment } from './figures.ts'
import { attemptTransaction, installmentEscalation } from './keys.ts'
import * as ledger from './ledger.ts'
import type { ChargeOutcome } from './outcome.ts'
import type { AttemptCause, Installment, OpenAttempt, Plan } from './plan.ts'
import { nextRetryDay } from './retry.ts'
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
}

const DEBITS = ['us_bank_account', 'sepa_debit', 'bacs_debit', 'au_becs_debit', 'acss_debit']
const HOUR = 3_600_000

/** Methods whose money comes days later and may be taken back after that. */
export function isBankDebit(type: string): boolean {
  return DEBITS.includes(type)
}

/** How long a payment that is `processing` is left before it is read without having been asked to. */
export function pollAfter(type: string, now: Instant): Instant {
  return plusMs(now, isBankDebit(type) ? 24 * HOUR : HOUR)
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
    before: before.status,
    state: 'asked',
    pollAt: null,
  }
  const started: Installment = {
    ...before,
    status: 'processing',
    open,
    attempts: attempt,
    retries: cause === 'retry' ? before.retries + 1 : before.retries,
    retryOn: cause === 'retry' ? null : before.retryOn,
    extra: null,
  }
  const today = civilOf(now, plan.terms.timezone)
  return {
    ...withInstallment(plan, started),
    lastFirstAttemptOn: cause === 'due' && before.atOnce === null ? today : plan.lastFirstAttemptOn,
    lastDebitAt: isBankDebit(plan.paymentMethod.type) ? now : plan.lastDebitAt,
  }
}

/** The attempt that is open on an instalment, if it is one of the schedule and not a one-off payment. */
export function openAttempt(plan: Plan, number: number): Attempt | null {
  const installment = findInstallment(plan, number)
  if (installment.open?.by !== 'charge') return null
  const { attempt, cause, transaction, amount } = installment.open
  return { installment: number, attempt, cause, transaction, amount }
}

/**
 * What a gateway's answer makes of an instalment (keeps Charging, NSF). `at` is the moment at which it became known.
 * `transaction` is the payment that succeeded, which may be an earlier attempt's that its customer completed meanwhile.
 */
export function settleInstallment(
  plan: Collector,
  installment: Installment,
  outcome: ChargeOutcome,
  { at, transaction, methodType }: { at: Instant; transaction: string; methodType: string },
): { installment: Installment; effects: Effect[] } {
  const open = installment.open
  if (open?.by !== 'charge') return { installment, effects: [] }
  if (outcome.result === 'processing') {
    const pollAt = pollAfter(methodType, at)
    const told: Effect[] =
      open.state === 'processing'
        ? []
        : [
            happened(`processing:${open.transaction}`, 'payment.processing', plan, installment, {
              transaction_id: transaction,
              amount: open.amount,
            }),
          ]
    return { installment: { ...installment, open: { ...open, state: 'processing', pollAt } }, effects: told }
  }
  const closed: Installment = { ...installment, open: null, status: open.before }
  if (outcome.result === 'succeeded') return paidBy(plan, closed, transaction, open.amount)
  if (isEnding(plan) && installment.number !== 0) return droppedByCancellation(closed, open.transaction)
  return notPaid(plan, closed, open, outcome, at)
}

/** The same for the whole plan. */
export function attemptSettled(
  plan: Plan,
  number: number,
  outcome: ChargeOutcome,
  facts: { at: Instant; transaction: string },
): Decision {
  const settled = settleInstallment(plan, findInstallment(plan, number), outcome, {
    ...facts,
    methodType: plan.paymentMethod.type,
  })
  return { plan: withInstallment(plan, settled.installment), effects: settled.effects }
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
  { written, ...facts }: { at: Instant; transaction: string; written: Installment },
): Decision {
  const known = findInstallment(plan, number)
  const failed = outcome.result !== 'succeeded' && outcome.result !== 'processing'
  const heard = attemptSettled(plan, number, outcome, facts).plan
  if (known.open?.by !== 'charge') return { plan: heard, effects: [] }
  const settled = findInstallment(heard, number)
  if (failed && settled.status === 'canceled' && written.status !== 'canceled') {
    const dropped = droppedByCancellation({ ...written, paid: settled.paid }, known.open.transaction)
    return { plan: withInstallment(heard, dropped.installment), effects: dropped.effects }
  }
  return { plan: withInstallment(heard, { ...settled, escalation: written.escalation }), effects: [] }
}

/** Puts a payment on its instalment; an open escalation is resolved when nothing is left to pay (keeps NSF). */
function paidBy(plan: Collector, installment: Installment, transaction: string, amount: number) {
  const paid = payPart(installment, amount)
  const data = { transaction_id: transaction, amount }
  return {
    // Something was taken back meanwhile: what is unpaid again is due, and is begun anew.
    installment:
      unpaid(paid.installment) > 0 ? { ...paid.installment, status: 'scheduled' as const } : paid.installment,
    effects: [
      ...moneyIn(plan, transaction, amount, describe(installment)),
      happened(`paid:${transaction}`, 'payment.completed', plan, installment, data),
      ...paid.effects,
    ],
  }
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

export function asPaid(installment: Installment): Installment {
  return { ...installment, status: 'paid', open: null, retryOn: null, extra: null, escalation: null, askedBy: null }
}

/** Closes the open escalation of an instalment, if it has one; a broker's own retry that is paid closes it in their name. */
export function resolved(installment: Installment, cause: 'paid' | 'adjusted' | 'plan_canceled'): Effect[] {
  const { escalation, askedBy, number } = installment
  if (!escalation) return []
  const resolution: Resolution =
    cause === 'paid' && askedBy
      ? { action: 'retry', note: askedBy.note, ...(askedBy.by === null ? {} : { by: askedBy.by }) }
      : { action: cause }
  const data = {
    escalation_id: escalation,
    installment_number: number,
    action: resolution.action,
    by: askedBy?.by ?? null,
  }
  return [
    { write: 'escalation_resolved', id: escalation, resolution },
    { write: 'event', key: `resolved:${escalation}`, type: 'escalation.resolved', data },
  ]
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
  if (next === null) return escalatedBy(plan, installment, open, outcome)
  const url = outcome.result === 'requires_action' ? outcome.url : null
  const data = {
    installment: installment.number,
    transaction_id: open.transaction,
    amount: unpaid(installment),
    decline_code: outcome.code,
    retry_on: next.retryOn,
    url,
  }
  const type = outcome.result === 'requires_action' ? 'payment.action_required' : 'payment.failed'
  return {
    installment: next,
    effects: [{ write: 'notice', key: `failed:${open.transaction}`, type, data } satisfies Effect],
  }
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
  if (!scheduled && installment.retryOn) return { ...installment, status: 'retrying' }
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
      ? [notice(`replace:${open.transaction}`, 'payment_method.required', installment, outcome.code)]
      : []
  return { installment: escalated.installment, effects: [...escalated.effects, ...replace] }
}

function reasonOf(outcome: Exclude<ChargeOutcome, { result: 'succeeded' | 'processing' }>): EscalationReason {
  const reason = REASONS[outcome.result](outcome.result === 'declined' ? outcome : {})
  return reason === 'insufficient_funds' && outcome.code !== 'insufficient_funds' ? 'payment_declined' : reason
}

/** Hands an instalment to a broker, because of an attempt or of a transaction that was returned; one that is escalated already stays one escalation (keeps NSF). */
export function escalate(
  plan: Pick<Plan, 'id'>,
  installment: Installment,
  by: number | string,
  reason: EscalationReason,
  code: string,
): { installment: Installment; effects: Effect[] } {
  const escalated: Installment = { ...installment, status: 'escalated', retryOn: null, extra: null, askedBy: null }
  if (installment.escalation) return { installment: escalated, effects: [] }
  const id = installmentEscalation(plan, installment.number, by)
  return {
    installment: { ...escalated, escalation: id },
    effects: [
      {
        write: 'escalation',
        id,
        about: { installment: installment.number },
        reason,
        code,
        amount: unpaid(installment),
      },
      {
        write: 'event',
        key: `opened:${id}`,
        type: 'escalation.opened',
        data: {
          plan_id: plan.id,
          escalation_id: id,
          installment_number: installment.number,
          amount: unpaid(installment),
          reason,
        },
      },
      notice(`escalated:${id}`, 'payment.escalated', installment, code),
    ],
  }
}

function notice(
  key: string,
  type: 'payment.escalated' | 'payment_method.required',
  installment: Installment,
  code: string,
): Effect {
  return {
    write: 'notice',
    key,
    type,
    data: { installment: installment.number, amount: unpaid(installment), decline_code: code },
  }
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

export function describe(installment: Installment): string {
  return installment.number === 0 ? 'balance of the cancellation' : `instalment ${installment.number}`
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
