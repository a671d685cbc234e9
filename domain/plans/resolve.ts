import { RuleBroken } from '../errors.ts'
import { isLease, type LeasePlan, withLease } from '../leasing/lease.ts'
import { remindedAgain } from '../leasing/order.ts'
import { cancellationClosed, givenUp } from './cancel.ts'
import type { Decision, Effect, Resolution } from './effects.ts'
import { collectibles, isEnding, unpaid, withInstallment } from './figures.ts'
import { externalTransaction } from './keys.ts'
import * as ledger from './ledger.ts'
import type { Installment, Plan, Refund } from './plan.ts'
import { refundAgain, refundedElsewhere } from './refunding.ts'
import { asPaid, describe, moneyIn } from './settle.ts'
import type { Instant } from './terms.ts'

export type Resolving = {
  escalation: string
  action: 'retry' | 'mark_paid' | 'waive' | 'cancel_plan'
  reference?: string | undefined
  note: string
  by?: string
}

/**
 * A broker settles an escalation (keeps NSF): try again, paid by other means, written off, or the whole plan cancelled.
 * Throws RuleBroken: `escalation_resolved`, `charge_under_way`, `action_not_allowed`, `reference_missing`.
 */
export function resolve(plan: Plan, asked: Resolving, now: Instant): Decision & { answer: { resolution: Resolution } } {
  const resolution: Resolution = { action: asked.action, note: asked.note }
  if (asked.reference !== undefined) resolution.reference = asked.reference
  if (asked.by !== undefined) resolution.by = asked.by
  refuseWithoutReference(asked)
  const refund = plan.refunds.find((r) => r.escalation === asked.escalation)
  const decided = refund
    ? refundResolved(plan, refund, asked, resolution)
    : isLease(plan) && plan.lease.order.escalation === asked.escalation
      ? orderResolved(plan, asked, resolution, now)
      : installmentResolved(plan, escalated(plan, asked.escalation), asked, resolution, now)
  return { ...decided, answer: { resolution } }
}

/** Throws RuleBroken `reference_missing` when it is to be marked as paid and nothing says how it was. */
export function refuseWithoutReference({ action, reference }: Pick<Resolving, 'action' | 'reference'>): void {
  if (action !== 'mark_paid' || (reference !== undefined && reference.trim() !== '')) return
  const message = 'reference is needed to mark it paid'
  throw new RuleBroken('reference_missing', `${message}.`, [{ pointer: '/reference', message }])
}

function escalated(plan: Plan, id: string): Installment {
  const found = collectibles(plan).find((i) => i.escalation === id)
  if (!found) throw new RuleBroken('escalation_resolved', 'The escalation is resolved already.')
  if (found.open) throw new RuleBroken('charge_under_way', 'A charge for it is under way; wait for its end.')
  return found
}

function refundResolved(plan: Plan, refund: Refund, asked: Resolving, resolution: Resolution): Decision {
  if (refund.state !== 'escalated')
    throw new RuleBroken('charge_under_way', 'The refund is being tried again; wait for its end.')
  if (asked.action === 'retry') return { plan: refundAgain(plan, refund), effects: asksAgain(plan, asked) }
  if (asked.action !== 'mark_paid') {
    throw new RuleBroken('action_not_allowed', 'A refund can only be tried again or marked as given back elsewhere.')
  }
  const elsewhere = refundedElsewhere(plan, refund, asked.reference ?? '')
  const closed = cancellationClosed(elsewhere.plan)
  const effects = [...elsewhere.effects, ...closes(plan, asked.escalation, resolution), ...closed.effects]
  return { plan: closed.plan, effects }
}

/** A device that is not dispatched: the back office is reminded again, or the order is cancelled; nothing is owed yet. */
function orderResolved(plan: LeasePlan, asked: Resolving, resolution: Resolution, now: Instant): Decision {
  if (asked.action === 'retry') return { plan, effects: [...asksAgain(plan, asked), ...remindedAgain(plan)] }
  if (asked.action !== 'cancel_plan') {
    const allowed = 'The back office can be reminded again, or the order cancelled'
    throw new RuleBroken('action_not_allowed', `${allowed}: nothing is owed for it yet.`)
  }
  // Its escalation is closed here, with the broker's words.
  const canceled = givenUp(withLease(plan, { order: { ...plan.lease.order, escalation: null } }), now)
  return { plan: canceled.plan, effects: [...closes(plan, asked.escalation, resolution), ...canceled.effects] }
}

function installmentResolved(
  plan: Plan,
  installment: Installment,
  asked: Resolving,
  resolution: Resolution,
  now: Instant,
): Decision {
  switch (asked.action) {
    case 'retry':
      mayStillBeCharged(plan, installment)
      return {
        plan: withInstallment(plan, {
          ...installment,
          extra: 'broker',
          askedBy: { note: asked.note, by: asked.by ?? null },
        }),
        effects: asksAgain(plan, asked),
      }
    case 'mark_paid':
      return paidElsewhere(plan, installment, asked.reference ?? '', resolution)
    case 'waive':
      return writtenOff(plan, installment, resolution)
    case 'cancel_plan': {
      if (isEnding(plan)) throw new RuleBroken('action_not_allowed', 'The plan is cancelled already.')
      // Its escalation is closed here, with the broker's words; the cancellation closes the others.
      const canceled = givenUp(withInstallment(plan, { ...installment, escalation: null }), now)
      return { plan: canceled.plan, effects: [...closes(plan, asked.escalation, resolution), ...canceled.effects] }
    }
    default:
      return asked.action satisfies never
  }
}

function mayStillBeCharged(plan: Plan, installment: Installment): void {
  if (isEnding(plan) && installment.number !== 0) {
    throw new RuleBroken('action_not_allowed', 'The plan is cancelled: nothing more is charged.')
  }
}

function paidElsewhere(plan: Plan, installment: Installment, reference: string, resolution: Resolution): Decision {
  const amount = unpaid(installment)
  const transaction = externalTransaction(plan, installment.escalation ?? '')
  const what = `${describe(installment)}, outside the gateway: ${reference}`
  const effects: Effect[] = [
    {
      write: 'transaction',
      id: transaction,
      type: 'charge',
      installment: installment.number || null,
      attempt: null,
      amount,
      status: 'succeeded',
      gateway: 'external',
      reference,
      parts: [{ installment: installment.number, amount }],
      refund: null,
      of: null,
      why: { cause: 'mark_paid', reference },
    },
    ...moneyIn(plan, transaction, amount, what),
    {
      write: 'event',
      key: `paid:${transaction}`,
      type: 'payment.completed',
      data: { plan_id: plan.id, transaction_id: transaction, amount },
    },
    ...closes(plan, installment.escalation ?? '', resolution),
  ]
  return { plan: withInstallment(plan, asPaid({ ...installment, paid: installment.amount })), effects }
}

function writtenOff(plan: Plan, installment: Installment, resolution: Resolution): Decision {
  const amount = unpaid(installment)
  const id = installment.escalation ?? ''
  return {
    plan: withInstallment(plan, { ...asPaid(installment), status: 'waived' }),
    effects: [
      ledger.waived({ key: `waived:${id}`, amount, description: `Written off: ${describe(installment)}` }),
      {
        write: 'event',
        key: `waived:${id}`,
        type: 'installment.waived',
        data: { plan_id: plan.id, installment_number: installment.number || null, amount },
      },
      ...closes(plan, id, resolution),
    ],
  }
}

function asksAgain(plan: Plan, { escalation, by, note }: Resolving): Effect[] {
  return [
    {
      write: 'event',
      key: `retry:${escalation}:${plan.sequence.change + 1}`,
      type: 'escalation.retried',
      data: { plan_id: plan.id, escalation_id: escalation, by: by ?? null, note },
    },
  ]
}

function closes(plan: Plan, id: string, resolution: Resolution): Effect[] {
  return [
    { write: 'escalation_resolved', id, resolution },
    {
      write: 'event',
      key: `resolved:${id}`,
      type: 'escalation.resolved',
      data: { plan_id: plan.id, escalation_id: id, action: resolution.action, by: resolution.by ?? null },
    },
  ]
}
