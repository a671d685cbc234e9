import { compareInstants } from '../calendar.ts'
import { RuleBroken } from '../errors.ts'
import { chargeStep, isChargeable } from '../money.ts'
import { isBankDebit, pollAfter } from './debits.ts'
import type { Decision, Effect } from './effects.ts'
import { dueMoment, findInstallment, isEnding, sum, unpaid, withInstallment } from './figures.ts'
import { paymentTransaction } from './keys.ts'
import type { ChargeOutcome } from './outcome.ts'
import { type Installment, PAYROLL, type Payment, type PaymentMethod, type Plan } from './plan.ts'
import { scheduledLowered } from './refunding.ts'
import { droppedByCancellation, moneyIn, payPart } from './settle.ts'
import type { Instant } from './terms.ts'

/**
 * A one-off payment (keeps Paying by oneself): `amount: null` is all that is due; it goes to the oldest unpaid first and
 * may pay ahead. The instalments it covers are held until it has ended, so that nothing else is charged for them.
 * Throws RuleBroken: `plan_not_active`, `nothing_due`, `amount_over_outstanding`, `amount_invalid`.
 */
export function pay(
  plan: Plan,
  { amount, paymentMethod }: { amount: number | null; paymentMethod: PaymentMethod | null },
  now: Instant,
): Decision & { answer: { transaction: string; amount: number } } {
  if (plan.lifecycle !== 'active' && plan.lifecycle !== 'pending') {
    throw new RuleBroken('plan_not_active', `A plan that is ${plan.lifecycle} takes no payments.`)
  }
  const method = paymentMethod ?? plan.paymentMethod
  if (method.type === PAYROLL.type) {
    const message = 'payment_method is needed: pay is no way to pay ahead'
    throw new RuleBroken('invalid_request', `${message}.`, [{ pointer: '/payment_method', message }])
  }
  const payable = oldestFirst(plan).filter((i) => !i.open && unpaid(i) > 0)
  const wanted =
    amount ??
    sum(
      payable.filter((i) => isDue(plan, i, now)),
      unpaid,
    )
  mayBePaid(plan, amount, wanted, sum(payable, unpaid))
  const number = plan.sequence.payment + 1
  const payment: Payment = {
    number,
    transaction: paymentTransaction(plan, number),
    amount: wanted,
    paymentMethod: method,
    parts: allotted(payable, wanted),
    state: 'wanted',
    pollAt: null,
  }
  return {
    plan: { ...held(plan, payment), lastDebitAt: isBankDebit(payment.paymentMethod.type) ? now : plan.lastDebitAt },
    effects: begun(plan, payment, amount),
    answer: { transaction: payment.transaction, amount: wanted },
  }
}

function mayBePaid(plan: Plan, asked: number | null, wanted: number, most: number): void {
  const { currency } = plan.terms
  if (asked === null && wanted === 0)
    throw new RuleBroken('nothing_due', 'Nothing is due now; name an amount to pay ahead.')
  const pointer = '/amount'
  if (!Number.isSafeInteger(wanted) || wanted <= 0 || !isChargeable(wanted, currency)) {
    const message = `amount must be a multiple of ${chargeStep(currency)} above 0`
    throw new RuleBroken('amount_invalid', `${message}.`, [{ pointer, message }])
  }
  if (wanted > most) {
    const message = `amount is more than the ${most} outstanding that no other payment is paying now`
    throw new RuleBroken('amount_over_outstanding', `${message}.`, [{ pointer, message }])
  }
}

function oldestFirst(plan: Plan): Installment[] {
  return plan.installments.toSorted((a, b) =>
    a.dueDate === b.dueDate ? a.number - b.number : a.dueDate < b.dueDate ? -1 : 1,
  )
}

function isDue(plan: Plan, installment: Installment, now: Instant): boolean {
  return installment.status !== 'scheduled' || compareInstants(dueMoment(installment, plan.terms), now) <= 0
}

function allotted(payable: Installment[], amount: number): Payment['parts'] {
  let left = amount
  const parts: Payment['parts'] = []
  for (const installment of payable) {
    const part = Math.min(left, unpaid(installment))
    if (part === 0) break
    left -= part
    parts.push({ installment: installment.number, amount: part })
  }
  return parts
}

function held(plan: Plan, payment: Payment): Plan {
  let next: Plan = {
    ...plan,
    payments: [...plan.payments, payment],
    sequence: { ...plan.sequence, payment: payment.number },
  }
  for (const part of payment.parts) {
    const installment = findInstallment(next, part.installment)
    const open = { by: 'payment' as const, payment: payment.number, before: installment.status }
    next = withInstallment(next, { ...installment, status: 'processing', open })
  }
  return next
}

function begun(plan: Plan, payment: Payment, asked: number | null): Effect[] {
  const only = payment.parts.length === 1 ? (payment.parts[0]?.installment ?? null) : null
  return [
    {
      write: 'transaction',
      id: payment.transaction,
      type: 'charge',
      installment: only,
      attempt: null,
      amount: payment.amount,
      status: 'pending',
      gateway: 'stripe',
      reference: null,
      parts: payment.parts,
      refund: null,
      of: null,
      why: { cause: 'one_off', asked: asked ?? 'all that is due', parts: payment.parts },
    },
    {
      write: 'event',
      key: `payment:${payment.transaction}`,
      type: 'payment.created',
      data: { plan_id: plan.id, transaction_id: payment.transaction, amount: payment.amount },
    },
  ]
}

/** What a gateway's answer makes of a one-off payment: a decline leaves everything as it was (never the NSF path). */
export function paymentSettled(plan: Plan, number: number, outcome: ChargeOutcome, at: Instant): Decision {
  const payment = plan.payments.find((p) => p.number === number)
  if (!payment) return { plan, effects: [] }
  if (outcome.result === 'processing') return stillProcessing(plan, payment, at)
  const free = letGo(plan, payment)
  if (outcome.result !== 'succeeded') {
    const rest = restSettled(free, payment)
    return { plan: rest.plan, effects: [...declined(plan, payment, outcome.code), ...rest.effects] }
  }
  let next = free
  const effects: Effect[] = [
    { write: 'transaction_changed', id: payment.transaction, status: 'succeeded' },
    ...moneyIn(plan, payment.transaction, payment.amount, 'one-off payment'),
    {
      write: 'event',
      key: `paid:${payment.transaction}`,
      type: 'payment.completed',
      data: { plan_id: plan.id, transaction_id: payment.transaction, amount: payment.amount },
    },
  ]
  for (const part of payment.parts) {
    const paid = payPart(findInstallment(next, part.installment), part.amount)
    next = withInstallment(next, paid.installment)
    effects.push(...paid.effects)
  }
  const rest = restSettled(next, payment)
  return { plan: rest.plan, effects: [...effects, ...rest.effects] }
}

/**
 * What the payment did not cover: of a plan that was cancelled meanwhile it is no longer owed. Of one that was lowered
 * meanwhile it takes what is too much before money is given back, as what was scheduled then did (keeps Adjusting).
 */
function restSettled(plan: Plan, payment: Payment): Decision {
  if (!isEnding(plan)) {
    const held = payment.parts.map((part) => part.installment)
    return { plan: scheduledLowered(plan, held), effects: [] }
  }
  let next = plan
  const effects: Effect[] = []
  for (const part of payment.parts) {
    const installment = findInstallment(next, part.installment)
    if (unpaid(installment) === 0) continue
    const dropped = droppedByCancellation(installment, payment.transaction)
    next = withInstallment(next, dropped.installment)
    effects.push(...dropped.effects)
  }
  return { plan: next, effects }
}

/** Nothing was asked of the gateway for it yet: a link to one of its instalments is closed first (keeps Charging). */
export function waitsForLink(plan: Plan, payment: Payment): boolean {
  return payment.state === 'wanted' && payment.parts.some((p) => findInstallment(plan, p.installment).openLink !== null)
}

/** A link has paid what this one-off payment was about to: the payment is made for the rest of it, or not at all. */
export function paidByLink(plan: Plan, number: number): Decision {
  const { open } = findInstallment(plan, number)
  const payment = open?.by === 'payment' ? plan.payments.find((p) => p.number === open.payment) : undefined
  if (!payment) return { plan, effects: [] }
  const parts = payment.parts.filter((p) => p.installment !== number)
  if (parts.length === 0) return { plan: letGo(plan, payment), effects: declined(plan, payment, 'paid_by_link') }
  const amount = sum(parts, (p) => p.amount)
  const freed = released(plan, payment, number)
  const rest = freed.payments.map((p) => (p.number === payment.number ? { ...payment, parts, amount } : p))
  return {
    plan: { ...freed, payments: rest },
    effects: [{ write: 'transaction_changed', id: payment.transaction, amount, parts }],
  }
}

/** One-off payments of which nothing was asked yet, given up because the plan is cancelled (keeps Cancelling). */
export function unaskedGivenUp(plan: Plan): Decision {
  const unasked = plan.payments.filter((payment) => waitsForLink(plan, payment))
  return {
    plan: unasked.reduce(letGo, plan),
    effects: unasked.flatMap((payment) => declined(plan, payment, 'plan_canceled')),
  }
}

function stillProcessing(plan: Plan, payment: Payment, at: Instant): Decision {
  const pollAt = pollAfter(payment.paymentMethod.type, at)
  const waiting: Payment = { ...payment, state: 'processing', pollAt }
  return {
    plan: { ...plan, payments: plan.payments.map((p) => (p.number === payment.number ? waiting : p)) },
    effects: [{ write: 'transaction_changed', id: payment.transaction, status: 'processing' }],
  }
}

function declined(plan: Plan, { transaction, amount }: Payment, code: string): Effect[] {
  return [
    { write: 'transaction_changed', id: transaction, status: 'failed', declineCode: code },
    {
      write: 'event',
      key: `failed:${transaction}`,
      type: 'payment.failed',
      data: { plan_id: plan.id, transaction_id: transaction, amount, decline_code: code },
    },
  ]
}

/** The instalments are free again, as they were before; those of a plan cancelled meanwhile are dropped elsewhere. */
function letGo(plan: Plan, payment: Payment): Plan {
  const over: Plan = { ...plan, payments: plan.payments.filter((p) => p.number !== payment.number) }
  return payment.parts.reduce((next, part) => released(next, payment, part.installment), over)
}

function released(plan: Plan, payment: Payment, number: number): Plan {
  const installment = findInstallment(plan, number)
  if (installment.open?.by !== 'payment' || installment.open.payment !== payment.number) return plan
  return withInstallment(plan, { ...installment, status: installment.open.before, open: null })
}
