import { civilOf } from '../../domain/calendar.ts'
import { type Attempt, attemptHeard, openAttempt, settleInstallment } from '../../domain/plans/collect.ts'
import { findInstallment, sum } from '../../domain/plans/figures.ts'
import * as ledger from '../../domain/plans/ledger.ts'
import { linkSeen } from '../../domain/plans/link.ts'
import { learnt, type News, newsOfPayment, newsOfRefund } from '../../domain/plans/news.ts'
import type { ChargeOutcome } from '../../domain/plans/outcome.ts'
import { paymentSettled } from '../../domain/plans/pay.ts'
import { type Installment, PAYROLL } from '../../domain/plans/plan.ts'
import { paymentsInDoubt, refundProgressed } from '../../domain/plans/refunding.ts'
import { givenBackByPay } from '../../domain/plans/settle.ts'
import type { Work } from '../../domain/plans/work.ts'
import { movedOf, type Row } from './books.ts'
import type { Life } from './life.ts'

/** What the activities of plans do, with the books for a database and a gateway that draws its answers. */

/** Hours until a gateway has answered: mostly at once, sometimes after an hour, rarely after days without an answer. */
function answerAfter(life: Life): number {
  return { once: 0.0003, soon: life.chance.int(1, 90) / 60, late: life.chance.int(2, 80) }[
    life.chance.weighted({ once: 90, soon: 6, late: 4 })
  ]
}

/** Hours until the plan hears of what is in the database already: long when a worker ends in between. */
function hearsAfter(life: Life): number {
  return life.chance.percent(92) ? 0 : life.chance.int(1, 240) / 60
}

/** One attempt on an instalment: asked, settled in the database, and then known to the plan. */
export function collect(life: Life, number: number): void {
  const attempt = openAttempt(life.plan, number)
  if (!attempt) return
  const key = `collect:${number}`
  life.running.add(key)
  const hadNews = life.news.delete(attempt.transaction)
  const installment = findInstallment(life.plan, number)
  const { transaction } = attempt
  const isPayroll = attempt.paymentMethod.type === PAYROLL.type
  const known = life.books.rows.get(transaction)
  if (!known) {
    life.books.rows.set(transaction, chargeRow(life, attempt))
    if (!isPayroll) life.gateway.pay(transaction, attempt.amount, attempt.paymentMethod.type, [number])
  }
  life.soon(known || isPayroll ? 0.0003 : answerAfter(life), () => {
    life.unread.delete(transaction)
    const outcome: ChargeOutcome = isPayroll ? { result: 'succeeded' } : life.gateway.read(transaction)
    const at = life.now
    const written = settleInDatabase(life, installment, outcome, transaction)
    life.unlearned += 1
    const hears = () => {
      life.unlearned -= 1
      life.running.delete(key)
      // The news may have been of a return, which a payment that is asked for does not tell.
      if (hadNews && outcome.result === 'succeeded') life.news.add(transaction)
      const heard = attemptHeard(life.plan, number, outcome, { at, written })
      life.learn(`${transaction} ${words(outcome)}`, heard)
    }
    const hours = hearsAfter(life)
    if (hours === 0) hears()
    else life.soon(hours, hears)
  })
}

function settleInDatabase(life: Life, before: Installment, outcome: ChargeOutcome, transaction: string) {
  const { installment, effects } = settleInstallment(life.plan, before, outcome, life.now)
  const row = life.books.row(transaction)
  row.status = outcome.result === 'succeeded' || outcome.result === 'processing' ? outcome.result : 'failed'
  row.outcome = outcome.result
  row.at = life.now
  life.books.write(effects, life.now)
  return installment
}

function chargeRow(life: Life, a: Attempt): Row {
  return {
    id: a.transaction,
    type: 'charge',
    installment: a.installment,
    attempt: a.attempt,
    amount: a.amount,
    status: 'pending',
    outcome: null,
    gateway: a.paymentMethod.type === PAYROLL.type ? 'payroll' : 'stripe',
    parts: [{ installment: a.installment, amount: a.amount }],
    returned: 0,
    returns: 0,
    cause: null,
    at: life.now,
    refund: null,
  }
}

/** A one-off payment; one that needs its customer is given up. */
export function payOnce(life: Life, number: number): void {
  const payment = life.plan.payments.find((p) => p.number === number)
  if (!payment) return
  const key = `pay:${number}`
  life.running.add(key)
  const hadNews = life.news.delete(payment.transaction)
  const { transaction, amount, parts, paymentMethod } = payment
  const isNew = !life.gateway.payments.has(transaction)
  if (isNew)
    life.gateway.pay(
      transaction,
      amount,
      paymentMethod.type,
      parts.map((p) => p.installment),
    )
  life.soon(isNew ? answerAfter(life) : 0.0003, () => {
    life.unread.delete(transaction)
    let outcome = life.gateway.read(transaction)
    if (outcome.result === 'requires_action') {
      const { code } = outcome
      const state = life.gateway.cancel(transaction)
      outcome = state.result === 'succeeded' ? state : { result: 'declined', severity: 'soft', code }
    }
    life.running.delete(key)
    if (hadNews && outcome.result === 'succeeded') life.news.add(transaction)
    life.learn(`${transaction} ${words(outcome)}`, paymentSettled(life.plan, number, outcome, life.now))
  })
}

/** Money back: which payments it is taken from is decided once, then each piece is asked for. */
export function giveBack(life: Life, number: number): void {
  const refund = life.plan.refunds.find((r) => r.number === number)
  if (!refund || [...life.running].some((other) => other.startsWith('refund:'))) return
  const key = `refund:${number}`
  life.running.add(key)
  life.soon(answerAfter(life), () => {
    for (const piece of life.books.allot(life.plan, refund, life.now)) askPiece(life, piece)
    const progress = life.books.progress(life.plan, refund)
    life.running.delete(key)
    for (const payment of paymentsInDoubt(progress)) life.news.add(payment)
    const stuck = sum(progress.stuck, (s) => s.amount)
    const given = refund.amount - progress.underWay - stuck
    const what = `refund ${number}: ${given} given, ${progress.underWay} under way, ${stuck} stuck`
    life.learn(what, refundProgressed(life.plan, number, progress, life.now))
  })
}

function askPiece(life: Life, piece: Row): void {
  if (piece.gateway === 'payroll') {
    Object.assign(piece, { status: 'succeeded', outcome: 'succeeded', at: life.now })
    const back = { amount: piece.amount, date: civilOf(life.now, life.plan.terms.timezone) }
    life.books.write(givenBackByPay(life.plan, piece.id, back), life.now)
    return
  }
  life.unread.delete(piece.id)
  const isNew = !life.gateway.refunds.has(piece.id)
  const outcome = isNew
    ? life.gateway.refund(piece.id, piece.refund?.of ?? '', piece.amount)
    : life.gateway.readRefund(piece.id)
  piece.status = outcome.result
  piece.outcome = outcome.result === 'failed' ? outcome.code : outcome.result
  piece.at = life.now
  if (outcome.result !== 'succeeded') return
  const entry = { key: `refunded:${piece.id}`, amount: piece.amount, description: 'Refunded', transaction: piece.id }
  const receipt = { write: 'receipt' as const, transaction: piece.id, type: 'refund' as const, amount: piece.amount }
  life.books.write([ledger.moneyBack(entry), receipt], life.now)
}

/**
 * Looks at a payment or refund that is over for the plan: what the gateway holds against what is recorded, closed if it
 * should be.
 */
export function look(life: Life, { key, transaction, close }: Extract<Work, { do: 'look' }>): void {
  life.news.delete(transaction)
  const row = life.books.rows.get(transaction)
  if (row?.gateway !== 'stripe') return
  life.running.add(key)
  const { seen, isOpen } = newsOf(life, row, close)
  life.unread.delete(transaction)
  life.soon(hearsAfter(life), () => {
    life.running.delete(key)
    const link = { close, isOpen, isPaid: seen.news === 'received' }
    life.learn(
      `${transaction} ${close ? 'closed' : 'looked at'}${isOpen ? ', open' : ''}`,
      linkSeen(life.plan, transaction, link, life.now),
    )
    life.learn(`${transaction}: ${seen.news}`, learnt(life.plan, seen, life.now))
  })
}

function newsOf(life: Life, row: Row, close: boolean): { seen: News; isOpen: boolean } {
  if (row.type === 'refund') {
    const seen = newsOfRefund(movedOf(row), life.gateway.readRefund(row.id), row.cause ?? 'adjustment')
    return { seen, isOpen: false }
  }
  const state = close ? life.gateway.cancel(row.id) : life.gateway.state(row.id)
  const isOpen = state.result === 'requires_action' || state.result === 'processing'
  return { seen: newsOfPayment(movedOf(row), state, life.books.pastOf(row)), isOpen }
}

function words(outcome: ChargeOutcome): string {
  return 'severity' in outcome ? `declined ${outcome.severity} (${outcome.code})` : outcome.result
}
