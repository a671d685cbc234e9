import type { MikroORM } from '@mikro-orm/postgresql'
import { nextBillingAt } from '../../domain/plans/coming.ts'
import { type Effect, headOf, type PlanChange } from '../../domain/plans/effects.ts'
import { outstanding, paidIn, statusOf } from '../../domain/plans/figures.ts'
import { paid } from '../../domain/plans/ledger.ts'
import type { Installment, Plan } from '../../domain/plans/plan.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { balancesOf, loadPlan } from '../../test/support/read-back.ts'
import { freshDatabase } from '../../test/support/servers.ts'
import { openDatabase } from '../orm.ts'
import { Escalations } from './escalations.ts'
import { Events } from './events.ts'
import { Installments } from './installments.ts'
import { Notifications } from './notifications.ts'
import { findPlan } from './read.ts'
import { listLedger } from './read-ledger.ts'
import { Receipts } from './receipts.ts'
import { requestOf } from './requests.ts'
import { samplePlan } from './sample.ts'
import { Transactions } from './transactions.ts'
import { ChangeOutOfOrder, PlanNotRecorded, recordChange, recordInstallment, recordNewPlan } from './write.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let orm: MikroORM
let count = 0
const AT = '2027-01-15T14:00:00Z'

beforeAll(async () => {
  database = await freshDatabase()
  orm = await openDatabase(database.url, { keys: TEST_KEYS })
})
afterAll(async () => {
  await orm.close(true)
  await database.drop()
})

const em = () => orm.em.fork()

async function recorded(request: Record<string, unknown> = {}): Promise<Plan> {
  const { plan, effects } = samplePlan(`pt_${++count}`)
  await recordNewPlan(em(), plan, { request, workflowId: `payment-terms-${count}`, runId: 'run_1', effects })
  return plan
}

function withFirst(plan: Plan, change: Partial<Installment>): Plan {
  return { ...plan, installments: plan.installments.map((i) => (i.number === 1 ? { ...i, ...change } : i)) }
}

function changeTo(plan: Plan, sequence: number, effects: Effect[] = [], numbers: number[] = []): PlanChange {
  const installments = plan.installments.filter(({ number }) => numbers.includes(number))
  return { plan: plan.id, sequence, at: AT, head: headOf(plan), installments, effects }
}

/** The row of the plan shows what the domain reads off the plan as it was loaded again. */
async function expectFigures(id: string): Promise<void> {
  const plan = await loadPlan(em(), 'tenant_a', id)
  const row = await findPlan(em(), 'tenant_a', id)
  if (!plan || !row) throw new Error('not recorded')
  expect({
    status: row.status,
    paid: row.paidAmount,
    outstanding: row.outstandingAmount,
    next: row.nextBillingAt,
  }).toEqual({ status: statusOf(plan), paid: paidIn(plan), outstanding: outstanding(plan), next: nextBillingAt(plan) })
}

function charged(plan: Plan): Effect[] {
  const transaction = `txn_${plan.id.slice(3)}_1_1`
  return [
    {
      write: 'transaction',
      id: transaction,
      type: 'charge',
      installment: 1,
      attempt: 1,
      amount: 10_000,
      status: 'succeeded',
      gateway: 'stripe',
      reference: `pi_${plan.id}`,
      parts: [{ installment: 1, amount: 10_000 }],
      refund: null,
      of: null,
      why: { schedule: '120000 in 12' },
    },
    paid({ key: 'paid_1_1', amount: 10_000, description: 'Instalment 1 paid', transaction }),
    { write: 'receipt', transaction, type: 'payment', amount: 10_000 },
    { write: 'event', key: 'paid_1_1', type: 'payment.completed', data: { installment_number: 1 } },
    { write: 'notice', key: 'receipt_1_1', type: 'payment.receipt', data: { transaction } },
  ]
}

describe('recordNewPlan', () => {
  it('records a plan that loads again as the same value', async () => {
    const plan = await recorded({ metadata: { note: `it's a "test" \\ of ? and :plan, $1 – déjà vu 🙂` } })
    expect(await loadPlan(em(), plan.tenant, plan.id)).toEqual(plan)
    expect(await loadPlan(em(), 'tenant_b', plan.id)).toBeNull()
    const row = await findPlan(em(), plan.tenant, plan.id)
    expect(row && requestOf(orm, row)).toEqual({
      metadata: { note: `it's a "test" \\ of ? and :plan, $1 – déjà vu 🙂` },
    })
    expect(row).toMatchObject({
      status: 'pending',
      totalAmount: 120_000,
      outstandingAmount: 120_000,
      paidAmount: 0,
      escalated: false,
      nextBillingAt: AT,
      startDate: '2027-01-15',
      createdAt: '2027-01-10T12:00:00Z',
      testClockId: 'clk_1',
    })
    await expectFigures(plan.id)
  })

  it('gives instalments their due moments in the zone of the plan, through a DST change', async () => {
    const plan = await recorded()
    const rows = await em().find(Installments, { planId: plan.id }, { orderBy: { number: 'asc' } })
    expect(rows.slice(1, 3).map(({ dueAt }) => dueAt)).toEqual(['2027-02-15T14:00:00Z', '2027-03-15T13:00:00Z'])
    expect(rows.every(({ nextAttemptAt, dueAt }) => nextAttemptAt === dueAt)).toBe(true)
  })

  it('does nothing the second time', async () => {
    const { plan, effects } = samplePlan(`pt_${++count}`)
    const made = { request: {}, workflowId: `payment-terms-${count}`, runId: null, effects }
    const answers = await Promise.all([1, 2, 3].map(() => recordNewPlan(em(), plan, made)))
    expect(answers.filter(Boolean)).toHaveLength(1)
    expect((await listLedger(em(), plan.tenant, { planId: plan.id }, { limit: 9 })).data).toHaveLength(
      effects.filter(({ write }) => write === 'entry').length,
    )
  })
})

describe('recordChange', () => {
  it('writes a change once, in order, and refuses a gap', async () => {
    const plan = await recorded()
    const changed = withFirst(plan, { reminded: true })
    const effects: Effect[] = [{ write: 'event', key: 'reminded', type: 'payment.reminded', data: {} }]
    expect(await recordChange(em(), changeTo(changed, 1, effects, [1]))).toBe(true)
    expect(await recordChange(em(), changeTo(plan, 1, effects, [1]))).toBe(false)
    await expect(recordChange(em(), changeTo(plan, 3))).rejects.toThrow(ChangeOutOfOrder)
    expect((await loadPlan(em(), plan.tenant, plan.id))?.installments[0]?.reminded).toBe(true)
    expect(await em().count(Events, { planId: plan.id, type: 'payment.reminded' })).toBe(1)
  })

  it('writes one of many copies at the same moment', async () => {
    const plan = await recorded()
    const answers = await Promise.all([1, 2, 3, 4].map(() => recordChange(em(), changeTo(plan, 1))))
    expect(answers.filter(Boolean)).toHaveLength(1)
  })

  it('writes nothing of a change of which one part is refused', async () => {
    const plan = await recorded()
    const bad: Effect[] = [
      { write: 'event', key: 'half', type: 'half', data: {} },
      { write: 'entry', key: 'bad', description: 'bad', transaction: null, postings: [{ account: 'cash', amount: 1 }] },
    ]
    await expect(recordChange(em(), changeTo({ ...plan, lifecycle: 'active' }, 1, bad))).rejects.toThrow(/lines_check/)
    expect((await findPlan(em(), plan.tenant, plan.id))?.lifecycle).toBe('pending')
    expect(await em().count(Events, { planId: plan.id, type: 'half' })).toBe(0)
  })

  it('refuses an unknown plan', async () => {
    await expect(recordChange(em(), changeTo(samplePlan('pt_unknown').plan, 1))).rejects.toThrow(PlanNotRecorded)
  })

  it('shows a plan with an unresolved instalment as past due until it is resolved', async () => {
    const active: Plan = { ...(await recorded()), lifecycle: 'active' }
    const id = `esc_${active.id}`
    const escalated = withFirst(active, { status: 'escalated', escalation: id })
    const opened: Effect = {
      write: 'escalation',
      id,
      about: { installment: 1 },
      reason: 'insufficient_funds',
      code: 'insufficient_funds',
      amount: 10_000,
    }
    await recordChange(em(), changeTo(escalated, 1, [opened], [1]))
    expect(await findPlan(em(), active.tenant, active.id)).toMatchObject({ status: 'past_due', escalated: true })
    await expectFigures(active.id)

    const lowered: Effect = { write: 'escalation_amount', id, amount: 4_000 }
    await recordChange(em(), changeTo(escalated, 2, [lowered]))
    expect(await em().findOne(Escalations, { id })).toMatchObject({ amount: 4_000, version: 2, status: 'open' })

    const resolution = { action: 'waive', note: 'a friend' } as const
    const waived = withFirst(active, { status: 'waived', escalation: null })
    await recordChange(em(), changeTo(waived, 3, [{ write: 'escalation_resolved', id, resolution }], [1]))
    expect(await em().findOne(Escalations, { id })).toMatchObject({ status: 'resolved', resolution, version: 3 })
    expect(await findPlan(em(), active.tenant, active.id)).toMatchObject({ status: 'active', escalated: false })
    await expectFigures(active.id)
  })

  it('holds back first attempts in a pause, but not retries', async () => {
    const active: Plan = {
      ...(await recorded()),
      lifecycle: 'active',
      pause: { mode: 'extend', since: AT, until: null },
    }
    await recordChange(em(), changeTo(active, 1))
    expect((await findPlan(em(), active.tenant, active.id))?.nextBillingAt).toBeNull()
    const retrying = withFirst(active, { status: 'retrying', retryOn: '2027-01-16' })
    await recordChange(em(), changeTo(retrying, 2, [], [1]))
    expect((await findPlan(em(), active.tenant, active.id))?.nextBillingAt).toBe('2027-01-16T14:00:00Z')
    await expectFigures(active.id)
  })

  it.each([
    ['extend', '2027-04-15T13:00:00Z'],
    ['catch_up', '2027-03-20T13:00:00Z'],
  ] as const)('shows of a pause with an end what comes after it: %s', async (mode, next) => {
    const pause = { mode, since: AT, until: '2027-03-20T09:00:00Z' }
    const active: Plan = { ...(await recorded()), lifecycle: 'active', pause }
    await recordChange(em(), changeTo(active, 1))
    expect((await findPlan(em(), active.tenant, active.id))?.nextBillingAt).toBe(next)
    await expectFigures(active.id)
  })

  it('shows what is overdue on the day after the last first attempt, and not before a pause has ended', async () => {
    const plan = await recorded()
    const paid = { paid: 10_000, status: 'paid', attempts: 1, firstTriedOn: '2027-05-20' } as const
    const overdue = withFirst({ ...plan, lifecycle: 'active' }, paid)
    await recordChange(em(), changeTo(overdue, 1, [], [1]))
    expect((await findPlan(em(), plan.tenant, plan.id))?.nextBillingAt).toBe('2027-05-21T13:00:00Z')
    await expectFigures(plan.id)
    await recordChange(em(), changeTo({ ...overdue, notBefore: '2027-05-25T20:00:00Z' }, 2))
    expect((await findPlan(em(), plan.tenant, plan.id))?.nextBillingAt).toBe('2027-05-25T20:00:00Z')
    await expectFigures(plan.id)
    const extra: Installment = { ...(plan.installments[1] as Installment), number: 13, atOnce: '2027-05-20T16:00:00Z' }
    const more = { ...overdue, installments: [...overdue.installments, extra] }
    await recordChange(em(), changeTo(more, 3, [], [13]))
    expect((await findPlan(em(), plan.tenant, plan.id))?.nextBillingAt).toBe('2027-05-20T16:00:00Z')
    await expectFigures(plan.id)
  })

  it('keeps when a plan was completed, and the balance of a cancellation apart from the instalments', async () => {
    const plan = await recorded()
    const balance: Installment = { ...(plan.installments[0] as Installment), number: 0, amount: 500 }
    const completed = changeTo({ ...plan, lifecycle: 'completed', balance }, 1)
    await recordChange(em(), { ...completed, installments: [balance] })
    await recordChange(em(), { ...completed, sequence: 2, at: '2028-01-01T00:00:00Z' })
    expect(await findPlan(em(), plan.tenant, plan.id)).toMatchObject({ completedAt: AT, outstandingAmount: 120_500 })
    const loaded = await loadPlan(em(), plan.tenant, plan.id)
    expect(loaded?.installments).toHaveLength(12)
    expect(loaded?.balance).toEqual(balance)
  })
})

describe('recordInstallment', () => {
  it('records a charge once with its transaction, entry, receipt, event and notice', async () => {
    const plan = await recorded()
    const first = withFirst(plan, { paid: 10_000, status: 'paid', attempts: 1 }).installments[0] as Installment
    for (const _ of [1, 2]) await recordInstallment(em(), plan.id, first, charged(plan), AT)

    const counts = await Promise.all(
      [Transactions, Receipts, Notifications].map((entity) =>
        em().count(entity as typeof Receipts, { planId: plan.id }),
      ),
    )
    expect(counts).toEqual([1, 1, 1 + (await noticesAtCreation(plan.id))])
    expect(await balancesOf(em(), plan.tenant, plan.id)).toEqual({
      receivable: 110_000,
      income: -120_000,
      cash: 10_000,
    })
    expect(await findPlan(em(), plan.tenant, plan.id)).toMatchObject({
      paidAmount: 10_000,
      outstandingAmount: 110_000,
      nextBillingAt: '2027-02-15T14:00:00Z',
    })
    await expectFigures(plan.id)
  })

  it("is part of the caller's transaction", async () => {
    const plan = await recorded()
    const first = withFirst(plan, { paid: 10_000, status: 'paid' }).installments[0] as Installment
    const cut = em().transactional(async (tx) => {
      await recordInstallment(tx, plan.id, first, charged(plan), AT)
      throw new Error('killed')
    })
    await expect(cut).rejects.toThrow('killed')
    expect(await em().count(Transactions, { planId: plan.id })).toBe(0)
    expect((await findPlan(em(), plan.tenant, plan.id))?.paidAmount).toBe(0)
  })

  it('numbers receipts without gaps however they come', async () => {
    const plan = await recorded()
    const first = plan.installments[0] as Installment
    await Promise.all(
      [1, 2, 3, 4, 5].map((n) => {
        const transaction = `txn_${plan.id.slice(3)}_${n}_1`
        const made = { ...(charged(plan)[0] as Extract<Effect, { write: 'transaction' }>), installment: n }
        return recordInstallment(
          em(),
          plan.id,
          first,
          [
            { ...made, id: transaction, reference: `pi_${transaction}` },
            { write: 'receipt', transaction, type: 'payment', amount: 1 },
          ],
          AT,
        )
      }),
    )
    const numbers = (await em().find(Receipts, { planId: plan.id })).map(({ number }) => number)
    expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5])
  })

  it('shows what was given back of each instalment and payment, and takes it back when the refund fails after all', async () => {
    const plan = await recorded()
    const first = withFirst(plan, { paid: 10_000, status: 'paid' }).installments[0] as Installment
    const refund: Effect = {
      ...(charged(plan)[0] as Extract<Effect, { write: 'transaction' }>),
      id: `txn_${plan.id.slice(3)}_r1_1`,
      type: 'refund',
      installment: null,
      attempt: null,
      amount: 2_500,
      reference: `re_${plan.id}`,
      parts: [{ installment: 1, amount: 2_500 }],
      refund: 1,
    }
    await recordInstallment(em(), plan.id, first, [...charged(plan), refund], AT)
    const payment = `txn_${plan.id.slice(3)}_1_1`
    await em().nativeUpdate(Transactions, { id: refund.id }, { parentTransactionId: payment })
    await recordInstallment(em(), plan.id, first, [], AT)
    const givenBack = async () => ({
      plan: (await findPlan(em(), plan.tenant, plan.id))?.refundedAmount,
      installment: (await em().findOne(Installments, { planId: plan.id, number: 1 }))?.refundedAmount,
      payment: (await em().findOne(Transactions, { id: payment }))?.refundedAmount,
    })
    expect(await givenBack()).toEqual({ plan: 2_500, installment: 2_500, payment: 2_500 })
    await recordInstallment(
      em(),
      plan.id,
      first,
      [{ write: 'transaction_changed', id: refund.id, status: 'failed' }],
      AT,
    )
    expect(await givenBack()).toEqual({ plan: 0, installment: 0, payment: 0 })
  })
})

async function noticesAtCreation(planId: string): Promise<number> {
  return em().count(Notifications, { planId, type: 'terms.created' })
}
