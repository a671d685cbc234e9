import type { PaymentState } from './outcome.ts'
import {
  type Difference,
  different,
  inFlight,
  isBesideGateway,
  moneyOf,
  type ProofFacts,
  type ProofPayment,
  type ProofTransaction,
  purpose,
  unread,
} from './proof-facts.ts'

/** What Tenor holds of payments and refunds, against what the gateway holds. Payments outside the gateway are not asked about. */

type Money = (amount: number) => string

/** Every charge is one payment at the gateway, and every payment of the plan there is a charge. */
export function gatewayProof(facts: ProofFacts): Difference[] {
  const { gateway } = facts
  if ('unread' in gateway) return [unread(`Stripe could not be asked: ${gateway.unread}`)]
  const money = moneyOf(facts)
  const charges = facts.transactions.filter((t) => t.type === 'charge' && !isBesideGateway(t))
  return [
    ...charges.flatMap((charge) => {
      const payments = gateway.payments.filter((p) => isOf(p, charge))
      const taken = payments.filter((p) => isTaken(p.state))
      if (taken.length > 1) return [paidTwice(charge, taken, money)]
      return chargeDifferences(charge, taken[0] ?? payments[0], money)
    }),
    ...gateway.payments
      .filter((p) => p.plan === facts.plan.id && !charges.some((charge) => isOf(p, charge)))
      .flatMap((payment) => unknownPayment(payment, money)),
  ]
}

function isOf(payment: ProofPayment, charge: ProofTransaction): boolean {
  return payment.id === charge.gatewayId || payment.reference === charge.id
}

/** The customer's money went out, whether or not it was taken back later. */
function isTaken(state: PaymentState): boolean {
  return state.result === 'succeeded' || state.result === 'returned'
}

function paidTwice(charge: ProofTransaction, taken: ProofPayment[], money: Money): Difference {
  const list = taken.map((p) => `${money(p.amount)} (${p.id})`).join(' and ')
  return different(
    `Stripe has ${taken.length} payments for ${purpose(charge)}, ${charge.id}: ${list}. Only one was wanted.`,
  )
}

function unknownPayment({ id, amount, installment, state }: ProofPayment, money: Money): Difference[] {
  if (!isTaken(state) && state.result !== 'processing') return []
  const what = installment === null ? 'of this plan' : purpose({ type: 'charge', installment: Number(installment) })
  const about = installment === null ? what : `for ${what}`
  return [different(`Stripe has a payment of ${money(amount)} ${about} that Tenor has no transaction for (${id}).`)]
}

function chargeDifferences(charge: ProofTransaction, payment: ProofPayment | undefined, money: Money): Difference[] {
  switch (charge.status) {
    case 'succeeded':
      return paidDifferences(charge, payment, money)
    case 'failed':
      return payment && (isTaken(payment.state) || payment.state.result === 'processing')
        ? [
            different(
              `Stripe says that ${money(payment.amount)} for ${purpose(charge)} ${inWords(payment.state)}, Tenor has it as failed (${charge.id}).`,
            ),
          ]
        : []
    default:
      return [openCharge(charge, payment, money)]
  }
}

function paidDifferences(charge: ProofTransaction, payment: ProofPayment | undefined, money: Money): Difference[] {
  const own = `${money(charge.amount)} for ${purpose(charge)} (${charge.id})`
  if (!payment) return [different(`Tenor has a payment of ${own} that Stripe does not have.`)]
  if (!isTaken(payment.state))
    return [different(`Tenor has ${own} as paid, Stripe says that it ${inWords(payment.state)}.`)]
  const found: Difference[] = []
  if (payment.amount !== charge.amount) {
    found.push(different(`Stripe has charged ${money(payment.amount)} where Tenor has ${own}.`))
  }
  if (payment.state.result === 'returned' && charge.returned === 0) {
    found.push(different(`Stripe has taken back ${own} (${payment.state.code}), and Tenor has it as paid.`))
  }
  if (payment.state.result === 'succeeded' && charge.returned > 0) {
    found.push(different(`Tenor has ${own} as taken back, and at Stripe the money is still there.`))
  }
  return found
}

function openCharge(charge: ProofTransaction, payment: ProofPayment | undefined, money: Money): Difference {
  const own = `The charge of ${money(charge.amount)} for ${purpose(charge)} (${charge.id})`
  const there = payment ? `at Stripe it ${inWords(payment.state)}` : 'Stripe has no payment for it yet'
  if (charge.status === 'processing') return inFlight(`${own} is processing; ${there}.`)
  const known = charge.status === 'unknown' ? 'has an unknown outcome and is being looked up' : 'is under way'
  return inFlight(`${own} ${known}; ${there}.`)
}

function inWords(state: PaymentState): string {
  switch (state.result) {
    case 'succeeded':
      return 'has succeeded'
    case 'returned':
      return 'had succeeded and was taken back'
    case 'processing':
      return 'is processing'
    case 'declined':
      return `was declined (${state.code})`
    case 'requires_action':
      return 'waits for the customer'
    case 'rejected':
      return `was refused (${state.code})`
    case 'unconfirmed':
      return 'was made and not confirmed'
    case 'canceled':
      return 'was canceled'
    default:
      return state satisfies never
  }
}

/** Every refund is one at the gateway, and every one there is ours. */
export function refundsProof(facts: ProofFacts): Difference[] {
  const { gateway } = facts
  if ('unread' in gateway) return [unread(`Stripe could not be asked: ${gateway.unread}`)]
  const money = moneyOf(facts)
  const refunds = facts.transactions.filter((t) => t.type === 'refund' && !isBesideGateway(t))
  const ofPlan = new Set(facts.transactions.map((t) => t.gatewayId))
  const isOfRow = (there: { id: string; reference: string | null }, row: ProofTransaction) =>
    there.id === row.gatewayId || there.reference === row.id
  const unknown = gateway.refunds.filter(
    (there) =>
      ofPlan.has(there.payment) && there.outcome.result !== 'failed' && !refunds.some((row) => isOfRow(there, row)),
  )
  return [
    ...refunds.flatMap((row) => {
      const there = gateway.refunds.filter((one) => isOfRow(one, row))
      const good = there.filter((one) => one.outcome.result !== 'failed')
      return refundDifferences(row, good.length > 0 ? good : there, money)
    }),
    ...unknown.map(({ id, amount }) =>
      different(`Stripe has a refund of ${money(amount)} that Tenor has no transaction for (${id}).`),
    ),
  ]
}

function refundDifferences(
  row: ProofTransaction,
  there: { amount: number; outcome: { result: string } }[],
  money: Money,
) {
  const own = `refund of ${money(row.amount)} (${row.id})`
  if (there.length > 1) return [different(`Stripe has ${there.length} refunds where Tenor has one: the ${own}.`)]
  const [one] = there
  if (row.status === 'failed') {
    return one && one.outcome.result !== 'failed'
      ? [different(`Tenor has the ${own} as failed, at Stripe it has ${one.outcome.result}.`)]
      : []
  }
  if (row.status !== 'succeeded') return [inFlight(`The ${own} is under way: ${row.status}.`)]
  if (!one) return [different(`Tenor has a ${own} that Stripe does not have.`)]
  if (one.outcome.result !== 'succeeded') {
    return [different(`Tenor has the ${own} as given back, at Stripe it has ${one.outcome.result}.`)]
  }
  return one.amount === row.amount
    ? []
    : [different(`Stripe has given back ${money(one.amount)} where Tenor has a ${own}.`)]
}
