import { RuleBroken } from '../errors.ts'
import { isBankDebit } from './debits.ts'
import type { Decision } from './effects.ts'
import { collectibles, isEnding, withInstallment } from './figures.ts'
import type { PaymentMethod, Plan } from './plan.ts'
import { retryPolicyProblem } from './retry.ts'

/**
 * Replaces the payment method (keeps NSF): what is retrying or escalated is tried at once with the new one.
 * Throws RuleBroken: `plan_not_active`, `invalid_request` when the retry policy does not fit the method.
 */
export function changePaymentMethod(
  plan: Plan,
  paymentMethod: PaymentMethod,
): Decision & { answer: { triedAtOnce: number[] } } {
  const ended = plan.lifecycle === 'completed' || (isEnding(plan) && !plan.balance?.escalation)
  if (ended) throw new RuleBroken('plan_not_active', `A plan that is ${plan.lifecycle} needs no payment method.`)
  const problems = retryPolicyProblem(plan.terms.retryPolicy, paymentMethod.type)
  if (isBankDebit(paymentMethod.type) && problems.length > 0) {
    const message = 'payment_method cannot be presented as often as the retry policy says'
    throw new RuleBroken('invalid_request', `${message}.`, [{ pointer: '/payment_method', message }])
  }
  const tried = collectibles(plan).filter((i) => !i.open && (i.status === 'retrying' || i.status === 'escalated'))
  const open = isEnding(plan) ? tried.filter((i) => i.number === 0) : tried
  let next: Plan = { ...plan, paymentMethod }
  for (const installment of open) next = withInstallment(next, { ...installment, extra: 'payment_method' })
  const key = `payment-method:${plan.sequence.change + 1}`
  const data = { plan_id: plan.id, tried_at_once: open.map((i) => i.number) }
  return {
    plan: next,
    effects: [
      { write: 'event', key, type: 'payment_method.changed', data },
      { write: 'notice', key, type: 'payment_method.changed', data },
    ],
    answer: { triedAtOnce: open.map((i) => i.number) },
  }
}
