import type { LeasingNotice, Notice, Recipient } from '../plans/effects.ts'
import type { Plan } from '../plans/plan.ts'
import type { CivilDate, Instant } from '../plans/terms.ts'

/** One notice for each of them; the customer of a lease is its employee. */
export function tell(
  key: string,
  type: LeasingNotice,
  recipients: readonly Recipient[],
  data: Record<string, unknown>,
): Notice[] {
  return recipients.map((to) =>
    to === 'customer' ? { write: 'notice', key, type, data } : { write: 'notice', key: `${key}:${to}`, type, data, to },
  )
}

/**
 * The employer is told of another amount of the deductions, `monthly` in minor units from now on (0: none any more, `null`:
 * see the schedule). Nothing for a lease that its employee pays.
 */
export function deductionChanged(
  { lease, sequence }: Pick<Plan, 'lease' | 'sequence'>,
  data: Record<string, unknown> & {
    why: 'adjusted' | 'paused' | 'resumed' | 'transferred'
    monthly: number | null
    until?: string | null
  },
): Notice[] {
  if (lease?.payer !== 'payroll') return []
  const key = `deduction-changed:${data.why}:${sequence.change + 1}`
  return tell(key, 'lease.deduction_changed', ['client'], { device: lease.device.name, ...data })
}

/** Why something comes off pay besides the months: `withdrawn` is what was told of the end of the term, and is not to be. */
export const LUMP_SUMS = [
  'term_end',
  'withdrawn',
  'bought_out',
  'offboarding',
  'lost',
  'stolen',
  'early_end',
  'months_to_come',
  'open_months',
] as const

/**
 * The employer is told, before the payroll has to be made up, what comes off pay besides the months, and on which day in
 * the plan's zone; `null`: when the pause is over. Nothing for a lease that its employee pays, nor for 0.
 */
export function lumpSum(
  { lease, sequence }: Pick<Plan, 'lease' | 'sequence'>,
  lump: { why: (typeof LUMP_SUMS)[number]; amount: number; date: CivilDate | null; until?: Instant | null },
): Notice[] {
  if (lease?.payer !== 'payroll' || lump.amount === 0) return []
  const { why, amount, date, until = null } = lump
  const data = { device: lease.device.name, lump_sum: why, amount, deducted_on: date, until }
  return tell(`lump-sum:${why}:${sequence.change + 1}`, 'lease.lump_sum', ['client'], data)
}
