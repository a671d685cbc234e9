import { compareInstants } from '../calendar.ts'
import { attemptStarted } from './collect.ts'
import type { Decision } from './effects.ts'
import { collectibles, isEnding, isLinkOver, unpaid } from './figures.ts'
import { installmentNumberOf, refundNumberOf } from './keys.ts'
import { waitsForLink } from './pay.ts'
import type { AttemptCause, Installment, Plan, Refund } from './plan.ts'
import type { Instant } from './terms.ts'
import { firstAttemptDue, retryMoment, timePassed } from './time.ts'

/** What is to be asked of the world now. Each kind of work has a key, so that it is never under way twice. */
export type Work =
  | { do: 'collect'; key: string; installment: number }
  | { do: 'pay'; key: string; payment: number }
  | { do: 'refund'; key: string; refund: number }
  /** Read a payment that is over for the plan; with `close`, cancel it if its customer can still complete it. */
  | { do: 'look'; key: string; transaction: string; close: boolean }

/** What is due at one moment: decided by time alone, begun, and to be asked of the gateway. */
export type Due = Decision & { work: Work[] }

/**
 * Everything that is due now. `news` are transactions that a gateway has news of; while one is being looked at
 * (`isLooking`), or is about to be, no attempt is begun: it may have paid what the attempt would charge. Not so for news of
 * the very attempt, which can have been begun before by somebody who was lost before the plan knew.
 */
export function dueNow(
  plan: Plan,
  now: Instant,
  { news, isLooking }: { news: ReadonlySet<string>; isLooking: boolean },
): Due {
  const passed = timePassed(plan, now)
  const started = attemptsBegun(passed.plan, now)
  const others = new Set([...news].filter((transaction) => !isOpenAttempt(started, transaction)))
  const looks = looksDue(passed.plan, now, others)
  const begun = isLooking || looks.length > 0 ? passed.plan : started
  return { plan: begun, effects: passed.effects, work: [...looks, ...workOpen(begun, now, news)] }
}

function isOpenAttempt(plan: Plan, transaction: string): boolean {
  return collectibles(plan).some(({ open }) => open?.by === 'charge' && open.transaction === transaction)
}

/** Payments that are over for the plan and are to be looked at: of the gateway's news, and links to be closed. */
export function looksDue(plan: Plan, now: Instant, news: ReadonlySet<string>): Extract<Work, { do: 'look' }>[] {
  const closing = linksToClose(plan, now, news)
  const told = [...news].filter((transaction) => !closing.includes(transaction) && !isUnderWay(plan, transaction))
  const look = (close: boolean) => (transaction: string) =>
    ({ do: 'look', key: `look:${transaction}`, transaction, close }) as const
  return [...closing.map(look(true)), ...told.map(look(false))]
}

/** A link is closed when its payment is not wanted any more, and before its instalment is charged anew (keeps Charging). */
function linksToClose(plan: Plan, now: Instant, news: ReadonlySet<string>): string[] {
  return collectibles(plan).flatMap((i) => {
    if (!i.openLink || !(isLinkOver(plan, i) || causeNow(plan, i, null, now))) return []
    const { transaction, pollAt } = i.openLink
    const isTime = pollAt === null || compareInstants(pollAt, now) <= 0 || news.has(transaction)
    return isTime ? [transaction] : []
  })
}

/** The plan with every attempt begun whose time has come (keeps Charging, NSF). */
export function attemptsBegun(plan: Plan, now: Instant): Plan {
  let next = plan
  for (const { number, cause } of attemptsDue(plan, now)) next = attemptStarted(next, number, cause, now)
  return next
}

function attemptsDue(plan: Plan, now: Instant): { number: number; cause: AttemptCause }[] {
  if (plan.lifecycle !== 'active' && plan.lifecycle !== 'pending' && !plan.balance) return []
  const first = plan.lifecycle === 'active' ? firstAttemptDue(plan, now) : null
  return collectibles(plan).flatMap((i) => {
    const cause = i.open || i.openLink ? null : causeNow(plan, i, first, now)
    return cause && unpaid(i) > 0 ? [{ number: i.number, cause }] : []
  })
}

function causeNow(plan: Plan, i: Installment, first: Installment | null, now: Instant): AttemptCause | null {
  if (isEnding(plan) && i.number !== 0) return null
  const retryAt = retryMoment(plan, i)
  // A scheduled retry that is due goes before an extra attempt: both would be the same charge today.
  if (retryAt && compareInstants(retryAt, now) <= 0) return 'retry'
  if (i.extra && (i.status === 'retrying' || i.status === 'escalated')) return i.extra
  if (i.status !== 'scheduled') return null
  if (i.atOnce && !plan.pause && compareInstants(i.atOnce, now) <= 0) return 'due'
  return i.number === first?.number ? 'due' : null
}

/**
 * Everything that waits for an answer of the gateway now: charges asked for, one-off payments, refunds, and those that
 * are processing and should be read because it is time or because there is `news` of their transaction.
 */
export function workOpen(plan: Plan, now: Instant, news: ReadonlySet<string>): Work[] {
  const isTime = (pollAt: Instant | null, transaction?: string) =>
    (pollAt !== null && compareInstants(pollAt, now) <= 0) || (transaction !== undefined && news.has(transaction))
  return [
    ...collectibles(plan).flatMap((i): Work[] => {
      if (i.open?.by !== 'charge') return []
      const wanted = i.open.state === 'asked' || isTime(i.open.pollAt, i.open.transaction)
      return wanted ? [{ do: 'collect', key: `collect:${i.number}`, installment: i.number }] : []
    }),
    ...plan.payments.flatMap((p): Work[] =>
      (p.state === 'wanted' && !waitsForLink(plan, p)) || isTime(p.pollAt, p.transaction)
        ? [{ do: 'pay', key: `pay:${p.number}`, payment: p.number }]
        : [],
    ),
    ...plan.refunds.flatMap((r): Work[] =>
      r.state === 'wanted' || (r.state === 'processing' && isTime(r.pollAt))
        ? [{ do: 'refund', key: `refund:${r.number}`, refund: r.number }]
        : [],
    ),
  ]
}

/**
 * Whether a transaction is one that is under way, so that news of it is about an open charge, payment or refund. While
 * an attempt is asked for, that also goes for the earlier ones on its instalment: what came of them after all is only
 * known to be too much once the attempt has ended. So it does for a payment whose excess is being asked back, while it is
 * not known what came of that.
 */
export function isUnderWay(plan: Plan, transaction: string): boolean {
  const refund = refundNumberOf(plan, transaction)
  // One that waits for its bank is looked at, as one that is over is: it is known there which piece the news is of.
  const isAsked = (r: Refund) => r.state === 'wanted' && (r.number === refund || r.of === transaction)
  if (plan.refunds.some(isAsked)) return true
  if (refund !== null) return false
  const installment = installmentNumberOf(plan, transaction)
  return (
    isOpenAttempt(plan, transaction) ||
    collectibles(plan).some(
      ({ number, open }) => open?.by === 'charge' && open.state === 'asked' && number === installment,
    ) ||
    plan.payments.some((p) => p.transaction === transaction)
  )
}
