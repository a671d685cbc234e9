import { compareInstants, describeDate, describeMoment } from '../calendar.ts'
import { isLease } from '../leasing/lease.ts'
import { leaseInWords, leaseWakeInWords } from '../leasing/words.ts'
import { formatMoney } from '../money.ts'
import { nextBillingAt, nextCharge } from './coming.ts'
import type { EscalationReason } from './effects.ts'
import { dueMoment, outstanding, paidIn, statusOf, unpaid } from './figures.ts'
import type { AttemptCause, Installment, Pause, Plan } from './plan.ts'
import { reminderMoment } from './reminders.ts'
import type { Instant } from './terms.ts'

/** A plan in words, for people who look at its workflow. No personal data: ids, amounts and dates only. */

const CAUSES: Record<AttemptCause, string> = {
  due: '',
  retry: ', retry',
  broker: ", tried again at a broker's word",
  payment_method: ', tried with the new payment method',
}

const REASONS: Record<EscalationReason, string> = {
  insufficient_funds: 'There was not enough money, at the last retry as well.',
  payment_declined: 'The bank declined, at the last retry as well.',
  payment_method_invalid: 'The payment method cannot be used any more; the customer was asked for another.',
  gateway_rejected: 'The gateway refused the charge as invalid; nothing was charged.',
  payment_returned: 'A payment that had succeeded was returned by the bank.',
  payment_disputed: 'The customer disputes a payment at the bank.',
  refund_failed: 'The gateway could not give the money back.',
  refund_outside_gateway: 'It was paid outside the gateway and is to be given back the same way.',
  balance_unpaid: 'The balance of a cancellation could not be collected.',
  not_dispatched: 'The device has not been dispatched in time.',
}

/** Why something was handed to a broker, as a sentence. */
export function reasonInWords(reason: EscalationReason): string {
  return REASONS[reason]
}

/** A type of events or notices in words: `payment_method.required` is `payment method required`. */
export function typeInWords(type: string): string {
  return type.replace(/[._]/g, ' ')
}

/** `Instalment 4 of 12, $100.00, due 15 Apr 2027 09:00 New York`. */
export function installmentInWords(plan: Plan, installment: Installment, cause: AttemptCause = 'due'): string {
  const amount = formatMoney(unpaid(installment), plan.terms.currency)
  if (installment.number === 0) return `Balance of the cancellation, ${amount}`
  const due = describeMoment(dueMoment(installment, plan.terms), plan.terms.timezone)
  return `Instalment ${installment.number} of ${plan.installments.length}, ${amount}, due ${due}${CAUSES[cause]}`
}

/** What a plan sleeps until, for its timer: `Charge of instalment 4 of 12, $100.00, due 15 Apr 2027 09:00 New York`. */
export function wakeInWords(plan: Plan, at: Instant): string {
  const is = (moment: Instant | null) => moment !== null && compareInstants(moment, at) === 0
  const next = nextCharge(plan)
  if (next && is(next.at))
    return `${next.isRetry ? 'Retry' : 'Charge'} of ${lowered(installmentInWords(plan, next.installment))}`
  const reminded = plan.installments.find((i) => i.status === 'scheduled' && is(reminderMoment(i, plan.terms)))
  const what = reminded
    ? `Reminder of ${lowered(installmentInWords(plan, reminded))}; sent`
    : is(plan.pause?.until ?? null)
      ? 'The payment holiday ends'
      : plan.lifecycle === 'pending'
        ? 'The term begins'
        : (isLease(plan) && leaseWakeInWords(plan, at)) || 'Looks again'
  return `${what} ${describeMoment(at, plan.terms.timezone)}`
}

function lowered(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1)
}

/**
 * Where a plan stands, for Temporal UI's current details (Markdown). One amount a line, or as code: two dollar signs in
 * a line are taken for a formula there.
 */
export function planInWords(plan: Plan): string {
  const money = (amount: number) => formatMoney(amount, plan.terms.currency)
  const next = nextBillingAt(plan)
  const facts = [
    `**${statusOf(plan).replaceAll('_', ' ')}**`,
    next ? `Next charge ${describeMoment(next, plan.terms.timezone)}` : 'No charge is planned',
    `Total ${money(plan.total)}`,
    `Paid ${money(paidIn(plan))}`,
    `Outstanding ${money(outstanding(plan))}`,
  ]
  if (isLease(plan)) facts.push(...leaseInWords(plan))
  if (plan.pause) facts.push(`Paused ${pauseInWords(plan.pause, plan.terms.timezone)}`)
  if (plan.cancellation) {
    const { effectiveDate, explanation } = plan.cancellation
    facts.push(`Cancelled on ${describeDate(effectiveDate)}: \`${explanation}\``)
  }
  for (const refund of plan.refunds) facts.push(`Refund ${refund.number} of ${money(refund.amount)}: ${refund.state}`)
  const lines = plan.installments.map((i) => `- ${installmentLine(plan, i)}`)
  return [...facts.map((fact) => `- ${fact}`), '', '**Instalments**', '', ...lines].join('\n')
}

function pauseInWords({ since, until, mode }: Pause, timezone: string): string {
  const end = until === null ? '' : ` until ${describeMoment(until, timezone)}`
  return `since ${describeMoment(since, timezone)}${end}, ${mode}`
}

function installmentLine(plan: Plan, i: Installment): string {
  const amount = formatMoney(i.amount, plan.terms.currency)
  const standing =
    i.status === 'processing'
      ? i.open?.by === 'charge' && i.open.state === 'asked'
        ? 'charge under way, outcome not known yet'
        : 'processing'
      : i.status
  const retry = i.retryOn ? `, next try ${describeDate(i.retryOn)}` : ''
  return `${i.number} of ${plan.installments.length}, ${describeDate(i.dueDate)}, ${amount}: **${standing}**${retry}`
}
