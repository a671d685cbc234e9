import { Plans } from '../../../db/plans/plans.ts'
import type { PaymentMethod } from '../../../domain/plans/plan.ts'
import { changePaymentMethod } from '../../../workflows/plans/messages.ts'
import type { ApiDeps } from '../../deps.ts'
import { Problem } from '../../http/problem.ts'
import { send } from '../../plans/commands.ts'

/**
 * Has what a client owes by its statements charged to its new payment method: what is retrying or escalated at once (keeps
 * NSF). `request` makes the commands' ids, so that whoever repeats the request repeats them.
 */
export async function payAnew(
  deps: ApiDeps,
  client: { id: string; tenantId: string },
  { paymentMethod, request, by }: { paymentMethod: PaymentMethod; request: string; by: string },
): Promise<void> {
  const { id: customerId, tenantId } = client
  const isOpen = { $in: ['pending' as const, 'active' as const, 'past_due' as const] }
  const plans = await deps.orm.em.fork().find(Plans, { tenantId, customerId, kind: 'statement', status: isOpen })
  const open = plans.filter(({ state }) => state.paymentMethod.id !== paymentMethod.id)
  for (const { id, workflowId } of open) {
    const command = { id: `${request}_${id}`, by, paymentMethod }
    await send(deps, workflowId, changePaymentMethod, command).catch((error: unknown) => {
      // It was paid and over in the meantime.
      if (!(error instanceof Problem) || error.status !== 409) throw error
    })
  }
}
