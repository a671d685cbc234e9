import { z } from 'zod'
import { isTimezone } from '../../domain/calendar.ts'
import { RuleBroken } from '../../domain/errors.ts'
import { isCurrency } from '../../domain/money.ts'
import { MAX_DAYS } from '../../domain/plans/cancellation.ts'
import { DEFAULT_RETRY_POLICY, MAX_RETRIES, MAX_RETRY_DAYS } from '../../domain/plans/retry.ts'
import type { CancellationTerms, RetryPolicy } from '../../domain/plans/terms.ts'

/** What can be agreed for any kind of plan, as clients write it. */

const percent = z.number().min(0).max(100)
const options = {
  cooling_off_days: z.int().min(0).max(MAX_DAYS).optional(),
  fee: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  collect_balance: z.boolean().optional(),
}

export const CancellationTermsBody = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('none'), ...options }),
    z.strictObject({ type: z.literal('full'), ...options }),
    z.strictObject({ type: z.literal('pro_rata'), ...options }),
    z.strictObject({ type: z.literal('short_rate'), penalty_percent: percent, ...options }),
    z.strictObject({
      type: z.literal('tiered'),
      tiers: z
        .array(z.strictObject({ from_day: z.int().min(0).max(MAX_DAYS), refund_percent: percent }))
        .min(1)
        .max(50),
      ...options,
    }),
  ])
  .meta({ id: 'CancellationTerms', description: 'What a cancellation gives back and keeps. Never changes.' })

/** Throws RuleBroken for a zone or a currency that does not exist, for both at once. */
export function refuseUnknownPlace({ timezone, currency }: { timezone: string; currency: string }): void {
  const errors = [
    ...(isTimezone(timezone)
      ? []
      : [{ pointer: '/timezone', message: 'timezone must be a name of the IANA database' }]),
    ...(isCurrency(currency) ? [] : [{ pointer: '/currency', message: 'currency must be a code of ISO 4217' }]),
  ]
  if (errors.length === 0) return
  const code = isCurrency(currency) ? 'timezone_unknown' : 'currency_unknown'
  throw new RuleBroken(code, `${errors.map(({ message }) => message).join('; ')}.`, errors)
}

type Body = z.output<typeof CancellationTermsBody>

export function cancellationTerms(body: Body): CancellationTerms {
  const { cooling_off_days, fee, collect_balance } = body
  const options = {
    ...(cooling_off_days === undefined ? {} : { coolingOffDays: cooling_off_days }),
    ...(fee === undefined ? {} : { fee }),
    ...(collect_balance === undefined ? {} : { collectBalance: collect_balance }),
  }
  switch (body.type) {
    case 'short_rate':
      return { type: body.type, penaltyPercent: body.penalty_percent, ...options }
    case 'tiered': {
      const tiers = body.tiers.map(({ from_day, refund_percent }) => ({
        fromDay: from_day,
        refundPercent: refund_percent,
      }))
      return { type: body.type, tiers, ...options }
    }
    default:
      return { type: body.type, ...options }
  }
}

/** The terms as clients write them. */
export function showCancellationTerms(terms: CancellationTerms): Body {
  const { coolingOffDays, fee, collectBalance } = terms
  const options = {
    ...(coolingOffDays === undefined ? {} : { cooling_off_days: coolingOffDays }),
    ...(fee === undefined ? {} : { fee }),
    ...(collectBalance === undefined ? {} : { collect_balance: collectBalance }),
  }
  switch (terms.type) {
    case 'short_rate':
      return { type: terms.type, penalty_percent: terms.penaltyPercent, ...options }
    case 'tiered': {
      const tiers = terms.tiers.map(({ fromDay, refundPercent }) => ({
        from_day: fromDay,
        refund_percent: refundPercent,
      }))
      return { type: terms.type, tiers, ...options }
    }
    default:
      return { type: terms.type, ...options }
  }
}

const days = z.int().min(1).max(MAX_RETRY_DAYS)
export const RetryPolicyBody = z
  .strictObject({
    retries: z.int().min(0).max(MAX_RETRIES),
    every_days: z.union([days, z.array(days).max(MAX_RETRIES)]).optional(),
  })
  .meta({
    id: 'RetryPolicy',
    description: '`every_days` is a number, or a list with one for each retry; 1 when absent.',
  })

/** One number stands for every retry; a list is taken as it is, and checked by the rules. */
export function retryPolicy(body: z.output<typeof RetryPolicyBody> | undefined): RetryPolicy {
  if (!body) return DEFAULT_RETRY_POLICY
  const { retries, every_days = 1 } = body
  return { retries, everyDays: Array.isArray(every_days) ? every_days : Array<number>(retries).fill(every_days) }
}
