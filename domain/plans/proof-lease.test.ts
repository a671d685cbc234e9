import { PlayedLease } from '../leasing/example-lease.ts'
import { adjust } from './adjust.ts'
import type { Effect } from './effects.ts'
import { sum } from './figures.ts'
import type { Plan } from './plan.ts'
import { prove } from './proof.ts'
import type { ProofFacts, ProofTransaction } from './proof-facts.ts'
import { givenBackByPay } from './settle.ts'
import type { Instant } from './terms.ts'

type Facts = Pick<ProofFacts, 'transactions' | 'deductions' | 'units' | 'entries'> & { plan: Plan }

/** A lease as its rows would have it: the checks of money, of pay and of the device. */
function factsOf({ plan, effects }: { plan: Plan; effects: Effect[] }): Facts {
  const deductions = effects.flatMap((e) => (e.write === 'deduction' ? [{ id: e.transaction, amount: e.amount }] : []))
  const moves = effects.flatMap((e) => (e.write === 'unit' ? [e] : []))
  const units = [...new Map(moves.map((move) => [move.unit, move])).values()].map(({ unit, to }) => {
    const lease = to === 'reserved' || to === 'leased' ? plan.id : null
    return { id: unit, status: to, lease, isHeld: false }
  })
  return {
    plan,
    deductions,
    units,
    transactions: deductions.map(({ id, amount }) => byPay(id, amount)),
    entries: effects.flatMap((e) =>
      e.write === 'entry' ? [{ id: e.key, transaction: e.transaction, postings: e.postings }] : [],
    ),
  }
}

function byPay(id: string, amount: number): ProofTransaction {
  const open = { gateway: 'payroll', gatewayId: null, returned: 0, refund: null, cause: null }
  const type = amount < 0 ? 'refund' : 'charge'
  return { id, type, installment: 1, amount: Math.abs(amount), status: 'succeeded', ...open }
}

function differences(facts: Facts): string[] {
  const { plan, transactions } = facts
  const figures = {
    status: 'active' as const,
    paid: sum(transactions, ({ amount }) => amount),
    refunded: 0,
    outstanding: 0,
    escalated: false,
    nextBillingAt: null,
    changeSequence: 0,
  }
  const rest = { figures, installments: [], receipts: [], notices: [], escalations: [] }
  const gateway = { payments: [], refunds: [] }
  const proof = prove({ ...facts, ...rest, plan, gateway, workflow: { unread: 'not asked' } })
  const checks = ['ledger', 'transactions', 'gateway', 'refunds', 'receipts', 'payroll', 'device']
  return proof.checks
    .filter(({ name }) => checks.includes(name))
    .flatMap(({ name, differences: found }) => found.map(({ detail }) => `${name}: ${detail}`))
}

const delivered = () => new PlayedLease().delivered().to('2027-01-20')
const told = (change: (facts: Facts) => void): string[] => {
  const facts = factsOf(delivered())
  change(facts)
  return differences(facts)
}

it.each([
  ['ordered', new PlayedLease()],
  ['delivered', delivered()],
  ['returned', new PlayedLease().delivered().to('2028-02-01')],
])(
  'finds nothing where nothing is wrong with a lease that is %s: no gateway is asked for what comes off pay',
  (_, lease) => {
    expect(differences(factsOf(lease))).toEqual([])
  },
)

it('counts a credit against what was deducted', () => {
  const lease = delivered()
  lease.says((plan: Plan, now: Instant) => adjust(plan, { totalAmount: 6_000 }, now))
  const refund = 'txn_x_r1_1'
  lease.effects.push(...givenBackByPay(lease.plan, refund, { amount: 4_000, date: '2027-01-20' }))
  lease.givenBack()
  expect(lease.deducted()).toBe(6_000)
  expect(differences(factsOf(lease))).toEqual([])
})

it('a line of pay that is missing, of another amount, or for nothing', () => {
  expect(told(({ deductions }) => deductions.pop())).toEqual([
    'payroll: No line of pay is there for the $100.00 of instalment 1 (txn_x_1_1).',
    'payroll: The ledger has $100.00 on payroll, the lines of pay come to $0.00.',
  ])
  expect(told(({ deductions }) => Object.assign(deductions[0] ?? {}, { amount: 9_000 }))).toEqual([
    'payroll: The line of pay txn_x_1_1 says $90.00, moved were $100.00.',
    'payroll: The ledger has $100.00 on payroll, the lines of pay come to $90.00.',
  ])
  expect(told(({ deductions }) => deductions.push({ id: 'txn_x_2_1', amount: 1 }))).toEqual([
    'payroll: The line of pay txn_x_2_1 of $0.01 is for nothing that was moved.',
    'payroll: The ledger has $100.00 on payroll, the lines of pay come to $100.01.',
  ])
})

it('a deduction that is not in the ledger', () => {
  expect(told(({ entries }) => entries.pop())).toContain(
    'transactions: The transaction txn_x_1_1 for instalment 1 has moved $100.00, the ledger has $0.00 for it.',
  )
})

it.each<[string, (facts: Facts) => void, string[]]>([
  [
    'is somewhere else',
    ({ units }) => Object.assign(units[0] ?? {}, { status: 'available', lease: null }),
    ['device: The unit dev_1 is available, and should be leased for it.'],
  ],
  ['is not there', ({ units }) => units.pop(), ['device: The unit dev_1 of this lease is not in stock.']],
  [
    'is not the only one',
    ({ units }) => units.push({ id: 'dev_2', status: 'leased', lease: 'ls_x', isHeld: false }),
    ['device: The unit dev_2 is leased for this lease, which has dev_1.'],
  ],
  [
    'is to be exchanged for one that is put aside',
    ({ units }) => units.push({ id: 'dev_2', status: 'reserved', lease: 'ls_x', isHeld: true }),
    [],
  ],
])('a unit that %s', (_, change, expected) => {
  expect(told(change)).toEqual(expected)
})

it('a unit that was given up and is not free', () => {
  const facts = factsOf(new PlayedLease().delivered().to('2028-02-01'))
  Object.assign(facts.units[0] ?? {}, { status: 'leased', lease: 'ls_x' })
  expect(differences(facts)).toEqual(['device: The unit dev_1 is leased, and given up.'])
})
