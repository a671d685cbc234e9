import type { Minor } from '../money.ts'
import { sum } from './figures.ts'
import type { Part, Refund, Stuck } from './plan.ts'
import type { RefundProgress } from './refunding.ts'
import { allocateRefund, type RefundablePayment } from './refunds.ts'
import type { Instant } from './terms.ts'

/** Which payments a refund is taken from, and what is left of it for a broker: read off the plan's transactions. */

/** A transaction of a plan, so far as giving back is concerned. */
export type Moved = {
  id: string
  type: 'charge' | 'refund'
  amount: Minor
  status: 'pending' | 'processing' | 'succeeded' | 'failed' | 'unknown'
  /** Paid or given back outside the gateway. */
  isOutside: boolean
  /** Of a charge, what was taken back of it; of a refund, what its bank could not credit and sent back. */
  returned: Minor
  parts: Part[]
  paidAt: Instant
  declineCode: string | null
  /** Of a refund: which one, the round it was asked for in, and the payment that it is taken from. */
  refund: { number: number; round: number; of: string | null } | null
}

export type Piece = { payment: string; amount: Minor; parts: Part[] }
type Wanted = Pick<Refund, 'number' | 'amount' | 'cause' | 'round' | 'of'>
/** What else takes from a payment: an amount, and of which of its instalments. */
type Taken = { amount: Minor; parts: Part[] }

/**
 * What the gateway is to be asked for in this round of a refund (keeps Refunding); nothing when the round has its pieces
 * already. What other refunds have left with a broker is theirs: `others` are the open ones.
 */
export function piecesToAsk(refund: Wanted, others: Pick<Refund, 'stuck'>[], rows: Moved[]): Piece[] {
  const mine = piecesOf(refund, rows)
  if (mine.some((row) => row.refund?.round === refund.round)) return []
  const open = refund.amount - sum(mine, (row) => (isGone(row, refund) ? 0 : row.amount))
  const held = others.flatMap(({ stuck }) => stuck)
  const { pieces } = allocateRefund(open, paymentsLeft(rows, held), refund.of)
  return pieces.map(({ transaction, amount }) => ({
    payment: transaction,
    amount,
    parts: partsOf(refund, transaction, amount, { rows, held }),
  }))
}

/** How a round of a refund stands when each of its pieces has been asked for. */
export function roundProgress(refund: Wanted, others: Pick<Refund, 'stuck'>[], rows: Moved[]): RefundProgress {
  const mine = piecesOf(refund, rows)
  const failed = mine.filter((row) => row.status === 'failed' && !wasGiven(row) && row.refund?.round === refund.round)
  const refused = failed.map(
    (row): Stuck => ({ payment: row.refund?.of ?? null, amount: row.amount, parts: row.parts }),
  )
  const underWay = sum(mine, (row) => (row.status === 'processing' ? row.amount : 0))
  const settled = underWay + sum(mine, (row) => (wasGiven(row) ? row.amount : 0))
  const rest = refund.amount - settled - sum(refused, ({ amount }) => amount)
  const held = [...others.flatMap(({ stuck }) => stuck), ...refused]
  const { pieces, outside } = allocateRefund(rest, paymentsLeft(rows, held), refund.of)
  const beyond = [...pieces, ...outside].map(({ transaction: payment, amount }): Stuck => {
    return { payment, amount, parts: payment === null ? [] : partsOf(refund, payment, amount, { rows, held }) }
  })
  const code = failed.at(-1)?.declineCode ?? null
  return { underWay, stuck: [...refused, ...beyond], code, outside: rest > 0 }
}

function piecesOf(refund: Wanted, rows: Moved[]): Moved[] {
  return rows.filter((row) => row.refund?.number === refund.number)
}

/** Given back, whether or not it came back later: what came back is another refund's to settle (see `refundCameBack`). */
function wasGiven(row: Moved): boolean {
  return row.status === 'succeeded' || (row.status === 'failed' && row.returned > 0)
}

/** It failed in an earlier round, and was asked for again. */
function isGone(row: Moved, { round }: Wanted): boolean {
  return row.status === 'failed' && !wasGiven(row) && (row.refund?.round ?? 0) < round
}

function paymentsLeft(rows: Moved[], held: Stuck[]): RefundablePayment[] {
  return rows
    .filter((row) => row.type === 'charge' && row.status === 'succeeded')
    .map((payment) => ({
      transaction: payment.id,
      left: payment.amount - payment.returned - sum(takenFrom(payment.id, rows, held), ({ amount }) => amount),
      refundable: !payment.isOutside,
      paidAt: payment.paidAt,
    }))
}

/** What refunds have taken of a payment, are taking, or leave a broker to give back. */
function takenFrom(payment: string, rows: Moved[], held: Stuck[]): Taken[] {
  return [
    ...rows.filter((row) => row.refund?.of === payment && row.status !== 'failed'),
    ...held.filter((stuck) => stuck.payment === payment),
  ]
}

function partsOf(refund: Wanted, payment: string, amount: Minor, known: { rows: Moved[]; held: Stuck[] }): Part[] {
  const row = known.rows.find(({ id }) => id === payment)
  if (!row) return []
  const earlier = takenFrom(payment, known.rows, known.held)
  // What was more than the instalments took is given back of none of them.
  const excess = (of: Taken) => of.amount - sum(of.parts, (part) => part.amount)
  const free = refund.cause === 'overpaid' ? Math.max(excess(row) - sum(earlier, excess), 0) : 0
  return partsGivenBack(
    amount - Math.min(amount, free),
    row.parts,
    earlier.flatMap(({ parts }) => parts),
  )
}

/**
 * Which instalments a refund of one payment is counted on: the newest part first, each at most for what earlier refunds
 * of that payment have left of it (keeps Refunding).
 */
export function partsGivenBack(amount: Minor, parts: Part[], earlier: Part[]): Part[] {
  const gone = new Map<number, number>()
  for (const part of earlier) gone.set(part.installment, (gone.get(part.installment) ?? 0) + part.amount)
  let left = amount
  const back: Part[] = []
  for (const part of parts.toReversed()) {
    const taken = Math.min(left, Math.max(part.amount - (gone.get(part.installment) ?? 0), 0))
    if (taken === 0) continue
    left -= taken
    back.push({ installment: part.installment, amount: taken })
  }
  return back
}
