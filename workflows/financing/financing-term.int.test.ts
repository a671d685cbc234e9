import type { MikroORM } from '@mikro-orm/postgresql'
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client'
import { addCustomer } from '../../db/customers/people.ts'
import { openDatabase } from '../../db/orm.ts'
import { JournalEntries } from '../../db/plans/ledger.ts'
import { findPlan } from '../../db/plans/read.ts'
import { TestClocks } from '../../db/plans/test-clocks.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import { exampleTerms } from '../../domain/plans/example-plan.ts'
import { makePlan } from '../../domain/plans/make.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import { stripeGateway } from '../../gateways/stripe/gateway.ts'
import { startStripeSandbox } from '../../sandbox/stripe/index.ts'
import { encrypting } from '../../secrets/data-converter.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { installmentsOf, loadPlan } from '../../test/support/read-back.ts'
import { freshDatabase, freshTaskQueue, temporalAddress } from '../../test/support/servers.ts'
import { createPlanWorker } from '../../workers/plan-worker.ts'
import * as clocks from '../clocks/messages.ts'
import * as messages from '../plans/messages.ts'

type World = {
  orm: MikroORM
  client: Client
  taskQueue: string
  stripe: string
  customer(outcomes?: string[]): Promise<string>
  close(): Promise<void>
}

let world: World
beforeAll(async () => {
  world = await startWorld()
}, 120_000)
afterAll(async () => world?.close())

async function startWorld(): Promise<World> {
  const database = await freshDatabase()
  const orm = await openDatabase(database.url, { keys: TEST_KEYS })
  const sandbox = await startStripeSandbox({ port: 0, webhookSecret: 'whsec_test' })
  const gateway = stripeGateway({ secretKey: 'sk_test_x', apiUrl: sandbox.url, returnUrl: 'http://localhost/back' })
  const taskQueue = freshTaskQueue()
  const { worker, connection: native } = await createPlanWorker({
    orm,
    gateway,
    keys: TEST_KEYS,
    address: temporalAddress(),
    namespace: 'default',
    taskQueue,
  })
  const running = worker.run()
  const connection = await Connection.connect({ address: temporalAddress() })
  let customers = 0
  return {
    orm,
    client: new Client({ connection, dataConverter: encrypting(TEST_KEYS) }),
    taskQueue,
    stripe: sandbox.url,
    async customer(outcomes = []) {
      customers += 1
      const id = `holder-${customers}`
      const made = await gateway.saveCustomer(
        { gatewayId: null, reference: id, name: 'Amara Okafor', email: 'amara@example.com', phone: null },
        id,
      )
      const at = new Date().toISOString()
      await addCustomer(orm.em.fork(), {
        tenantId: 'acme',
        id,
        name: 'Amara Okafor',
        email: 'amara@example.com',
        phone: null,
        locale: null,
        gatewayCustomerId: made.id,
        defaultPaymentMethod: null,
        createdAt: at,
        updatedAt: at,
      })
      if (outcomes.length > 0) {
        await fetch(`${sandbox.url}/_sandbox/outcomes`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ customer_id: made.id, outcomes }),
        })
      }
      return id
    },
    async close() {
      worker.shutdown()
      await running
      await native.close()
      await connection.close()
      await orm.close()
      await sandbox.close()
      await database.drop()
    },
  }
}

async function startClock(now: string): Promise<string> {
  const id = `clk_${Math.random().toString(36).slice(2)}`
  const at = new Date().toISOString()
  await world.orm.em
    .fork()
    .insert(TestClocks, { id, tenantId: 'acme', status: 'ready', now, createdAt: at, updatedAt: at })
  const start: clocks.ClockStart = { id, tenant: 'acme', now, plans: [], tick: 0, to: null }
  await world.client.workflow.start(clocks.CLOCK_WORKFLOW, {
    workflowId: clocks.clockWorkflowId(id),
    taskQueue: world.taskQueue,
    args: [start],
  })
  return id
}

async function advanceTo(clock: string, to: string): Promise<void> {
  await world.client.workflow.getHandle(clocks.clockWorkflowId(clock)).executeUpdate(clocks.advance, { args: [{ to }] })
  for (;;) {
    const row = await world.orm.em.fork().findOneOrFail(TestClocks, { id: clock })
    if (row.status === 'ready' && row.now === to) return
    await new Promise((done) => setTimeout(done, 50))
  }
}

async function startPlan(customer: string, clock: string, now: string): Promise<Plan> {
  const { plan, effects } = makePlan({
    id: `pt_${Math.random().toString(36).slice(2)}`,
    tenant: 'acme',
    kind: 'financing',
    customer,
    terms: exampleTerms({ timezone: 'America/New_York' }),
    total: 120_000,
    paymentMethod: { id: 'pm_card_visa', type: 'card' },
    clock: { id: clock, now },
    now,
  })
  const start: messages.PlanStart = { plan, opening: { request: {}, requestId: null, by: 'test', effects } }
  const startWorkflowOperation = new WithStartWorkflowOperation(messages.PLAN_WORKFLOWS.financing, {
    workflowId: messages.planWorkflowId(plan),
    taskQueue: world.taskQueue,
    args: [start],
    workflowIdConflictPolicy: 'USE_EXISTING',
  })
  await world.client.workflow.executeUpdateWithStart(messages.recorded, { startWorkflowOperation })
  return plan
}

const NOW = '2027-01-14T12:00:00Z'

describe('a financing term', () => {
  it('charges every instalment of a year and completes', async () => {
    const clock = await startClock(NOW)
    const plan = await startPlan(await world.customer(), clock, NOW)
    await advanceTo(clock, '2028-01-16T00:00:00Z')
    const row = await findPlan(world.orm.em.fork(), 'acme', plan.id)
    expect(row).toMatchObject({ status: 'completed', paidAmount: 120_000, outstandingAmount: 0, nextBillingAt: null })
    const rows = await installmentsOf(world.orm.em.fork(), 'acme', plan.id)
    expect(rows.map((i) => i.status)).toEqual(Array(12).fill('paid'))
    await expect(world.client.workflow.getHandle(messages.planWorkflowId(plan)).result()).resolves.toBeUndefined()
  }, 120_000)

  it('retries on the next day and escalates what is declined again; a broker has it tried once more', async () => {
    const clock = await startClock(NOW)
    const plan = await startPlan(await world.customer(['insufficient_funds', 'insufficient_funds']), clock, NOW)
    await advanceTo(clock, '2027-01-20T00:00:00Z')
    const em = world.orm.em.fork()
    expect(await findPlan(em, 'acme', plan.id)).toMatchObject({ status: 'past_due', escalated: true })
    const handle = world.client.workflow.getHandle(messages.planWorkflowId(plan))
    const escalation = (await loadPlan(em, 'acme', plan.id))?.installments[0]?.escalation ?? ''
    await handle.executeUpdate(messages.resolve, {
      args: [{ id: 'c1', escalation, action: 'retry', note: 'card was topped up' }],
    })
    await advanceTo(clock, '2027-01-21T00:00:00Z')
    expect(await findPlan(world.orm.em.fork(), 'acme', plan.id)).toMatchObject({
      status: 'active',
      escalated: false,
      paidAmount: 10_000,
    })
    const made = await world.orm.em.fork().find(Transactions, { planId: plan.id }, { orderBy: { attempt: 'asc' } })
    expect(made.map((t) => [t.attempt, t.status, t.createdAt])).toEqual([
      [1, 'failed', '2027-01-15T14:00:00Z'],
      [2, 'failed', '2027-01-16T14:00:00Z'],
      [3, 'succeeded', '2027-01-20T00:00:00Z'],
    ])
  }, 120_000)

  it('adjusts, and gives back on cancellation what the terms say', async () => {
    const clock = await startClock(NOW)
    const plan = await startPlan(await world.customer(), clock, NOW)
    await advanceTo(clock, '2027-03-20T00:00:00Z')
    const handle = world.client.workflow.getHandle(messages.planWorkflowId(plan))
    const answer = await handle.executeUpdate(messages.adjust, { args: [{ id: 'a1', totalAmount: 150_000 }] })
    expect(answer).toMatchObject({
      changed: true,
      previousTotal: 120_000,
      total: 150_000,
      refunded: 0,
      charged: 0,
      provisional: false,
    })
    const rows = await installmentsOf(world.orm.em.fork(), 'acme', plan.id)
    expect(rows.map((i) => i.amount)).toEqual([10_000, 10_000, 10_000, ...Array(8).fill(13_333), 13_336])
    await handle.executeUpdate(messages.cancel, { args: [{ id: 'c1' }] })
    await advanceTo(clock, '2027-03-21T00:00:00Z')
    const row = await findPlan(world.orm.em.fork(), 'acme', plan.id)
    const earned = Math.round((150_000 * 63) / 365)
    expect(row).toMatchObject({ status: 'canceled', refundedAmount: 30_000 - earned })
    expect(await world.orm.em.fork().count(JournalEntries, { planId: plan.id })).toBeGreaterThan(5)
    await expect(handle.result()).resolves.toBeUndefined()
  }, 120_000)
})
