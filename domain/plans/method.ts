import { RuleBroken } from '../errors.ts'
import { isBankDebit } from './debits.ts'
import type { Decision } from './effects.ts'
import { collectibles, isEnding, withInstallment } from './figures.ts'
import { type Installment, PAYROLL, type PaymentMethod, type Plan } from './plan.ts'
import { retryPolicyProblem } from './retry.ts'

/** Retrying or escalated, also while a one-off payment for it is under way, which may fail. */
function isOwed({ status, open }: Installment): boolean {
  const before = open?.by === 'payment' ? open.before : status
  return before === 'retrying' || before === 'escalated'
}

/**
 * Replaces the payment method (keeps NSF): what is retrying or escalated is tried at once with the new one,
 * and what is being charged, should that fail (`attemptSettled`).
 * Throws RuleBroken: `plan_not_active`, `lease_step_wrong` for what is deducted from pay, `invalid_request` when the retry policy does not fit the method.
 */
export function changePaymentMethod(
  plan: Plan,
  paymentMethod: PaymentMethod,
): Decision & { answer: { triedAtOnce: number[] } } {
  const ended =
    plan.lifecycle === 'completed' || plan.lifecycle === 'terminated' || (isEnding(plan) && !plan.balance?.escalation)
  if (ended) throw new RuleBroken('plan_not_active', `A plan that is ${plan.lifecycle} needs no payment method.`)
  if (plan.lease?.payer === 'payroll' || paymentMethod.type === PAYROLL.type) {
    const detail = 'A lease is deducted from pay as long as its payer is payroll, and no other plan is.'
    throw new RuleBroken('lease_step_wrong', detail)
  }
  const problems = retryPolicyProblem(plan.terms.retryPolicy, paymentMethod.type)
  if (isBankDebit(paymentMethod.type) && problems.length > 0) {
    const message = 'payment_method cannot be presented as often as the retry policy says'
    throw new RuleBroken('invalid_request', `${message}.`, [{ pointer: '/payment_method', message }])
  }
  const wanted = collectibles(plan).filter((i) => isOwed(i) && (!isEnding(plan) || i.number === 0))
  const tried = wanted.filter((i) => i.open === null).map((i) => i.number)
  let next: Plan = { ...plan, paymentMethod }
  for (const installment of wanted) next = withInstallment(next, { ...installment, extra: 'payment_method' })
  const key = `payment-method:${plan.sequence.change + 1}`
  const data = { plan_id: plan.id, tried_at_once: tried }
  return {
    plan: next,
    effects: [
      { write: 'event', key, type: 'payment_method.changed', data },
      { write: 'notice', key, type: 'payment_method.changed', data },
    ],
    answer: { triedAtOnce: tried },
  }
}
