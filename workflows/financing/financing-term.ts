import { live } from '../plans/life.ts'
import type { PlanStart } from '../plans/messages.ts'

/** An insurance premium paid in instalments over the policy's term: a plan as all plans are, with nothing added. */
export async function financingTerm(start: PlanStart): Promise<void> {
  await live(start)
}
