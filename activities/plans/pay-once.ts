import { Transactions } from '../../db/plans/transactions.ts'
import type { ChargeOutcome } from '../../domain/plans/outcome.ts'
import type { Payment } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { askForCharge } from './ask-for-charge.ts'
import type { PlanDeps } from './deps.ts'

export type PaymentAsked = {
  tenant: string
  plan: string
  payment: Payment
  description: string
  clock: Instant | null
}

/**
 * Asks the gateway for a one-off payment; its transaction was recorded with the decision, and what it came to is recorded
 * with the plan's next change. One that needs its customer is given up: whoever pays by themselves can pay again.
 */
export async function payOnce(deps: PlanDeps, asked: PaymentAsked): Promise<{ outcome: ChargeOutcome; at: Instant }> {
  const { payment } = asked
  const outcome = await askForCharge(deps, {
    transaction: payment.transaction,
    paymentMethod: payment.paymentMethod.id,
    description: asked.description,
    metadata: { tenor_plan: asked.plan, tenor_payment: String(payment.number) },
  })
  const at = asked.clock ?? deps.now()
  if (outcome.result !== 'requires_action') return { outcome, at }
  const row = await deps.orm.em.fork().findOneOrFail(Transactions, { id: payment.transaction })
  const state = row.gatewayId ? await deps.gateway.cancel(row.gatewayId) : null
  if (state?.result === 'succeeded' || state?.result === 'processing') return { outcome: { result: state.result }, at }
  return { outcome: { result: 'declined', severity: 'soft', code: outcome.code }, at }
}
