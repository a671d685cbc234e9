import { z } from 'zod'
import { civilOf, isCivil, parseInstant } from '../../domain/calendar.ts'
import { endDate } from '../../domain/plans/schedule.ts'
import { type CancellationTerms, REMINDER_DAYS, type Terms } from '../../domain/plans/terms.ts'
import {
  currency,
  customerId,
  dateOrTimestamp,
  keptObject,
  line,
  metadata,
  paymentMethodId,
  positiveAmount,
  timeOfDay,
  timezone,
} from '../http/fields.ts'
import {
  CancellationTermsBody,
  cancellationTerms,
  RetryPolicyBody,
  refuseUnknownPlace,
  retryPolicy,
} from '../plans/agreements.ts'
import type { Asked } from '../plans/kind.ts'

const DEFAULT_CANCELLATION: CancellationTerms = { type: 'pro_rata' }

const fields = {
  total_amount: positiveAmount.meta({ description: 'For the whole term, before any discount.' }),
  start_date: dateOrTimestamp,
  term_duration: z.int().min(1).max(120).meta({ description: 'Months.' }),
  billing_day: z.int().min(1).max(31).meta({ description: 'A month that has fewer days bills on its last day.' }),
  currency: currency.default('USD'),
  timezone: timezone.default('UTC'),
  billing_time: timeOfDay.default('09:00'),
  payment_method: paymentMethodId.optional(),
  cancellation_terms: CancellationTermsBody.optional(),
  adjustment_policy: z.enum(['spread', 'catch_up']).default('spread'),
  retry_policy: RetryPolicyBody.optional(),
  reminder_days: z.int().min(0).max(60).default(REMINDER_DAYS),
  coupon_code: line(64).optional(),
  payment_terms: keptObject.optional().meta({ description: 'Kept and returned as given.' }),
  test_clock: line(64).optional(),
  metadata: metadata.optional(),
}

export const FinancingBody = z
  .strictObject({ customer_id: customerId, ...fields })
  .meta({ id: 'PaymentTermsBody', description: 'A financing term to start.' })
export const FinancingQuoteBody = z
  .strictObject({ customer_id: customerId.optional(), ...fields })
  .meta({ id: 'PaymentTermsQuoteBody', description: 'As for a creation; nobody needs to be named.' })

/** What the body of a financing term asks for. */
export function askedFinancing(given: unknown): Asked {
  const body = given as z.output<typeof FinancingQuoteBody>
  return {
    customer: body.customer_id ?? null,
    total: body.total_amount,
    paymentMethod: body.payment_method ?? null,
    couponCode: body.coupon_code ?? null,
    testClock: body.test_clock ?? null,
    metadata: body.metadata ?? {},
    paymentTerms: body.payment_terms ?? null,
    terms: () => financingTerms(body),
  }
}

/** Throws RuleBroken for a zone or currency that is not known. */
function financingTerms(body: z.output<typeof FinancingQuoteBody>): Terms {
  refuseUnknownPlace(body)
  const startDate = isCivil(body.start_date) ? body.start_date : civilOf(parseInstant(body.start_date), body.timezone)
  return {
    currency: body.currency,
    timezone: body.timezone,
    billingTime: body.billing_time,
    cadence: { every: 'month', day: body.billing_day },
    startDate,
    endDate: endDate(startDate, body.term_duration),
    termMonths: body.term_duration,
    count: body.term_duration,
    discount: 0,
    cancellation: body.cancellation_terms ? cancellationTerms(body.cancellation_terms) : DEFAULT_CANCELLATION,
    adjustmentPolicy: body.adjustment_policy,
    retryPolicy: retryPolicy(body.retry_policy),
    reminderDays: body.reminder_days,
  }
}
