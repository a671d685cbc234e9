import { attemptSettled, attemptStarted } from './collect.ts'
import { nextBillingAt } from './coming.ts'
import type { Effect } from './effects.ts'
import { exampleTerms } from './example-plan.ts'
import { outstanding, paidIn, statusOf } from './figures.ts'
import { attemptTransaction } from './keys.ts'
import { makePlan } from './make.ts'
import type { Plan } from './plan.ts'
import { prove } from './proof.ts'
import type { ProofFacts, ProofGateway, ProofPayment, ProofTransaction, ProofWorkflow } from './proof-facts.ts'

/** A term of 120000 in 12, of which the first instalment is paid; nothing is wrong with it. */
function facts(): ProofFacts & { workflow: ProofWorkflow & { plan: Plan }; gateway: ProofGateway } {
  const { plan: made, effects } = makePlan({
    id: 'pt_1',
    tenant: 'acme',
    kind: 'financing',
    customer: 'c1',
    terms: exampleTerms(),
    total: 120_000,
    paymentMethod: { id: 'pm_card_visa', type: 'card' },
    clock: null,
    now: '2027-01-15T00:00:00Z',
  })
  const at = '2027-01-15T09:00:00Z'
  const transaction = attemptTransaction(made, 1, 1)
  const paid = attemptSettled(attemptStarted(made, 1, 'due', at), 1, { result: 'succeeded' }, at)
  const plan = paid.plan
  return {
    plan,
    figures: {
      status: statusOf(plan),
      paid: paidIn(plan),
      refunded: 0,
      outstanding: outstanding(plan),
      escalated: false,
      nextBillingAt: nextBillingAt(plan),
      changeSequence: 0,
    },
    installments: plan.installments.map(({ number, amount, paid: paidAmount, status, dueDate, escalation }) => ({
      number,
      amount,
      paid: paidAmount,
      status,
      dueDate,
      escalation,
    })),
    transactions: [charge()],
    entries: [...effects, ...paid.effects].flatMap(entryOf),
    receipts: [{ id: 'rcp_1_1_1', transaction, type: 'payment', amount: 10_000 }],
    notices: [{ id: 'ntf_1_receipt', transaction, type: 'payment.receipt', status: 'sent', lastError: null }],
    escalations: [],
    deductions: [],
    units: [],
    workflow: { status: 'RUNNING', plan: structuredClone(plan), troubles: [], isBlocked: false },
    gateway: { payments: [payment()], refunds: [] },
  }
}

function entryOf(effect: Effect) {
  if (effect.write !== 'entry') return []
  return [{ id: effect.key, transaction: effect.transaction, postings: effect.postings }]
}

function charge(change: Partial<ProofTransaction> = {}): ProofTransaction {
  return {
    id: 'txn_1_1_1',
    type: 'charge',
    installment: 1,
    amount: 10_000,
    status: 'succeeded',
    gateway: 'stripe',
    gatewayId: 'pi_1',
    returned: 0,
    refund: null,
    cause: 'due',
    ...change,
  }
}

function payment(change: Partial<ProofPayment> = {}): ProofPayment {
  const state = { result: 'succeeded' as const }
  return { id: 'pi_1', reference: 'txn_1_1_1', plan: 'pt_1', installment: '1', amount: 10_000, state, ...change }
}

type Facts = ReturnType<typeof facts>

/** What is told when the facts are changed so: `check: detail` of each difference of a kind. */
function told(change: (whole: Facts) => void, kind: 'different' | 'in_flight' | 'unread' = 'different'): string[] {
  const whole = facts()
  change(whole)
  return prove(whole).checks.flatMap(({ name, differences }) =>
    differences.filter((d) => d.kind === kind).map(({ detail }) => `${name}: ${detail}`),
  )
}

it('finds nothing where nothing is wrong', () => {
  expect(prove(facts())).toMatchObject({ plan: 'pt_1', status: 'ok' })
  expect(prove(facts()).checks.every(({ status }) => status === 'ok')).toBe(true)
})

describe('the gateway', () => {
  it.each<[string, (whole: Facts) => void, string]>([
    [
      'a payment that Tenor does not know',
      ({ gateway }) => gateway.payments.push(payment({ id: 'pi_2', reference: 'txn_1_4_1', installment: '4' })),
      'gateway: Stripe has a payment of $100.00 for instalment 4 that Tenor has no transaction for (pi_2).',
    ],
    [
      'a bank debit under way that Tenor does not know',
      ({ gateway }) =>
        gateway.payments.push(
          payment({ id: 'pi_2', reference: null, installment: null, state: { result: 'processing' } }),
        ),
      'gateway: Stripe has a payment of $100.00 of this plan that Tenor has no transaction for (pi_2).',
    ],
    [
      'two payments for one transaction',
      ({ gateway }) => gateway.payments.push(payment({ id: 'pi_2' })),
      'gateway: Stripe has 2 payments for instalment 1, txn_1_1_1: $100.00 (pi_1) and $100.00 (pi_2). Only one was wanted.',
    ],
    [
      'a payment that is not there',
      ({ gateway }) => gateway.payments.pop(),
      'gateway: Tenor has a payment of $100.00 for instalment 1 (txn_1_1_1) that Stripe does not have.',
    ],
    [
      'a payment that was declined',
      ({ gateway }) =>
        Object.assign(gateway.payments[0] ?? {}, {
          state: { result: 'declined', severity: 'soft', code: 'do_not_honor' },
        }),
      'gateway: Tenor has $100.00 for instalment 1 (txn_1_1_1) as paid, Stripe says that it was declined (do_not_honor).',
    ],
    [
      'another amount',
      ({ gateway }) => Object.assign(gateway.payments[0] ?? {}, { amount: 12_000 }),
      'gateway: Stripe has charged $120.00 where Tenor has $100.00 for instalment 1 (txn_1_1_1).',
    ],
    [
      'a return that was not heard of',
      ({ gateway }) =>
        Object.assign(gateway.payments[0] ?? {}, {
          state: { result: 'returned', severity: 'soft', code: 'insufficient_funds' },
        }),
      'gateway: Stripe has taken back $100.00 for instalment 1 (txn_1_1_1) (insufficient_funds), and Tenor has it as paid.',
    ],
    [
      'a refund that Tenor does not know',
      ({ gateway }) =>
        gateway.refunds.push({
          id: 're_1',
          payment: 'pi_1',
          reference: null,
          amount: 500,
          outcome: { result: 'succeeded' },
        }),
      'refunds: Stripe has a refund of $5.00 that Tenor has no transaction for (re_1).',
    ],
  ])('has %s', (_, change, expected) => {
    expect(told(change)).toEqual([expected])
  })

  it('has a payment for what Tenor holds as failed', () => {
    const second = charge({ id: 'txn_1_2_1', installment: 2, status: 'failed', gatewayId: 'pi_2' })
    const change = (whole: Facts) => {
      whole.transactions.push(second)
      whole.gateway.payments.push(payment({ id: 'pi_2', reference: 'txn_1_2_1', installment: '2' }))
    }
    expect(told(change)).toEqual([
      'gateway: Stripe says that $100.00 for instalment 2 has succeeded, Tenor has it as failed (txn_1_2_1).',
    ])
  })

  it.each([
    ['unknown', 'has an unknown outcome and is being looked up'],
    ['pending', 'is under way'],
    ['processing', 'is processing'],
  ] as const)('an attempt that is %s is in flight', (status, words) => {
    const change = (whole: Facts) =>
      whole.transactions.push(charge({ id: 'txn_1_2_1', installment: 2, status, gatewayId: null }))
    expect(told(change)).toEqual([])
    expect(told(change, 'in_flight')).toEqual([expect.stringContaining(words)])
  })

  it('that cannot be asked is said to be so', () => {
    const change = (whole: Facts) => Object.assign(whole, { gateway: { unread: 'no answer' } })
    expect(told(change)).toEqual([])
    expect(told(change, 'unread')).toHaveLength(2)
  })

  it("is not told of others' payments", () => {
    expect(
      told(({ gateway }) => gateway.payments.push(payment({ id: 'pi_9', plan: 'pt_2', reference: 'txn_2_1_1' }))),
    ).toEqual([])
  })
})

describe('ledger, transactions and receipts', () => {
  it('a movement that is not in the ledger', () => {
    expect(told((whole) => whole.entries.pop())).toEqual([
      'ledger: The ledger has $0.00 in cash, the transactions come to $100.00.',
      'ledger: The ledger has $1,200.00 receivable; unpaid are $1,100.00 and $0.00 are still to be given back.',
      'transactions: The transaction txn_1_1_1 for instalment 1 has moved $100.00, the ledger has $0.00 for it.',
    ])
  })

  it('an entry for a movement that is none', () => {
    const change = (whole: Facts) =>
      Object.assign(whole, { transactions: [], gateway: { payments: [], refunds: [] }, receipts: [], notices: [] })
    expect(told(change)).toEqual([
      'ledger: The ledger has $100.00 in cash, the transactions come to $0.00.',
      'transactions: The ledger has moved $100.00 in cash for txn_1_1_1, which is no transaction of the plan.',
      'transactions: The charges come to $0.00, on the instalments are $100.00 of payments.',
    ])
  })

  it('no receipt, two letters, a letter that failed, one that waits', () => {
    expect(told(({ receipts }) => receipts.pop())).toEqual([
      'receipts: 0 receipts for the $100.00 of instalment 1 (txn_1_1_1), not one.',
    ])
    expect(told(({ notices }) => notices.push({ ...(notices[0] as (typeof notices)[0]), id: 'ntf_2' }))).toEqual([
      'notices: 2 letters are there for the receipt rcp_1_1_1, not one.',
    ])
    expect(
      told(({ notices }) => Object.assign(notices[0] ?? {}, { status: 'failed', lastError: 'no such mailbox' })),
    ).toEqual(['notices: The letter ntf_1_receipt (payment.receipt) could not be sent: no such mailbox.'])
    expect(told(({ notices }) => Object.assign(notices[0] ?? {}, { status: 'queued' }))).toEqual([])
  })

  it('an escalation that nobody waits for', () => {
    const open = {
      id: 'esc_1',
      reason: 'insufficient_funds' as const,
      amount: 10_000,
      isOpen: true,
      isTold: true,
      lastError: null,
    }
    const change = (whole: Facts) => {
      whole.escalations.push(open)
      whole.figures.escalated = true
    }
    expect(told(change)).toEqual([
      'escalations: The escalation esc_1 of $100.00 is open, and the plan does not wait for it.',
    ])
  })
})

describe('the workflow and the rows', () => {
  it('a row that differs from what was decided is only the read side', () => {
    const whole = facts()
    Object.assign(whole.workflow.plan.installments[1] ?? {}, { status: 'paid', paid: 10_000 })
    const [check] = prove(whole).checks.filter(({ status }) => status !== 'ok')
    expect(check).toMatchObject({ name: 'read_side', status: 'different' })
    expect(check?.differences).toEqual([
      { kind: 'different', mendable: true, detail: 'Instalment 2: the row has paid 0, the workflow 10000.' },
      { kind: 'different', mendable: true, detail: 'Instalment 2: the row has status scheduled, the workflow paid.' },
    ])
  })

  it('a change on its way is in flight', () => {
    const change = ({ workflow }: Facts) => {
      workflow.plan.total = 150_000
      workflow.plan.sequence = { ...workflow.plan.sequence, change: 1 }
    }
    expect(told(change)).toEqual([])
    expect(told(change, 'in_flight')).toEqual(['read_side: 1 changes of the plan are decided and not written yet.'])
  })

  it('a column that does not say what its row does', () => {
    expect(told(({ figures }) => Object.assign(figures, { outstanding: 0 }))).toEqual([
      'read_side: The plan is shown with outstanding 0; it is 110000.',
    ])
  })

  it.each([
    ['TERMINATED', 'The workflow of this plan is TERMINATED: nothing will be done for it any more.'],
    ['COMPLETED', 'The workflow of this plan has ended, and the plan has not.'],
  ])('a workflow that is %s', (status, detail) => {
    expect(told(({ workflow }) => Object.assign(workflow, { status }))).toEqual([`workflow: ${detail}`])
  })

  it('an activity that is tried again is in flight, a task that fails is not', () => {
    const troubled = (isBlocked: boolean) => (whole: Facts) =>
      Object.assign(whole.workflow, { troubles: ['It fails.'], isBlocked })
    expect(told(troubled(false), 'in_flight')).toEqual(['workflow: It fails.'])
    expect(told(troubled(true))).toEqual(['workflow: It fails.'])
  })
})

describe('the schedule', () => {
  it('that does not come to the total, or is due on another day', () => {
    const whole = facts()
    for (const plan of [whole.plan, whole.workflow.plan])
      Object.assign(plan.installments[5] ?? {}, { dueDate: '2027-06-14' })
    Object.assign(whole.installments[5] ?? {}, { dueDate: '2027-06-14' })
    const details = prove(whole).checks.flatMap(({ differences }) => differences.map(({ detail }) => detail))
    expect(details).toEqual(['Instalment 6 is due on 2027-06-14, which is no billing day of the plan.'])
    expect(
      told(
        ({ plan, workflow }) =>
          Object.assign(plan, { total: 130_000 }) && Object.assign(workflow.plan, { total: 130_000 }),
      ),
    ).toEqual([
      'schedule: The instalments come to $1,200.00, after what adjustments gave back; the total is $1,300.00.',
    ])
  })
})
