import { live } from '../plans/life.ts'
import type { PlanStart } from '../plans/messages.ts'

/** What a client owes by one statement: a plan of one instalment, with all that becomes of a plan that is not paid. */
export async function statementPayment(start: PlanStart): Promise<void> {
  await live(start)
}
