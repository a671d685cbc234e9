import type { MikroORM } from '@mikro-orm/postgresql'
import type pg from 'pg'
import { addCustomer } from '../../db/customers/people.ts'
import { PayrollDeductions } from '../../db/leasing/statements.ts'
import { Devices } from '../../db/leasing/stock.ts'
import { openDatabase } from '../../db/orm.ts'
import { JournalEntries, Postings } from '../../db/plans/ledger.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import { exampleLease } from '../../domain/leasing/example-lease.ts'
import { delivered } from '../../domain/leasing/order.ts'
import { attemptStarted, openAttempt } from '../../domain/plans/collect.ts'
import { exampleTerms } from '../../domain/plans/example-plan.ts'
import { findInstallment } from '../../domain/plans/figures.ts'
import { makePlan } from '../../domain/plans/make.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import { NoAnswer, type PaymentGateway } from '../../gateways/payments.ts'
import { stripeGateway } from '../../gateways/stripe/gateway.ts'
import { startStripeSandbox } from '../../sandbox/stripe/index.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { loadPlan } from '../../test/support/read-back.ts'
import { freshDatabase } from '../../test/support/servers.ts'
import type { ChargeAsked } from './charge-installment.ts'
import { createPlanActivities } from './index.ts'

/** A try whose worker is given up for dead may go on beside the next one: two of the same, interleaved on purpose. */

let orm: MikroORM
let ofWorker: MikroORM
let gateway: PaymentGateway
let close: () => Promise<void>
beforeAll(async () => {
  const database = await freshDatabase()
  orm = await openDatabase(database.url, { keys: TEST_KEYS })
  ofWorker = await openDatabase(database.urls.worker, { role: 'worker', keys: TEST_KEYS })
  const sandbox = await startStripeSandbox({ port: 0, webhookSecret: 'whsec_test' })
  gateway = stripeGateway({ secretKey: 'sk_test_x', apiUrl: sandbox.url, returnUrl: 'http://localhost/back' })
  close = async () => {
    await orm.close()
    await ofWorker.close()
    await sandbox.close()
    await database.drop()
  }
}, 60_000)
afterAll(() => close())

const NOW = '2027-01-15T09:00:00Z'
const activitiesWith = (changed: Partial<PaymentGateway>) =>
  createPlanActivities({ orm: ofWorker, gateway: { ...gateway, ...changed }, now: () => NOW })

let count = 0
async function recordedPlan(): Promise<Plan> {
  count += 1
  const id = `twice-${count}`
  const person = { name: 'Amara Okafor', email: 'amara@example.com' }
  const { id: gatewayCustomerId } = await gateway.saveCustomer(
    { gatewayId: null, reference: id, phone: null, ...person },
    id,
  )
  const rest = { phone: null, locale: null, defaultPaymentMethod: null, createdAt: NOW, updatedAt: NOW }
  await addCustomer(orm.em.fork(), { tenantId: 'acme', id, ...person, gatewayCustomerId, ...rest })
  const { plan, effects } = makePlan({
    id: `pt_${id}`,
    tenant: 'acme',
    kind: 'financing',
    customer: id,
    terms: exampleTerms({ reminderDays: 0 }),
    total: 120_000,
    paymentMethod: { id: 'pm_card_visa', type: 'card' },
    clock: null,
    now: NOW,
  })
  const opening = { request: {}, requestId: null, by: 'test' }
  await activitiesWith({}).recordOpening({ plan, opening, effects, workflowId: `w-${id}`, runId: 'r' })
  return plan
}

async function recordedLease(): Promise<Plan> {
  const person = { name: 'Amara Okafor', email: 'amara@example.com', phone: null, locale: null }
  const bare = { gatewayCustomerId: null, defaultPaymentMethod: null, createdAt: NOW, updatedAt: NOW }
  await addCustomer(orm.em.fork(), { tenantId: 'acme', id: 'emp_1', ...person, ...bare })
  const unit = { id: 'dev_1', tenantId: 'acme', imei: '490154203237518', modelCode: 'phone', createdAt: NOW }
  const held = { status: 'reserved' as const, leaseId: 'ls_leased', heldUntil: NOW, updatedAt: NOW }
  await orm.em.fork().insert(Devices, { ...unit, ...held })
  const made = exampleLease({ orderedAt: NOW })
  const ordered = { ...made.plan, id: 'ls_leased', tenant: 'acme' }
  const effects = made.effects.map((e) => (e.write === 'unit' ? { ...e, lease: ordered.id } : e))
  const opening = { request: {}, requestId: null, by: 'test' }
  const { plan } = delivered(ordered, NOW)
  await activitiesWith({}).recordOpening({ plan, opening, effects, workflowId: 'w-leased', runId: 'r' })
  return plan
}

async function firstCharge(): Promise<{ plan: Plan; asked: ChargeAsked }> {
  const plan = attemptStarted(await recordedPlan(), 1, 'due', NOW)
  const attempt = openAttempt(plan, 1)
  if (!attempt) throw new Error('not begun')
  const installment = findInstallment(plan, 1)
  const of = { tenant: plan.tenant, plan: plan.id }
  return { plan, asked: { ...of, attempt, installment, description: 'x', why: {}, clock: NOW } }
}

/** The second try runs whole while the first waits for its answer. */
async function interleaved(
  asked: ChargeAsked,
  end: (answer: Awaited<ReturnType<PaymentGateway['confirm']>>) => never | typeof answer,
) {
  const second = activitiesWith({})
  const first = activitiesWith({
    async confirm(id, key) {
      const answer = await gateway.confirm(id, key)
      await second.chargeInstallment(asked)
      return end(answer)
    },
  })
  return first.chargeInstallment(asked)
}

async function expectPaidOnce({ id }: Plan): Promise<void> {
  const em = orm.em.fork()
  const [transaction, ...more] = await em.find(Transactions, { planId: id })
  expect([transaction?.status, transaction?.outcome, more.length]).toEqual(['succeeded', 'succeeded', 0])
  expect(await em.count(JournalEntries, { planId: id })).toBe(2)
  expect((await loadPlan(em, 'acme', id))?.installments[0]).toMatchObject({ status: 'paid', paid: 10_000, open: null })
}

it('a charge that another try has settled stays so when the first one gets no answer after all', async () => {
  const { plan, asked } = await firstCharge()
  const noAnswer = () => {
    throw new NoAnswer('the connection was cut')
  }
  await expect(interleaved(asked, noAnswer)).rejects.toThrow(NoAnswer)
  await expectPaidOnce(plan)
})

it('an older answer does not take the place of the end', async () => {
  const { plan, asked } = await firstCharge()
  const settled = await interleaved(asked, () => ({ result: 'processing' }))
  expect(settled).toMatchObject({ outcome: { result: 'succeeded' } })
  await expectPaidOnce(plan)
})

it('a refund that another try has given back stays so', async () => {
  const { plan, asked } = await firstCharge()
  await activitiesWith({}).chargeInstallment(asked)
  const refund = { number: 1, amount: 4_000, cause: 'adjustment' as const, round: 1, state: 'wanted' as const }
  const open = { ...refund, stuck: [], of: null, escalation: null, pollAt: null }
  const wanted = { tenant: 'acme', plan: plan.id, refund: open, clock: NOW }
  const second = activitiesWith({})
  const first = activitiesWith({
    async refund(request) {
      await gateway.refund(request)
      await second.giveBack(wanted)
      throw new NoAnswer('the connection was cut')
    },
  })
  await expect(first.giveBack(wanted)).rejects.toThrow(NoAnswer)
  const third = activitiesWith({})
  expect(await third.giveBack(wanted)).toMatchObject({ underWay: 0, stuck: [] })
  const refunds = await orm.em.fork().find(Transactions, { planId: plan.id, type: 'refund' })
  expect(refunds.map(({ status, amount }) => [status, amount])).toEqual([['succeeded', 4_000]])
})

it('what comes off pay is one line, and one credit, however often it is asked for', async () => {
  const plan = attemptStarted(await recordedLease(), 1, 'due', NOW)
  const attempt = openAttempt(plan, 1)
  if (!attempt) throw new Error('not begun')
  const of = { tenant: plan.tenant, plan: plan.id }
  const asked = { ...of, attempt, installment: findInstallment(plan, 1), description: 'x', why: {}, clock: NOW }
  const [one, other] = [activitiesWith({}), activitiesWith({})]
  const settled = await Promise.all([one.chargeInstallment(asked), other.chargeInstallment(asked)])
  expect(settled[0]).toEqual(settled[1])
  const refund = { number: 1, amount: 4_000, cause: 'adjustment' as const, round: 1, state: 'wanted' as const }
  const open = { ...refund, stuck: [], of: null, escalation: null, pollAt: null }
  const wanted = { tenant: 'acme', plan: plan.id, refund: open, clock: NOW }
  await one.giveBack(wanted)
  expect(await other.giveBack(wanted)).toMatchObject({ underWay: 0, stuck: [] })
  const em = orm.em.fork()
  const lines = await em.find(PayrollDeductions, { planId: plan.id }, { orderBy: { amount: 'desc' } })
  expect(lines.map(({ id, amount, date }) => [id, amount, date])).toEqual([
    [attempt.transaction, 10_000, '2027-01-15'],
    ['txn_leased_r1_1', -4_000, '2027-01-15'],
  ])
  expect(await em.find(Transactions, { planId: plan.id })).toMatchObject([
    { gateway: 'payroll', gatewayId: null, status: 'succeeded', refundedAmount: 4_000 },
    { gateway: 'payroll', gatewayId: null, status: 'succeeded' },
  ])
  const entries = await em.find(JournalEntries, { planId: plan.id })
  const postings = await em.find(Postings, { entryId: { $in: entries.map(({ id }) => id) }, account: 'payroll' })
  expect([entries.length, postings.reduce((sum, { amount }) => sum + amount, 0)]).toEqual([3, 6_000])
})

it('a first attempt says once how late it is, unless it is a test clock that says what time it is', async () => {
  const late: number[] = []
  const onDue = (seconds: number) => void late.push(seconds)
  const activities = createPlanActivities({ orm: ofWorker, gateway, now: () => '2027-01-15T09:00:05Z', onDue })
  const [real, played] = [await firstCharge(), await firstCharge()]
  await activities.chargeInstallment(played.asked)
  await activities.chargeInstallment({ ...real.asked, clock: null })
  await activities.chargeInstallment({ ...real.asked, clock: null })
  expect(late).toEqual([5])
})

/** Each is a message sent and its answer awaited; the setting of the tenant travels with others. */
it('a charge takes 11 round trips to the database', async () => {
  const { asked } = await firstCharge()
  const pool = await ofWorker.em.getConnection().getNativeClient()
  let answers = 0
  const heard = new WeakSet<object>()
  const listen = (client: pg.PoolClient) => {
    if (heard.has(client)) return
    heard.add(client)
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
    connection.on('readyForQuery', () => {
      answers += 1
    })
  }
  pool.on('acquire', listen)
  await activitiesWith({}).chargeInstallment(asked)
  pool.off('acquire', listen)
  expect(answers).toBe(11)
})
