import { civilOf, compareInstants, nextBillingDates, startOfDay } from '../../domain/calendar.ts'
import { isUndelivered } from '../../domain/leasing/order.ts'
import { chargeStep } from '../../domain/money.ts'
import { chargeOfTheDay, nextBillingAt } from '../../domain/plans/coming.ts'
import {
  collectibles,
  dueMoment,
  hasOpenCharge,
  isEnding,
  netTotal,
  outstanding,
  paidIn,
  statusOf,
  sum,
  unpaid,
} from '../../domain/plans/figures.ts'
import type { Installment, Plan } from '../../domain/plans/plan.ts'
import { agreedDueDates } from '../../domain/plans/schedule.ts'
import { retryMoment } from '../../domain/plans/time.ts'
import { type Expected, expectedCancellation } from './cancellations.ts'
import { leaseHolds, leaseIsOver } from './lease-watch.ts'
import type { Life, Watch } from './life.ts'

/** What must hold after every fact of a plan's life, whatever happened (keeps the rules named at each). */
export class Invariants implements Watch {
  readonly #firstAttempts = new Set<string>()
  readonly #retries = new Map<number, number>()
  #agreed: string[] = []
  #mostRefund = 0
  #hadBalance = false
  #before: Plan | null = null

  seen(life: Life): void {
    const { plan } = life
    for (const i of collectibles(plan)) installmentHolds(life, i)
    if (!isEnding(plan)) scheduleAddsUp(life)
    if (life.unlearned === 0) {
      ledgerHolds(life)
      noPaymentGivenBackTwice(life)
      escalationsAgree(life)
      if (plan.cancellation) this.#cancellationHolds(life)
    }
    if (
      (statusOf(plan) === 'past_due') !==
      (plan.lifecycle === 'active' && plan.installments.some((i) => i.escalation))
    )
      life.broken('past_due without an escalation, or the reverse')
    leaseHolds(life)
    this.#datesDoNotDrift(life)
    this.#completion(life)
    this.#before = plan
  }

  /** Attempts that were just begun: first ones once a day, retries as many as agreed, none after a cancellation. */
  begun(life: Life, before: Plan): void {
    const { plan } = life
    for (const i of collectibles(plan)) {
      if (i.open?.by !== 'charge') continue
      const was = i.number === 0 ? before.balance : before.installments.find((b) => b.number === i.number)
      if (was?.open) continue
      const { cause, amount, transaction } = i.open
      life.fact(`${transaction} begun: ${cause}, ${amount}`)
      if (amount !== unpaid(i) || amount <= 0) life.broken(`Asked for ${amount} of ${unpaid(i)}`)
      if (isEnding(plan) && i.number !== 0) life.broken('Charged after the cancellation')
      const next = nextBillingAt(before)
      if (
        (cause === 'retry' || cause === 'due') &&
        i.number !== 0 &&
        (next === null || compareInstants(next, life.now) > 0)
      )
        life.broken(`${transaction} was begun, and the next charge was to come at ${next}`)
      const counts = cause === 'retry' || (cause === 'due' && i.atOnce === null)
      if (counts && chargeOfTheDay(plan, life.now) !== 'before') life.broken(`${transaction} is no charge of the day`)
      if (cause === 'retry') this.#retried(life, i, was)
      if (cause === 'due') this.#firstTried(life, i)
    }
  }

  /** What was to be charged by now is begun, but for what waits until a link is closed. */
  rests(life: Life): void {
    const { plan, now, running } = life
    const next = nextBillingAt(plan)
    const waits =
      [...running].some((key) => key.startsWith('look:')) || plan.installments.some((i) => i.openLink?.pollAt)
    const wanted = plan.installments.find((i) => i.extra && !i.open && !i.openLink?.pollAt)
    if (wanted && !waits && !isEnding(plan))
      life.broken(`Instalment ${wanted.number} is to be tried at once, and is not`)
    if (next !== null && compareInstants(next, now) <= 0 && !waits)
      life.broken(`To be charged at ${next}, and nothing is begun`)
  }

  ended(life: Life): void {
    const { plan, books } = life
    if (JSON.stringify(JSON.parse(JSON.stringify(plan))) !== JSON.stringify(plan)) life.broken('Not plain JSON')
    const ends = plan.lease ? ['completed', 'canceled', 'terminated'] : ['completed', 'canceled']
    if (!ends.includes(plan.lifecycle)) life.broken(`Ended as ${plan.lifecycle}`)
    leaseIsOver(life)
    if (outstanding(plan) !== 0) life.broken(`Ended with ${outstanding(plan)} unpaid`)
    if (books.accounts.receivable !== 0) life.broken(`Ended with ${books.accounts.receivable} receivable`)
    if ([...books.escalations.values()].some((e) => e.isOpen)) life.broken('Ended with an open escalation')
    if (plan.lifecycle === 'completed' && !plan.installments.every((i) => i.status === 'paid' || i.status === 'waived'))
      life.broken('Completed with something unpaid')
    if (life.unread.size === 0 && life.gateway.balance() !== books.gatewayCash())
      life.broken(`The gateway holds ${life.gateway.balance()}, the ledger says ${books.gatewayCash()}`)
    for (const [key, { state }] of life.gateway.payments)
      if (state.result === 'requires_action') life.broken(`Ended, and its customer can still pay ${key}`)
    for (const row of books.rows.values()) if (row.status === 'pending') life.broken(`${row.id} is left pending`)
  }

  #firstTried(life: Life, i: Installment): void {
    const { plan, now } = life
    if (compareInstants(dueMoment(i, plan.terms), now) > 0)
      life.broken(`Instalment ${i.number} was charged before it was due`)
    if (plan.pause) life.broken('A first attempt during a pause')
    if (i.atOnce) return
    const today = civilOf(now, plan.terms.timezone)
    if (this.#firstAttempts.has(today)) life.broken(`Two first attempts on ${today}`)
    this.#firstAttempts.add(today)
  }

  #retried(life: Life, i: Installment, was: Installment | null | undefined): void {
    const { plan, now } = life
    const retries = (this.#retries.get(i.number) ?? 0) + 1
    this.#retries.set(i.number, retries)
    if (retries > plan.terms.retryPolicy.retries) life.broken(`Instalment ${i.number} was retried ${retries} times`)
    const at = was ? retryMoment(plan, was) : null
    if (at === null || compareInstants(at, now) > 0) life.broken(`Instalment ${i.number} was retried before its day`)
    if (at !== now && !life.wasAway() && !life.facts.some((f) => f.startsWith(now))) life.broken('Retried late')
  }

  #datesDoNotDrift(life: Life): void {
    const { plan } = life
    const isDelivered = this.#before !== null && isUndelivered(this.#before) && !isUndelivered(plan)
    if (this.#agreed.length === 0 || isDelivered) this.#agreed = agreedDueDates(plan.terms)
    if (plan.terms.count > (this.#before?.terms.count ?? plan.terms.count)) this.#agreed.push(...this.#extension(plan))
    if (this.#before?.installments === plan.installments) return
    const resumed =
      this.#before?.pause?.mode === 'extend' && plan.pause === null && plan.lifecycle !== 'pending_cancellation'
    plan.installments.forEach((i, k) => {
      const agreed = this.#agreed[k]
      if (agreed === i.dueDate) return
      if (agreed !== undefined && !resumed) life.broken(`Instalment ${i.number} moved from ${agreed} to ${i.dueDate}`)
      if (agreed === undefined && i.atOnce === null && !resumed) life.broken('An instalment that nobody agreed')
      this.#agreed[k] = i.dueDate
    })
    const days = plan.installments.filter((i) => i.atOnce === null).map((i) => i.dueDate)
    if (resumed && new Set(days).size < days.length) life.broken('Two instalments on one day')
  }

  /** The months that an extension adds: billing days after the last one, of which none is another's. */
  #extension({ terms, installments }: Plan): string[] {
    const known = installments.slice(0, this.#agreed.length).filter((i) => i.atOnce === null)
    const last =
      known
        .map((i) => i.dueDate)
        .toSorted()
        .at(-1) ?? terms.startDate
    return nextBillingDates(terms.cadence, last, installments.length - this.#agreed.length)
  }

  #completion(life: Life): void {
    const { plan, now } = life
    if (plan.lifecycle !== 'completed' || this.#before?.lifecycle === 'completed') return
    if (compareInstants(now, startOfDay(plan.terms.endDate, plan.terms.timezone)) < 0)
      life.broken('Completed before its end')
  }

  /** Nothing is given back or collected but what the terms say, worked out a second time (keeps Cancelling). */
  #cancellationHolds(life: Life): void {
    const { plan, books } = life
    const { cancellation } = plan
    if (!cancellation) return
    const paid = books.moved.paid - books.moved.returned - books.moved.balance
    const kept = paid - books.decided.adjustment - books.decided.overpaid
    const expected = expectedCancellation({
      terms: plan.terms,
      step: chargeStep(plan.terms.currency),
      netTotal: netTotal(plan),
      paid: kept,
      // An order that is cancelled before its device came is cancelled before its start.
      date: plan.lease?.order.deliveredAt === null ? '1970-01-01' : civilOf(cancellation.at, plan.terms.timezone),
    })
    this.#mostRefund = Math.max(this.#mostRefund, expected.refund)
    if (cancellation.refund !== this.#mostRefund || books.decided.cancellation !== this.#mostRefund)
      life.broken(`Cancelled: ${cancellation.refund} given back instead of ${this.#mostRefund}`)
    this.#balanceHolds(life, expected)
  }

  #balanceHolds(life: Life, { owed }: Expected): void {
    const { plan } = life
    const collects = plan.terms.cancellation.collectBalance === true
    if (plan.balance && !collects) life.broken('A balance is collected that the terms leave')
    if (plan.balance && !this.#hadBalance) {
      const reopened = sum(plan.installments, unpaid)
      if (plan.balance.amount + reopened > owed)
        life.broken(`A balance of ${plan.balance.amount} and ${reopened} reopened for ${owed} owed`)
      this.#hadBalance = true
    }
    const wasReturned = life.books.moved.returned > 0
    if (collects && owed > 0 && !hasOpenCharge(plan) && !this.#hadBalance && !wasReturned)
      life.broken(`A balance of ${owed} is not collected`)
  }
}

/** Statuses mean what they say; amounts are whole and never negative (keeps Schedule). */
function installmentHolds(life: Life, i: Installment): void {
  const say = (what: string) => life.broken(`Instalment ${i.number}: ${what}: ${JSON.stringify(i)}`)
  if (!Number.isSafeInteger(i.amount) || i.amount < 0 || !Number.isSafeInteger(i.paid) || i.paid < 0) say('amounts')
  if (i.amount % chargeStep(life.plan.terms.currency) !== 0) say('not in whole steps')
  if (i.paid > i.amount && !isEnding(life.plan)) say('more paid than owed')
  if ((i.status === 'processing') !== (i.open !== null)) say('processing without an open charge, or the reverse')
  if (i.status === 'paid' && (i.paid < i.amount || i.amount === 0)) say('paid without money')
  if (i.status === 'escalated' && (i.escalation === null || unpaid(i) === 0)) say('escalated for nothing')
  if (i.status === 'retrying' && (i.retryOn === null || unpaid(i) === 0)) say('retrying without a day')
  if (i.status === 'canceled' && !isEnding(life.plan) && life.plan.lifecycle !== 'terminated')
    say('cancelled in a living plan')
  const isOver = i.status === 'paid' || i.status === 'waived' || i.status === 'canceled'
  if (isOver && (i.escalation || i.extra || i.retryOn)) say('over, and something is still wanted')
  if (i.retries > life.plan.terms.retryPolicy.retries) say('more retries than agreed')
  if (i.open?.by === 'payment') {
    const { payment } = i.open
    const held = life.plan.payments.find((p) => p.number === payment)
    if (!held?.parts.some((p) => p.installment === i.number)) say('held by no payment')
  }
}

/** Keeps Schedule: the sum of all amounts, less what adjustments gave back and forgave, is the total. */
function scheduleAddsUp(life: Life): void {
  const { plan } = life
  const forgiven = plan.refundedByAdjustment + plan.writeOffsByAdjustment + plan.overcharge
  const amounts = sum(plan.installments, (i) => i.amount)
  if (amounts - forgiven !== netTotal(plan))
    life.broken(`The schedule sums to ${amounts} less ${forgiven}, the total is ${netTotal(plan)}`)
  if (plan.overcharge < 0) life.broken('Less than nothing is too much')
  if (plan.overcharge > 0 && !hasOpenCharge(plan)) life.broken(`${plan.overcharge} too much, and nothing is awaited`)
}

/** Keeps Ledger. */
function ledgerHolds(life: Life): void {
  const { plan, books } = life
  const { paid, returned, refunded } = books.moved
  const ofInstallments = books.decided.adjustment + books.decided.cancellation
  if (ofInstallments !== plan.refundsDecided)
    life.broken(`${plan.refundsDecided} decided to be given back, told ${ofInstallments}`)
  const decided = ofInstallments + books.decided.overpaid
  if (refunded > paid) life.broken(`${refunded} given back of ${paid}`)
  // Nothing is forgiven that nobody has written off before.
  if (books.accounts.write_offs < 0) life.broken(`${books.accounts.write_offs} is written off`)
  const receivable = outstanding(plan) - plan.overcharge - (decided - refunded)
  if (books.accounts.receivable !== receivable)
    life.broken(`Receivable is ${books.accounts.receivable}; unpaid less to be given back is ${receivable}`)
  const cash = books.accounts.cash + books.accounts.payroll
  if (cash !== paid - returned - refunded) life.broken('Cash is not what moved')
  const held = paidIn(plan) + books.decided.overpaid - refunded - plan.lost
  if (cash !== held) life.broken(`Cash is ${cash}; the plan says ${held}`)
  const underWay = plan.refunds.reduce((all, r) => all + r.amount, 0)
  if (plan.refunds.length === 0 && decided !== refunded) life.broken(`Of ${decided}, ${refunded} was given back`)
  if (decided - refunded > underWay) life.broken(`${decided - refunded} is to be given back, ${underWay} is under way`)
}

/** Nothing is given back twice of one payment, whoever gives it back (keeps Refunding). */
function noPaymentGivenBackTwice(life: Life): void {
  const given = new Map<string, number>()
  for (const { status, amount, refund } of life.books.rows.values())
    if (refund?.of && status === 'succeeded') given.set(refund.of, (given.get(refund.of) ?? 0) + amount)
  for (const [payment, amount] of given) {
    const paid = life.books.row(payment).amount
    if (amount > paid) life.broken(`${amount} was given back of ${payment}, which had paid ${paid}`)
  }
}

/** One open escalation for an instalment or refund at most, and it is the one that the plan names (keeps NSF). */
function escalationsAgree(life: Life): void {
  const open = new Map([...life.books.escalations].filter(([, e]) => e.isOpen))
  for (const i of collectibles(life.plan)) {
    if (i.escalation === null) continue
    const known = open.get(i.escalation)
    if (known?.installment !== i.number) life.broken(`Instalment ${i.number} names ${i.escalation}, which is not open`)
    if (known?.amount !== unpaid(i)) life.broken(`${i.escalation} is for ${known?.amount}, unpaid is ${unpaid(i)}`)
    open.delete(i.escalation)
  }
  for (const refund of life.plan.refunds) {
    if (refund.escalation === null) continue
    if (open.get(refund.escalation)?.refund !== refund.number) life.broken(`${refund.escalation} is not open`)
    open.delete(refund.escalation)
  }
  const order = life.plan.lease?.order.escalation
  if (order && !open.get(order)?.order) life.broken(`${order} is not open`)
  if (order) open.delete(order)
  if (open.size > 0) life.broken(`Open, and nobody's: ${[...open.keys()].join(', ')}`)
}
