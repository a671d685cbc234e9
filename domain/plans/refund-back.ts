import type { Decision, Effect } from './effects.ts'
import { sum } from './figures.ts'
import { refundEscalation } from './keys.ts'
import * as ledger from './ledger.ts'
import type { Part, Plan, Refund } from './plan.ts'
import { goesOn, openedFor, refundOver, stuckIn, withRefund } from './refunding.ts'

/** A refund whose bank could not credit it after all, and one that is not owed any more. */

/** A piece of a refund that had succeeded; `payment` is what it was taken from. Minor units. */
export type PastRefund = {
  transaction: string
  payment: string | null
  amount: number
  parts: Part[]
  cause: Refund['cause']
}

/**
 * Money that had been given back has come back: the bank could not credit it (keeps Refunding). It is to be given back
 * again, as a refund of its own with keys of its own, and a broker says how: nobody else knows why it came back.
 */
export function refundCameBack(plan: Plan, piece: PastRefund, code: string): Decision {
  const { transaction, payment, amount, parts, cause } = piece
  const number = plan.sequence.refund + 1
  const refund: Refund = {
    number,
    amount,
    cause,
    round: 1,
    state: 'escalated',
    stuck: [{ payment, amount, parts }],
    of: cause === 'overpaid' ? payment : null,
    escalation: refundEscalation(plan, number, 1),
    pollAt: null,
  }
  const key = `refund-returned:${transaction}`
  const given = ledger.moneyBack({ key, amount, description: `Refund came back: ${code}`, transaction })
  const data = { plan_id: plan.id, transaction_id: transaction, amount, decline_code: code }
  return {
    plan: { ...plan, refunds: [...plan.refunds, refund], sequence: { ...plan.sequence, refund: number } },
    effects: [
      { write: 'transaction_changed', id: transaction, status: 'failed', declineCode: code, returned: amount },
      ledger.reversed(given, key, given.description),
      { write: 'event', key, type: 'refund.failed', data },
      { write: 'notice', key, type: 'refund.failed', data: { transaction_id: transaction, amount } },
      ...openedFor(plan, refund, 'refund_failed', code),
    ],
  }
}

/** The bank has ended a refund that was on its way: it is to be read. */
export function refundToBeRead(plan: Plan, number: number): Decision {
  const refund = plan.refunds.find((r) => r.number === number)
  if (refund?.state !== 'processing') return { plan, effects: [] }
  return { plan: withRefund(plan, { ...refund, state: 'wanted', pollAt: null }), effects: [] }
}

/**
 * The excess of a payment is not to be given back any more, since the payment itself was taken back: so far as a broker
 * has it, it is withdrawn. `amount` is what of it there was; minor units.
 */
export function excessWithdrawn(plan: Plan, payment: string): Decision & { amount: number } {
  let next = plan
  const effects: Effect[] = []
  let withdrawn = 0
  for (const refund of plan.refunds.filter((r) => r.of === payment && r.state === 'escalated')) {
    const amount = sum(refund.stuck, (stuck) => (stuck.payment === payment ? stuck.amount : 0))
    if (amount === 0) continue
    withdrawn += amount
    const stuck = refund.stuck.filter((one) => one.payment !== payment)
    const less = lessStuck(next, { ...refund, amount: refund.amount - amount, stuck })
    next = less.plan
    const data = { plan_id: plan.id, refund: refund.number, amount, cause: refund.cause }
    const key = `refund-withdrawn:${refund.number}:${refund.round}`
    effects.push(...less.effects, { write: 'event', key, type: 'refund.withdrawn', data })
  }
  return { plan: next, effects, amount: withdrawn }
}

function lessStuck(plan: Plan, refund: Refund): Decision {
  const id = refund.escalation ?? ''
  if (refund.stuck.length > 0) {
    const effects: Effect[] = [{ write: 'escalation_amount', id, amount: stuckIn(refund) }]
    return { plan: withRefund(plan, refund), effects }
  }
  const resolution = { action: 'withdrawn' as const }
  return {
    plan: refund.pollAt === null ? refundOver(plan, refund.number) : withRefund(plan, goesOn(refund)),
    effects: [
      { write: 'escalation_resolved', id, resolution },
      {
        write: 'event',
        key: `resolved:${id}`,
        type: 'escalation.resolved',
        data: { plan_id: plan.id, escalation_id: id, action: resolution.action, by: null },
      },
    ],
  }
}
