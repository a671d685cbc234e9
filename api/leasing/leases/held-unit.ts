import { type Hold, holdUnit, releaseHold } from '../../../db/leasing/units.ts'
import { currentPlan } from '../../../workflows/plans/messages.ts'
import { SERVER_MS, within } from '../../http/temporal.ts'
import type { Asking } from '../../plans/kind.ts'
import { isCertain } from './create.ts'

type Wanted = Pick<Hold, 'lease' | 'modelCode' | 'insteadOf'>

/**
 * Puts a unit aside for a command of a lease, `null` when there is none, and sends the command with it. A unit that the
 * command has not taken is given back, unless nobody knows yet whether it will.
 */
export async function withUnit<Answer>(
  { em, caller }: Asking,
  command: string,
  wanted: Wanted,
  send: (unit: string | null) => Promise<Answer>,
): Promise<Answer> {
  const unit = await holdUnit(em, { ...wanted, tenant: caller.tenant, heldFor: command })
  const giveBack = async () => unit !== null && (await releaseHold(em, wanted.lease, unit))
  const answer = await send(unit).catch(async (error: unknown) => {
    if (isCertain(error)) await giveBack()
    throw error
  })
  // The repeat of a command that was carried out before needed none.
  await giveBack()
  return answer
}

/** Whether a plan has carried out this command already, so that its repeat is only told the first answer. */
export async function wasCarriedOut({ deps }: Asking, workflowId: string, command: string): Promise<boolean> {
  const handle = deps.temporal.workflow.getHandle(workflowId)
  const plan = await within(deps.temporal, SERVER_MS, () => handle.query(currentPlan))
  return plan.handled.some(({ id }) => id === command)
}
