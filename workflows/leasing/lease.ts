import { live } from '../plans/life.ts'
import type { PlanStart } from '../plans/messages.ts'
import { hearLeaseCommands } from './commands.ts'

/** A device on lease: ordered, delivered, paid for month by month, and at the end returned, kept on or bought. */
export async function lease(start: PlanStart): Promise<void> {
  await live(start, hearLeaseCommands)
}
