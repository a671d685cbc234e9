import type { Posting } from './effects.ts'
import { escalationsOf, outstanding, paidIn, sum } from './figures.ts'
import { balances } from './ledger.ts'
import { PAYROLL } from './plan.ts'
import {
  type Difference,
  different,
  inFlight,
  moneyOf,
  type ProofFacts,
  type ProofTransaction,
  purpose,
} from './proof-facts.ts'

/** Ledger, transactions, receipts, notices and escalations of a plan, against each other: all in one database. */

/** Every entry balances, cash is what moved, and what is receivable is what is unpaid (keeps Ledger). */
export function ledgerProof(facts: ProofFacts): Difference[] {
  const money = moneyOf(facts)
  const { plan, entries, transactions } = facts
  const unbalanced = entries.filter(({ postings }) => sum(postings, (p) => p.amount) !== 0)
  const held = balances(entries)
  const cash = sum(
    transactions.filter((t) => !isByPay(t)),
    movedOf,
  )
  const givenBack = sum(
    transactions.filter((t) => t.type === 'refund' && t.status === 'succeeded'),
    (t) => t.amount,
  )
  const toGiveBack = plan.refundsDecided + overpaid(facts) - givenBack + plan.overcharge
  const receivable = outstanding(plan) - toGiveBack
  return [
    ...unbalanced.map(({ id }) => different(`The journal entry ${id} does not balance.`)),
    ...(held.cash === cash
      ? []
      : [different(`The ledger has ${money(held.cash)} in cash, the transactions come to ${money(cash)}.`)]),
    ...(held.receivable === receivable
      ? []
      : [
          different(
            `The ledger has ${money(held.receivable)} receivable; unpaid are ${money(outstanding(plan))} and ${money(toGiveBack)} are still to be given back.`,
          ),
        ]),
  ]
}

/** Taken from pay, or given back by it: the account `payroll` has it, not `cash`. */
function isByPay({ gateway }: ProofTransaction): boolean {
  return gateway === PAYROLL.type
}

/** What a transaction has moved so far: paid less returned, or given back. */
function movedOf(transaction: ProofTransaction): number {
  if (transaction.status !== 'succeeded') return 0
  return transaction.type === 'charge' ? transaction.amount - transaction.returned : -transaction.amount
}

/** Each movement is in the ledger once, and what is paid is on the instalments. */
export function transactionsProof(facts: ProofFacts): Difference[] {
  const money = moneyOf(facts)
  const { plan, transactions, entries } = facts
  const booked = new Map<string, number>()
  for (const { transaction, postings } of entries) {
    // What a statement takes over of it is no movement.
    const isMoved = ({ account }: Posting) => account === 'cash' || (account === 'payroll' && transaction !== null)
    const cash = sum(postings, (p) => (isMoved(p) ? p.amount : 0))
    if (cash !== 0) booked.set(transaction ?? 'none', (booked.get(transaction ?? 'none') ?? 0) + cash)
  }
  const found = transactions.flatMap((t) => {
    const inLedger = booked.get(t.id) ?? 0
    booked.delete(t.id)
    if (inLedger === movedOf(t)) return []
    return [
      different(
        `The transaction ${t.id} for ${purpose(t)} has moved ${money(movedOf(t))}, the ledger has ${money(inLedger)} for it.`,
      ),
    ]
  })
  for (const [id, amount] of booked) {
    found.push(
      different(`The ledger has moved ${money(amount)} in cash for ${id}, which is no transaction of the plan.`),
    )
  }
  const charged = sum(
    transactions.filter((t) => t.type === 'charge'),
    movedOf,
  )
  const onInstallments = paidIn(plan) + overpaid(facts) - plan.lost
  if (charged !== onInstallments) {
    found.push(
      different(`The charges come to ${money(charged)}, on the instalments are ${money(onInstallments)} of payments.`),
    )
  }
  return found
}

/** What came in without an instalment to put it on: it is given back as overpaid. */
function overpaid({ plan, transactions }: ProofFacts): number {
  const open = plan.refunds.filter((refund) => refund.cause === 'overpaid')
  const isOpen = (t: ProofTransaction) => open.some((refund) => refund.number === t.refund)
  const pieces = transactions.filter((t) => t.type === 'refund' && t.cause === 'overpaid')
  const done = pieces.filter((t) => t.status === 'succeeded' && !isOpen(t))
  // What came back is to be given back by a refund of its own.
  const cameBack = pieces.filter((t) => hasComeBack(t) && isOpen(t))
  return sum(open, (refund) => refund.amount) + sum(done, (t) => t.amount) - sum(cameBack, (t) => t.amount)
}

/** A refund that had succeeded, and that its bank sent back. */
function hasComeBack(t: ProofTransaction): boolean {
  return t.type === 'refund' && t.status === 'failed' && t.returned > 0
}

/** One receipt for each transaction that succeeded, of its amount; also when its money was taken back later. Pay has its own slip. */
export function receiptsProof(facts: ProofFacts): Difference[] {
  const money = moneyOf(facts)
  const { transactions, receipts } = facts
  const succeeded = transactions.filter((t) => !isByPay(t) && (t.status === 'succeeded' || hasComeBack(t)))
  return [
    ...succeeded.flatMap((t) => {
      const own = receipts.filter((receipt) => receipt.transaction === t.id)
      if (own.length !== 1) {
        return [different(`${own.length} receipts for the ${money(t.amount)} of ${purpose(t)} (${t.id}), not one.`)]
      }
      return own[0]?.amount === t.amount
        ? []
        : [different(`The receipt for ${t.id} says ${money(own[0]?.amount ?? 0)}, moved were ${money(t.amount)}.`)]
    }),
    ...receipts
      .filter((receipt) => !succeeded.some((t) => t.id === receipt.transaction))
      .map(({ id, amount }) => different(`The receipt ${id} of ${money(amount)} is for money that has not moved.`)),
  ]
}

/** Every receipt has one letter; what could not be sent is told. */
export function noticesProof({ receipts, notices }: ProofFacts): Difference[] {
  const letters = notices.filter(({ type }) => type === 'payment.receipt' || type === 'refund.receipt')
  return [
    ...receipts.flatMap(({ transaction, id }) => {
      const own = letters.filter((letter) => letter.transaction === transaction)
      return own.length === 1 ? [] : [different(`${own.length} letters are there for the receipt ${id}, not one.`)]
    }),
    ...notices.flatMap(({ id, type, status, lastError }) => {
      if (status === 'queued') {
        return [inFlight(`The letter ${id} (${type}) is not sent yet${lastError ? `: ${lastError}` : ''}.`)]
      }
      return status === 'failed' ? [different(`The letter ${id} (${type}) could not be sent: ${lastError ?? ''}.`)] : []
    }),
  ]
}

/** The open escalations are those that the plan waits for, and Salesforce knows of all as they are. */
export function escalationsProof(facts: ProofFacts): Difference[] {
  const { plan, escalations } = facts
  const money = moneyOf(facts)
  const waitedFor = escalationsOf(plan)
  const open = escalations.filter(({ isOpen }) => isOpen)
  return [
    ...waitedFor
      .filter((id) => !open.some((escalation) => escalation.id === id))
      .map((id) => different(`The plan waits for a broker to resolve ${id}, and no open escalation says so.`)),
    ...open
      .filter(({ id }) => !waitedFor.includes(id))
      .map(({ id, amount }) =>
        different(`The escalation ${id} of ${money(amount)} is open, and the plan does not wait for it.`),
      ),
    ...escalations
      .filter(({ isTold }) => !isTold)
      .map(({ id, lastError }) =>
        inFlight(`Salesforce has not been told of ${id} as it is now${lastError ? `: ${lastError}` : ''}.`),
      ),
  ]
}
