import { formatMoney } from '../../domain/money.ts'
import { afterwards } from '../../domain/plans/afterwards.ts'
import { attemptHeard, openAttempt, whyAttempt } from '../../domain/plans/collect.ts'
import { findInstallment, today } from '../../domain/plans/figures.ts'
import { linkSeen } from '../../domain/plans/link.ts'
import { learnt } from '../../domain/plans/news.ts'
import { paymentSettled } from '../../domain/plans/pay.ts'
import { paymentsInDoubt, refundProgressed } from '../../domain/plans/refunding.ts'
import { installmentInWords } from '../../domain/plans/words.ts'
import type { Work } from '../../domain/plans/work.ts'
import { ask, chargeByItself, chargeHereFirst } from './activities.ts'
import { apply, now, type Run } from './run.ts'
import { noteWritten } from './written.ts'

/** Begins one piece of work beside the main loop, unless it is under way already. */
export function begin(run: Run, work: Work): void {
  if (run.running.has(work.key)) return
  // One refund after the other: what one leaves to a broker is not to be taken by the next.
  if (work.do === 'refund' && [...run.running].some((key) => key.startsWith('refund:'))) return
  const { byTime } = run
  startWork(run, work.key, () => perform(run, work, byTime))
}

/** Looks are work too; while one is under way no attempt is begun. */
export function isLooking(run: Run): boolean {
  return [...run.running].some((key) => key.startsWith('look:'))
}

function startWork(run: Run, key: string, work: () => Promise<void>): void {
  run.running.add(key)
  // What was decided before is durable before money follows, so that rows are written in the order of decisions.
  void run.writing.then(work).then(() => {
    run.running.delete(key)
    run.stirred = true
  })
}

function perform(run: Run, work: Work, byTime: boolean): Promise<void> {
  switch (work.do) {
    case 'collect':
      return collect(run, work.installment, byTime)
    case 'pay':
      return payOnce(run, work.payment)
    case 'refund':
      return giveBack(run, work.refund)
    case 'look':
      return look(run, work)
    default:
      return work satisfies never
  }
}

/** One attempt on one instalment, from the gateway's answer to what becomes of the instalment. */
async function collect(run: Run, number: number, byTime: boolean): Promise<void> {
  const { plan } = run
  const attempt = openAttempt(plan, number)
  if (!attempt) return
  const hadNews = run.news.delete(attempt.transaction)
  const installment = findInstallment(plan, number)
  const words = installmentInWords(plan, installment, attempt.cause)
  const charge = {
    tenant: plan.tenant,
    plan: plan.id,
    attempt,
    installment,
    description: words,
    why: whyAttempt(plan, installment, attempt.cause),
    clock: plan.clock?.now ?? null,
  }
  const {
    outcome,
    at,
    installment: written,
  } = byTime ? await chargeHereFirst(run, words, charge) : await chargeByItself(words, charge)
  noteWritten(run.written, written)
  apply(run, attemptHeard(run.plan, number, outcome, { at, written }))
  apply(run, afterwards(run.plan, now(run)))
  // The news may have been of something later than this answer: a return on the heels of the payment.
  if (hadNews && outcome.result === 'succeeded') run.news.add(attempt.transaction)
}

async function payOnce(run: Run, number: number): Promise<void> {
  const { plan } = run
  const payment = plan.payments.find((p) => p.number === number)
  if (!payment) return
  const hadNews = run.news.delete(payment.transaction)
  const summary = `One-off payment of ${formatMoney(payment.amount, plan.terms.currency)}`
  const { outcome, at } = await ask.payOnce.executeWithOptions({ summary }, [
    { tenant: plan.tenant, plan: plan.id, payment, description: summary, clock: plan.clock?.now ?? null },
  ])
  apply(run, paymentSettled(run.plan, number, outcome, at))
  apply(run, afterwards(run.plan, now(run)))
  if (hadNews && outcome.result === 'succeeded') run.news.add(payment.transaction)
}

async function giveBack(run: Run, number: number): Promise<void> {
  const { plan } = run
  const refund = plan.refunds.find((r) => r.number === number)
  if (!refund) return
  const summary = `Refund ${formatMoney(refund.amount, plan.terms.currency)} because of ${refund.cause}`
  const { at, ...progress } = await ask.giveBack.executeWithOptions({ summary }, [
    { tenant: plan.tenant, plan: plan.id, refund, clock: plan.clock?.now ?? null },
  ])
  for (const payment of paymentsInDoubt(progress)) run.news.add(payment)
  apply(run, refundProgressed(run.plan, number, progress, at))
  apply(run, afterwards(run.plan, now(run)))
}

/** Looks at a transaction that is over for the plan: its gateway has news of it, or its customer's link is to be closed. */
async function look(run: Run, { transaction, close }: Extract<Work, { do: 'look' }>): Promise<void> {
  const { plan } = run
  run.news.delete(transaction)
  const why = close ? 'its link is not wanted any more' : 'its gateway has news of it'
  const summary = `${close ? 'Close' : 'Read'} ${transaction}: ${why}, on ${today(plan, now(run))}`
  const seen = await ask.lookAt.executeWithOptions({ summary }, [
    { tenant: plan.tenant, plan: plan.id, transaction, close },
  ])
  const link = { close, isOpen: seen.isOpen, isPaid: seen.news === 'received' }
  apply(run, linkSeen(run.plan, transaction, link, now(run)))
  apply(run, learnt(run.plan, seen, now(run)))
  apply(run, afterwards(run.plan, now(run)))
}
