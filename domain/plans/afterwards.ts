import { cancellationClosed, cancellationFiguredAgain } from './cancel.ts'
import type { Decision } from './effects.ts'
import { hasOpenCharge, isEnding } from './figures.ts'
import type { Plan } from './plan.ts'
import { overchargeAbsorbed } from './refunding.ts'
import type { Instant } from './terms.ts'

/**
 * What follows for the plan as a whole when a charge, a payment or a refund has ended: what an adjustment or a
 * cancellation had to leave open until now (keeps Adjusting, Cancelling).
 */
export function afterwards(plan: Plan, now: Instant): Decision {
  if (!isEnding(plan)) return overchargeAbsorbed(plan, `${plan.sequence.change + 1}`)
  if (plan.lifecycle === 'canceled' && hasOpenCharge(plan)) return { plan, effects: [] }
  const figured = cancellationFiguredAgain(plan, now)
  const closed = cancellationClosed(figured.plan)
  return { plan: closed.plan, effects: [...figured.effects, ...closed.effects] }
}
