import type { LeasingNotice, Notice, Recipient } from '../plans/effects.ts'
import type { Plan } from '../plans/plan.ts'

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
