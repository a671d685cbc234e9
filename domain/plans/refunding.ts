import { chargeStep } from '../money.ts'
import { pollAfter } from './debits.ts'
import type { Decision, Effect, EscalationReason } from './effects.ts'
import { resolved } from './escalate.ts'
import { collectibles, refundable, sum, unpaid, withInstallment } from './figures.ts'
import { externalTransaction, refundEscalation } from './keys.ts'
import * as ledger from './ledger.ts'
import type { Installment, Plan, Refund, Stuck } from './plan.ts'
import { spreadOver } from './schedule.ts'
import { asPaid } from './settle.ts'
import type { Instant } from './terms.ts'

/** Money back: decided here, asked for at the gateway by the workflow, handed to a broker where the gateway will not. */

/**
 * Decides a refund; which payments it is taken from is settled when it is asked for (keeps Refunding). `of` is the
 * payment of which more came than was owed, if that is why.
 */
export function refundWanted(plan: Plan, amount: number, cause: Refund['cause'], of: string | null = null): Decision {
  const number = plan.sequence.refund + 1
  const refund: Refund = {
    number,
    amount,
    cause,
    of,
    round: 1,
    state: 'wanted',
    stuck: [],
    escalation: null,
    pollAt: null,
  }
  return {
    plan: {
      ...plan,
      refunds: [...plan.refunds, refund],
      refundsDecided: plan.refundsDecided + (cause === 'overpaid' ? 0 : amount),
      refundedByAdjustment: plan.refundedByAdjustment + (cause === 'adjustment' ? amount : 0),
      sequence: { ...plan.sequence, refund: number },
    },
    effects: [
      {
        write: 'event',
        key: `refund-decided:${number}`,
        type: 'refund.created',
        data: { plan_id: plan.id, amount, cause },
      },
    ],
  }
}

/**
 * What the gateway made of one round of a refund: what is on its way, and what it will not give back (`outside`: some of
 * that was never paid there).
 */
export type RefundProgress = { underWay: number; stuck: Stuck[]; code: string | null; outside: boolean }

/**
 * The payments of which the gateway would give nothing back. One of them may itself have been taken back while the refund
 * was under way, which could not be told before: they are to be looked at (keeps Refunding).
 */
export function paymentsInDoubt({ stuck }: RefundProgress): string[] {
  return stuck.flatMap(({ payment }) => (payment === null ? [] : [payment]))
}

/** A round of a refund has come to an end, or waits for the bank (keeps Refunding). */
export function refundProgressed(plan: Plan, number: number, progress: RefundProgress, at: Instant): Decision {
  const refund = plan.refunds.find((r) => r.number === number)
  if (!refund) return { plan, effects: [] }
  if (progress.stuck.length > 0) return refundEscalated(plan, refund, progress, at)
  if (progress.underWay > 0) {
    const pollAt = pollAfter(plan.paymentMethod.type, at)
    return { plan: withRefund(plan, { ...refund, state: 'processing', pollAt }), effects: [] }
  }
  const effects: Effect[] = refund.escalation
    ? [{ write: 'escalation_resolved', id: refund.escalation, resolution: { action: 'paid' } }]
    : []
  return { plan: refundOver(plan, number), effects }
}

function refundEscalated(
  plan: Plan,
  refund: Refund,
  { underWay, stuck, code, outside }: RefundProgress,
  at: Instant,
): Decision {
  const id = refund.escalation ?? refundEscalation(plan, refund.number, refund.round)
  // What is under way besides is read when the broker has settled what is stuck.
  const pollAt = underWay > 0 ? pollAfter(plan.paymentMethod.type, at) : null
  const escalated: Refund = { ...refund, state: 'escalated', stuck, escalation: id, pollAt }
  const effects: Effect[] = refund.escalation
    ? [{ write: 'escalation_amount', id, amount: stuckIn(escalated) }]
    : openedFor(plan, escalated, outside ? 'refund_outside_gateway' : 'refund_failed', code)
  return { plan: withRefund(plan, escalated), effects }
}

/** Hands what is stuck of a refund to a broker. */
export function openedFor(plan: Plan, refund: Refund, reason: EscalationReason, code: string | null): Effect[] {
  const id = refund.escalation ?? ''
  const amount = stuckIn(refund)
  const data = { plan_id: plan.id, escalation_id: id, refund: refund.number, amount }
  return [
    { write: 'escalation', id, about: { refund: refund.number }, reason, code, amount },
    { write: 'event', key: `opened:${id}`, type: 'escalation.opened', data },
  ]
}

/** What of a refund a broker is to settle; minor units. */
export function stuckIn(refund: Pick<Refund, 'stuck'>): number {
  return sum(refund.stuck, ({ amount }) => amount)
}

/**
 * A broker gave the stuck part back by other means (keeps NSF, resolutions): one transaction for each payment that it is
 * of, so that nothing gives the same money back again.
 */
export function refundedElsewhere(plan: Plan, refund: Refund, reference: string): Decision {
  const first = externalTransaction(plan, refund.escalation ?? refundEscalation(plan, refund.number, refund.round))
  return {
    plan: refund.pollAt === null ? refundOver(plan, refund.number) : withRefund(plan, goesOn(refund)),
    effects: refund.stuck.flatMap((stuck, k) =>
      givenBackElsewhere(plan, refund, stuck, { id: k === 0 ? first : `${first}_${k + 1}`, reference }),
    ),
  }
}

function givenBackElsewhere(
  plan: Plan,
  { number, cause }: Refund,
  { payment, amount, parts }: Stuck,
  { id, reference }: { id: string; reference: string },
): Effect[] {
  const description = `Refunded outside the gateway: ${reference}`
  const data = { transaction_id: id, amount }
  return [
    {
      write: 'transaction',
      id,
      type: 'refund',
      installment: null,
      attempt: null,
      amount,
      status: 'succeeded',
      gateway: 'external',
      reference,
      parts,
      refund: number,
      of: payment,
      why: { cause, reference },
    },
    ledger.moneyBack({ key: `refunded:${id}`, amount, description, transaction: id }),
    { write: 'receipt', transaction: id, type: 'refund', amount },
    { write: 'notice', key: `receipt:${id}`, type: 'refund.receipt', data },
    { write: 'event', key: `refunded:${id}`, type: 'refund.completed', data: { plan_id: plan.id, ...data } },
  ]
}

/** The part that a broker gave back is settled; the rest of the refund is still under way at the gateway. */
export function goesOn(refund: Refund): Refund {
  return { ...refund, state: 'processing', stuck: [], escalation: null, round: refund.round + 1 }
}

/** A broker asks the gateway again, under new keys. */
export function refundAgain(plan: Plan, refund: Refund): Plan {
  return withRefund(plan, { ...refund, state: 'wanted', stuck: [], round: refund.round + 1 })
}

export function withRefund(plan: Plan, refund: Refund): Plan {
  return { ...plan, refunds: plan.refunds.map((r) => (r.number === refund.number ? refund : r)) }
}

export function refundOver(plan: Plan, number: number): Plan {
  return { ...plan, refunds: plan.refunds.filter((r) => r.number !== number) }
}

/**
 * What a lower total leaves too much (keeps Adjusting): first the unpaid part of retrying and escalated instalments is
 * lowered, newest first; then what is paid is given back. What hangs on a charge that is under way waits for its end;
 * what then is left had been written off before, and is no longer.
 */
export function overchargeAbsorbed(plan: Plan, key: string): Decision {
  if (plan.overcharge === 0) return { plan, effects: [] }
  const lowered = unpaidLowered(plan, plan.overcharge)
  let next: Plan = { ...lowered.plan, overcharge: lowered.left }
  const effects = lowered.effects
  const back = Math.min(next.overcharge, refundable(next))
  if (back > 0) {
    const refund = refundWanted({ ...next, overcharge: next.overcharge - back }, back, 'adjustment')
    next = refund.plan
    effects.push(...refund.effects)
  }
  const undecided = plan.payments.length > 0 || collectibles(next).some((i) => i.open !== null)
  if (next.overcharge === 0 || undecided) return { plan: next, effects }
  const undone = writeOffUndone(next, key)
  return { plan: scheduledLowered(undone.plan), effects: [...effects, ...undone.effects] }
}

/** What a lower total leaves too much of what brokers have written off is no longer written off, but no longer owed. */
function writeOffUndone(plan: Plan, key: string): Decision {
  const waived = plan.installments.filter((i) => i.status === 'waived')
  const writtenOff = sum(waived, (i) => i.amount - i.paid) - plan.writeOffsByAdjustment
  const amount = Math.min(plan.overcharge, writtenOff)
  if (amount <= 0) return { plan, effects: [] }
  const entry = ledger.waived({
    key: `write-off-undone:${key}`,
    amount,
    description: 'No longer written off: the total was lowered',
  })
  const writeOffsByAdjustment = plan.writeOffsByAdjustment + amount
  return {
    plan: { ...plan, writeOffsByAdjustment, overcharge: plan.overcharge - amount },
    effects: [ledger.reversed(entry, entry.key, entry.description)],
  }
}

function unpaidLowered(plan: Plan, amount: number): { plan: Plan; effects: Effect[]; left: number } {
  let left = amount
  let next = plan
  const effects: Effect[] = []
  const newestFirst = plan.installments
    .filter((i) => !i.open && (i.status === 'retrying' || i.status === 'escalated'))
    .toSorted((a, b) => (a.dueDate === b.dueDate ? b.number - a.number : a.dueDate < b.dueDate ? 1 : -1))
  for (const installment of newestFirst) {
    const less = Math.min(left, unpaid(installment))
    if (less === 0) continue
    left -= less
    const lowered = loweredBy(installment, less)
    next = withInstallment(next, lowered.installment)
    effects.push(...lowered.effects)
  }
  return { plan: next, effects, left }
}

function loweredBy(installment: Installment, less: number): { installment: Installment; effects: Effect[] } {
  const lowered = { ...installment, amount: installment.amount - less }
  if (lowered.amount === lowered.paid)
    return { installment: nothingLeft(lowered), effects: resolved(installment, 'adjusted') }
  const effects: Effect[] = installment.escalation
    ? [{ write: 'escalation_amount', id: installment.escalation, amount: unpaid(lowered) }]
    : []
  return { installment: lowered, effects }
}

/** An instalment of which nothing is left to pay: paid if anything was, otherwise waived. */
export function nothingLeft(installment: Installment): Installment {
  const settled = asPaid(installment)
  return installment.paid > 0 ? settled : { ...settled, status: 'waived' }
}

/** Of these instalments (all, if none are named), the scheduled ones take what is too much of the total (keeps Adjusting). */
export function scheduledLowered(plan: Plan, numbers?: number[]): Plan {
  const scheduled = plan.installments.filter(
    (i) => i.status === 'scheduled' && (numbers?.includes(i.number) ?? true) && unpaid(i) > 0,
  )
  const open = sum(scheduled, unpaid)
  const less = Math.min(plan.overcharge, open)
  if (less === 0) return plan
  const amounts = spreadOver(open - less, scheduled, chargeStep(plan.terms.currency))
  const lowered = withAmounts(plan, new Map(scheduled.map((i, k) => [i.number, amounts[k] ?? i.paid])))
  return { ...lowered, overcharge: plan.overcharge - less }
}

/** The plan with new amounts of scheduled instalments, by number; one that is paid by that is settled. */
export function withAmounts(plan: Plan, amounts: ReadonlyMap<number, number>): Plan {
  const installments = plan.installments.map((i) => {
    const amount = amounts.get(i.number)
    if (amount === undefined) return i
    return amount > 0 && amount === i.paid ? nothingLeft({ ...i, amount }) : { ...i, amount }
  })
  return { ...plan, installments }
}
