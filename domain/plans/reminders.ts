import { addDays, compareInstants, moment } from '../calendar.ts'
import type { Installment } from './plan.ts'
import type { Instant, Terms } from './terms.ts'

/** The moment at which the customer is reminded of an instalment; `null` when no reminder is to be sent (keeps Telling). */
export function reminderMoment(installment: Installment, terms: Terms): Instant | null {
  if (terms.reminderDays === 0 || installment.atOnce) return null
  return moment(addDays(installment.dueDate, -terms.reminderDays), terms.billingTime, terms.timezone)
}

/** A reminder whose moment is already past when the dates are agreed is not sent (keeps Telling). */
export function pastRemindersDropped(installments: Installment[], terms: Terms, now: Instant): Installment[] {
  return installments.map((i) => {
    const at = reminderMoment(i, terms)
    return { ...i, reminded: at === null || compareInstants(at, now) < 0 }
  })
}
