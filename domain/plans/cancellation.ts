import { daysBetween } from '../calendar.ts'
import { type Problem, RuleBroken } from '../errors.ts'
import { chargeStep, formatMoney, isChargeable, type Minor, mulDivSteps, percentOf } from '../money.ts'
import type { Cancellation } from './plan.ts'
import type { CancellationTerms, CivilDate, Terms } from './terms.ts'

const MAX_TIERS = 50
/** Most days that terms of cancellation may name: ten years. */
export const MAX_DAYS = 3660

/** What a cancellation comes to; the moment is the caller's to add. */
export type CancellationFigures = Omit<Cancellation, 'at' | 'effectiveDate' | 'feesBooked'>

export type CancellationFacts = {
  terms: Pick<Terms, 'currency' | 'startDate' | 'endDate' | 'cancellation'>
  /** In force: after the discount and all adjustments. */
  netTotal: Minor
  /** Succeeded, less what was returned and what adjustments have given back. */
  paid: Minor
  /** The day of the cancellation in the plan's zone. */
  date: CivilDate
}

/** What is kept, before it is set against what is paid; `because` begins the explanation. */
type Kept = { earned: Minor; fee: Minor; penalty: Minor; because: string }

/**
 * What is earned, kept, given back or still to be collected when a plan is cancelled on `date`: one function for quotes
 * and for the real thing. `balance` is what is earned and not paid, charged only if the terms collect it; `usedDays` and `termDays`
 * are calendar days. Throws `cancellation_type_unknown`. Keeps Cancelling.
 */
export function cancellationFigures(facts: CancellationFacts): CancellationFigures {
  const { terms, paid, date } = facts
  const termDays = daysBetween(terms.startDate, terms.endDate)
  const usedDays = Math.min(Math.max(daysBetween(terms.startDate, date), 0), termDays)
  const { because, ...kept } = keptOf(facts, usedDays, termDays)
  const difference = paid - kept.earned - kept.penalty - kept.fee
  const refund = Math.max(0, difference)
  const balance = Math.max(0, -difference)
  const consequence = consequenceOf(
    { paid, refund, balance, isCollected: terms.cancellation.collectBalance ?? false },
    terms.currency,
  )
  return { usedDays, termDays, ...kept, refund, balance, explanation: `${because}; ${consequence}.` }
}

function keptOf(facts: CancellationFacts, usedDays: number, termDays: number): Kept {
  const { terms, date } = facts
  const { coolingOffDays, fee = 0 } = terms.cancellation
  const byTerms = keptByType(facts, usedDays, termDays)
  const nothing = { earned: 0, fee: 0, penalty: 0 }
  if (date < terms.startDate) return { ...nothing, because: 'Cancelled before the start date, so nothing is kept' }
  if (coolingOffDays !== undefined && usedDays <= coolingOffDays) {
    return { ...nothing, because: `Cancelled on day ${usedDays}, within the ${coolingOffDays} days of cooling off` }
  }
  const withFee = fee > 0 ? `, and a fee of ${formatMoney(fee, terms.currency)} applies` : ''
  return { ...byTerms, fee, because: byTerms.because + withFee }
}

function keptByType(facts: CancellationFacts, usedDays: number, termDays: number): Omit<Kept, 'fee'> {
  const { terms, netTotal, paid } = facts
  const { currency, cancellation } = terms
  const earnedByTime = () => mulDivSteps(netTotal, usedDays, termDays, currency)
  switch (cancellation.type) {
    case 'none':
      return { earned: paid, penalty: 0, because: 'These terms refund nothing' }
    case 'full':
      return { earned: 0, penalty: 0, because: 'These terms refund everything that was paid' }
    case 'pro_rata': {
      const earned = earnedByTime()
      return { earned, penalty: 0, because: earnedSentence(earned) }
    }
    case 'short_rate': {
      const earned = earnedByTime()
      const penalty = percentOf(netTotal - earned, cancellation.penaltyPercent, currency)
      const sentence = `${earnedSentence(earned)}, plus a penalty of ${formatMoney(penalty, currency)} (${cancellation.penaltyPercent} % of the rest)`
      return { earned, penalty, because: sentence }
    }
    case 'tiered': {
      const percent = refundPercentOn(usedDays, cancellation.tiers)
      const earned = paid - percentOf(paid, percent, currency)
      return { earned, penalty: 0, because: `After ${usedDays} days ${percent} % of what was paid is refundable` }
    }
    default:
      return unknownType(cancellation)
  }

  function earnedSentence(earned: Minor): string {
    return `${usedDays} of ${termDays} days were used, so ${formatMoney(earned, currency)} of ${formatMoney(netTotal, currency)} is earned`
  }
}

function consequenceOf(
  { paid, refund, balance, isCollected }: { paid: Minor; refund: Minor; balance: Minor; isCollected: boolean },
  currency: string,
): string {
  const money = (amount: Minor) => formatMoney(amount, currency)
  if (refund > 0) return `of ${money(paid)} paid, ${money(refund)} is refunded`
  const owed = `${money(paid)} was paid, and the balance of ${money(balance)} is`
  if (balance > 0) return isCollected ? `${owed} charged` : `${owed} not collected`
  return `${money(paid)} was paid, and nothing is refunded or owed`
}

function refundPercentOn(usedDays: number, tiers: { fromDay: number; refundPercent: number }[]): number {
  let reached = { fromDay: -1, refundPercent: 0 }
  for (const tier of tiers) {
    if (tier.fromDay <= usedDays && tier.fromDay > reached.fromDay) reached = tier
  }
  return reached.refundPercent
}

function unknownType(terms: never): never {
  const { type } = terms as { type: unknown }
  throw new RuleBroken('cancellation_type_unknown', `No cancellation terms are of type ${String(type)}`)
}

/**
 * What is wrong with cancellation terms, as pointers into a request's `/cancellation_terms`; empty when they can be
 * agreed. With a `currency`, the fee must be an amount that can be charged in it. Keeps Cancelling.
 */
export function cancellationTermsProblem(terms: CancellationTerms, currency = 'USD'): Problem[] {
  const problems: Problem[] = []
  const { coolingOffDays, fee } = terms
  if (coolingOffDays !== undefined && !isDays(coolingOffDays)) {
    problems.push(problem('cooling_off_days', `must be a whole number of days from 0 to ${MAX_DAYS}`))
  }
  if (fee !== undefined && !isChargeable(fee, currency)) {
    problems.push(problem('fee', `must be a whole number from 0 up, in steps of ${chargeStep(currency)}`))
  }
  switch (terms.type) {
    case 'none':
    case 'full':
    case 'pro_rata':
      return problems
    case 'short_rate':
      return isPercent(terms.penaltyPercent) ? problems : [...problems, problem('penalty_percent', PERCENT)]
    case 'tiered':
      return [...problems, ...tierProblems(terms.tiers)]
    default:
      return [...problems, problem('type', 'must be one of none, full, pro_rata, short_rate, tiered')]
  }
}

export const PERCENT = 'must be a percentage from 0 to 100 with two decimals at most'

function tierProblems(tiers: { fromDay: number; refundPercent: number }[]): Problem[] {
  if (!Array.isArray(tiers) || tiers.length === 0 || tiers.length > MAX_TIERS) {
    return [problem('tiers', `must be a list of 1 to ${MAX_TIERS} tiers`)]
  }
  const problems: Problem[] = []
  const seen = new Set<number>()
  tiers.forEach(({ fromDay, refundPercent }, k) => {
    if (!isDays(fromDay)) problems.push(problem(`tiers/${k}/from_day`, `must be a whole number from 0 to ${MAX_DAYS}`))
    else if (k === 0 && fromDay !== 0) problems.push(problem('tiers/0/from_day', 'must be 0 for the first tier'))
    else if (seen.has(fromDay))
      problems.push(problem(`tiers/${k}/from_day`, 'must differ from that of every other tier'))
    if (!isPercent(refundPercent)) problems.push(problem(`tiers/${k}/refund_percent`, PERCENT))
    seen.add(fromDay)
  })
  return problems
}

function problem(field: string, message: string): Problem {
  return { pointer: `/cancellation_terms/${field}`, message: `${field} ${message}` }
}

function isDays(days: number): boolean {
  return Number.isSafeInteger(days) && days >= 0 && days <= MAX_DAYS
}

export function isPercent(percent: number): boolean {
  return percent >= 0 && percent <= 100 && Math.round(percent * 100) / 100 === percent
}
