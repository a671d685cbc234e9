import { addMonthsClamped, billingDates } from '../calendar.ts'
import { chargeStep, type Minor, splitEvenly } from '../money.ts'
import type { Installment } from './plan.ts'
import type { CivilDate, Terms } from './terms.ts'

/** Due dates of the schedule as agreed, in order, each from the anchor of the cadence. Keeps Calendar. */
export function agreedDueDates({
  cadence,
  startDate,
  count,
}: Pick<Terms, 'cadence' | 'startDate' | 'count'>): CivilDate[] {
  return billingDates(cadence, startDate, count)
}

/** `total` in `count` instalments of whole charge steps; the last takes what is left. Keeps Schedule. */
export function installmentAmounts(total: Minor, count: number, currency: string): Minor[] {
  return splitEvenly(total, count, chargeStep(currency))
}

/** The day on which the term is over: the start date plus the term, clamped to the month's end. Keeps Calendar. */
export function endDate(start: CivilDate, termMonths: number): CivilDate {
  return addMonthsClamped(start, termMonths)
}

/** The instalments of a plan that has just been agreed, numbered from 1. `netTotal` is after the discount. */
export function newInstallments(
  terms: Pick<Terms, 'cadence' | 'startDate' | 'count' | 'currency'>,
  netTotal: Minor,
): Installment[] {
  const amounts = installmentAmounts(netTotal, terms.count, terms.currency)
  return agreedDueDates(terms).map((dueDate, k) => newInstallment(k + 1, dueDate, amounts[k] ?? 0))
}

/** A plan is one value that a workflow carries from run to run: ten years of weeks, and some that were made on the way. */
export const MOST_INSTALLMENTS = 600

/** One instalment of which nothing has been tried or paid. */
export function newInstallment(number: number, dueDate: CivilDate, amount: Minor): Installment {
  return {
    number,
    dueDate,
    amount,
    paid: 0,
    status: 'scheduled',
    open: null,
    openLink: null,
    attempts: 0,
    firstTriedOn: null,
    triedOn: null,
    retries: 0,
    retryOn: null,
    extra: null,
    escalation: null,
    askedBy: null,
    reminded: false,
    atOnce: null,
  }
}

/**
 * New amounts of the scheduled instalments: `remaining` (from 0 up) spread by the Schedule rule, on top of what is
 * part-paid of each. Keeps Adjusting.
 */
export function spreadOver(remaining: Minor, parts: { paid: Minor }[], step = 1): Minor[] {
  return splitEvenly(remaining, parts.length, step).map((share, k) => share + (parts[k]?.paid ?? 0))
}
