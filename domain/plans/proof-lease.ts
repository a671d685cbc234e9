import { isLease } from '../leasing/lease.ts'
import { unitStatusOf } from '../leasing/unit.ts'
import { sum } from './figures.ts'
import { balances } from './ledger.ts'
import { PAYROLL } from './plan.ts'
import { type Difference, different, moneyOf, type ProofFacts, type ProofTransaction, purpose } from './proof-facts.ts'

/** What a lease holds besides: lines of pay, and a device. Nothing for another plan. Keeps Leasing. */

/** What was taken from pay or given back by it is one line of pay each, and what the ledger has on `payroll`. */
export function payrollProof(facts: ProofFacts): Difference[] {
  const { plan, transactions, deductions, entries } = facts
  if (!isLease(plan)) return []
  const money = moneyOf(facts)
  const byPay = transactions.filter((t) => t.gateway === PAYROLL.type && t.status === 'succeeded')
  const found = byPay.flatMap((t) => {
    const line = deductions.find(({ id }) => id === t.id)
    if (!line) return [different(`No line of pay is there for the ${money(t.amount)} of ${purpose(t)} (${t.id}).`)]
    return line.amount === lineOf(t)
      ? []
      : [different(`The line of pay ${t.id} says ${money(line.amount)}, moved were ${money(lineOf(t))}.`)]
  })
  const unknown = deductions.filter(({ id }) => !byPay.some((t) => t.id === id))
  const lines = sum(deductions, ({ amount }) => amount)
  const held = balances(entries).payroll
  return [
    ...found,
    ...unknown.map(({ id, amount }) =>
      different(`The line of pay ${id} of ${money(amount)} is for nothing that was moved.`),
    ),
    ...(held === lines
      ? []
      : [different(`The ledger has ${money(held)} on payroll, the lines of pay come to ${money(lines)}.`)]),
  ]
}

function lineOf({ type, amount }: ProofTransaction): number {
  return type === 'refund' ? -amount : amount
}

/** The unit is where the lease says, and the lease has no other. What is put aside for a change is nobody's yet. */
export function deviceProof({ plan, units }: ProofFacts): Difference[] {
  if (!isLease(plan)) return []
  const { unit: id } = plan.lease
  const wanted = unitStatusOf(plan)
  const unit = units.find((one) => one.id === id)
  const isHis = unit?.lease === plan.id && !unit.isHeld
  const others = units
    .filter((one) => one.id !== id && one.lease === plan.id && !one.isHeld)
    .map((one) => different(`The unit ${one.id} is ${one.status} for this lease, which has ${id}.`))
  if (!unit) return [different(`The unit ${id} of this lease is not in stock.`), ...others]
  if (wanted === null) return isHis ? [different(`The unit ${id} is ${unit.status}, and given up.`), ...others] : others
  const isRight = unit.status === wanted && (wanted === 'sold' || isHis)
  return isRight ? others : [different(`The unit ${id} is ${unit.status}, and should be ${wanted} for it.`), ...others]
}
