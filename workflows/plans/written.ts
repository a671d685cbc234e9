import { type Effect, headOf, type PlanChange, type PlanHead } from '../../domain/plans/effects.ts'
import { collectibles } from '../../domain/plans/figures.ts'
import type { Installment, Plan } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'

/** What PostgreSQL holds of a plan, as text, so that only what differs is written. */
export type Written = { head: string; installments: Record<number, string> }

export function writtenAs(plan: Plan): Written {
  return {
    head: headText(plan),
    installments: Object.fromEntries(collectibles(plan).map((i) => [i.number, JSON.stringify(i)])),
  }
}

/** An instalment as an activity has written it beside what the workflow writes. */
export function noteWritten(written: Written, installment: Installment): void {
  written.installments[installment.number] = JSON.stringify(installment)
}

/** The change that is still to be written, or `null`. The caller numbers the plan and notes it as written. */
export function unwritten(plan: Plan, written: Written, effects: Effect[], at: Instant): PlanChange | null {
  const installments = collectibles(plan).filter(
    (i) => !isAsked(i) && JSON.stringify(i) !== written.installments[i.number],
  )
  if (effects.length === 0 && installments.length === 0 && headText(plan) === written.head) return null
  const sequence = plan.sequence.change + 1
  return {
    plan: plan.id,
    sequence,
    at,
    head: headOf({ ...plan, sequence: { ...plan.sequence, change: sequence } }),
    installments,
    effects,
  }
}

/** The charge under way writes its instalment itself, together with the money it moves. */
function isAsked(installment: Installment): boolean {
  return installment.open?.by === 'charge' && installment.open.state === 'asked'
}

/** Not worth a change of their own: written along with the next one that matters. The balance counts as an instalment. */
const WRITTEN_ALONG: ReadonlySet<string> = new Set<keyof PlanHead>([
  'sequence',
  'clock',
  'notBefore',
  'lastDebitAt',
  'balance',
])

function headText(plan: Plan): string {
  return JSON.stringify(Object.entries(headOf(plan)).filter(([field]) => !WRITTEN_ALONG.has(field)))
}
