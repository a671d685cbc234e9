import type { Effect, EscalationReason, Resolution } from './effects.ts'
import { unpaid } from './figures.ts'
import { installmentEscalation } from './keys.ts'
import type { Installment, Plan } from './plan.ts'

/** Handing an instalment to a broker, and taking it back when it is settled (keeps NSF). */

/** Closes the open escalation of an instalment, if it has one; a broker's own retry that is paid closes it in their name. */
export function resolved(installment: Installment, cause: 'paid' | 'adjusted' | 'plan_canceled'): Effect[] {
  const { escalation, askedBy, number } = installment
  if (!escalation) return []
  const resolution: Resolution =
    cause === 'paid' && askedBy
      ? { action: 'retry', note: askedBy.note, ...(askedBy.by === null ? {} : { by: askedBy.by }) }
      : { action: cause }
  const data = {
    escalation_id: escalation,
    installment_number: number,
    action: resolution.action,
    by: askedBy?.by ?? null,
  }
  return [
    { write: 'escalation_resolved', id: escalation, resolution },
    { write: 'event', key: `resolved:${escalation}`, type: 'escalation.resolved', data },
  ]
}

/** Hands an instalment to a broker, because of an attempt or of a transaction that was returned; one that is escalated already stays one escalation (keeps NSF). */
export function escalate(
  plan: Pick<Plan, 'id'>,
  installment: Installment,
  by: number | string,
  reason: EscalationReason,
  code: string,
): { installment: Installment; effects: Effect[] } {
  const escalated: Installment = { ...installment, status: 'escalated', retryOn: null, extra: null, askedBy: null }
  if (installment.escalation) return { installment: escalated, effects: [] }
  const id = installmentEscalation(plan, installment.number, by)
  return {
    installment: { ...escalated, escalation: id },
    effects: [
      {
        write: 'escalation',
        id,
        about: { installment: installment.number },
        reason,
        code,
        amount: unpaid(installment),
      },
      {
        write: 'event',
        key: `opened:${id}`,
        type: 'escalation.opened',
        data: {
          plan_id: plan.id,
          escalation_id: id,
          installment_number: installment.number,
          amount: unpaid(installment),
          reason,
        },
      },
      escalationNotice(`escalated:${id}`, 'payment.escalated', installment, code),
    ],
  }
}

export function escalationNotice(
  key: string,
  type: 'payment.escalated' | 'payment_method.required',
  installment: Installment,
  code: string,
): Effect {
  return {
    write: 'notice',
    key,
    type,
    data: { installment: installment.number, amount: unpaid(installment), decline_code: code },
  }
}
