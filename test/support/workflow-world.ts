import type { MikroORM } from '@mikro-orm/postgresql'
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client'
import { addCustomer } from '../../db/customers/people.ts'
import { Devices } from '../../db/leasing/stock.ts'
import { openDatabase } from '../../db/orm.ts'
import { TestClocks } from '../../db/plans/test-clocks.ts'
import { makeLease, type NewLease } from '../../domain/leasing/make.ts'
import type { Decision } from '../../domain/plans/effects.ts'
import { exampleTerms } from '../../domain/plans/example-plan.ts'
import { makePlan } from '../../domain/plans/make.ts'
import { PAYROLL, type Plan } from '../../domain/plans/plan.ts'
import type { Terms } from '../../domain/plans/terms.ts'
import { stripeGateway } from '../../gateways/stripe/gateway.ts'
import { startStripeSandbox } from '../../sandbox/stripe/index.ts'
import { encrypting } from '../../secrets/data-converter.ts'
import { createPlanWorker } from '../../workers/plan-worker.ts'
import * as clocks from '../../workflows/clocks/messages.ts'
import * as messages from '../../workflows/plans/messages.ts'
import { TEST_KEYS } from './keys.ts'
import { freshDatabase, freshTaskQueue, temporalAddress } from './servers.ts'

/** Plans' workflows with a worker, a database and a gateway of their own, without the API: for tests of the workflows. */
export type WorkflowWorld = {
  orm: MikroORM
  client: Client
  stripe: string
  taskQueue: string
  customer(outcomes?: string[]): Promise<string>
  startClock(now: string): Promise<string>
  advanceTo(clock: string, to: string): Promise<void>
  /** A lease by payroll of a unit that is put aside for it; of an employee who has no payment method. */
  startLease(clock: string, now: string, asked?: Partial<NewLease>): Promise<Plan>
  /** A unit of the model, put aside for a lease. */
  holdUnit(lease: string): Promise<string>
  startPlan(customer: string, clock: string, now: string, terms?: Partial<Terms>): Promise<Plan>
  /** Resolves when the worker has ended what it was at. */
  stopWorker(): Promise<void>
  /** By another way to Temporal, if one is given. */
  startWorker(address?: string): Promise<void>
  close(): Promise<void>
}

export async function startWorkflowWorld(): Promise<WorkflowWorld> {
  const database = await freshDatabase()
  const orm = await openDatabase(database.url, { keys: TEST_KEYS })
  const sandbox = await startStripeSandbox({ port: 0, webhookSecret: 'whsec_test' })
  const gateway = stripeGateway({ secretKey: 'sk_test_x', apiUrl: sandbox.url, returnUrl: 'http://localhost/back' })
  const taskQueue = freshTaskQueue()
  const connection = await Connection.connect({ address: temporalAddress() })
  const client = new Client({ connection, dataConverter: encrypting(TEST_KEYS) })
  let stopWorker = async () => {}
  let customers = 0
  let units = 0
  const start = async ({ plan, effects }: Decision): Promise<Plan> => {
    const args: [messages.PlanStart] = [{ plan, opening: { request: {}, requestId: null, by: 'test', effects } }]
    const startWorkflowOperation = new WithStartWorkflowOperation(messages.PLAN_WORKFLOWS[plan.kind], {
      workflowId: messages.planWorkflowId(plan),
      taskQueue,
      args,
      workflowIdConflictPolicy: 'USE_EXISTING',
    })
    await client.workflow.executeUpdateWithStart(messages.recorded, { startWorkflowOperation })
    return plan
  }
  const world: WorkflowWorld = {
    orm,
    client,
    stripe: sandbox.url,
    taskQueue,
    async startWorker(address = temporalAddress()) {
      const { worker, connection: native } = await createPlanWorker({
        orm,
        gateway,
        keys: TEST_KEYS,
        address,
        namespace: 'default',
        taskQueue,
      })
      const running = worker.run()
      stopWorker = async () => {
        worker.shutdown()
        await running
        await native.close()
      }
    },
    stopWorker: () => stopWorker(),
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
    async startClock(now) {
      const id = `clk_${Math.random().toString(36).slice(2)}`
      const at = new Date().toISOString()
      await orm.em
        .fork()
        .insert(TestClocks, { id, tenantId: 'acme', status: 'ready', now, createdAt: at, updatedAt: at })
      const start: clocks.ClockStart = { id, tenant: 'acme', now, plans: [], tick: 0, to: null }
      const workflowId = clocks.clockWorkflowId(id)
      await client.workflow.start(clocks.CLOCK_WORKFLOW, { workflowId, taskQueue, args: [start] })
      return id
    },
    async advanceTo(clock, to) {
      await client.workflow.getHandle(clocks.clockWorkflowId(clock)).executeUpdate(clocks.advance, { args: [{ to }] })
      for (;;) {
        const row = await orm.em.fork().findOneOrFail(TestClocks, { id: clock })
        if (row.status === 'ready' && row.now === to) return
        await new Promise((done) => setTimeout(done, 50))
      }
    },
    async startPlan(customer, clock, now, terms = {}) {
      const { plan, effects } = makePlan({
        id: `pt_${Math.random().toString(36).slice(2)}`,
        tenant: 'acme',
        kind: 'financing',
        customer,
        terms: exampleTerms({ timezone: 'America/New_York', ...terms }),
        total: 120_000,
        paymentMethod: { id: 'pm_card_visa', type: 'card' },
        clock: { id: clock, now },
        now,
      })
      return start({ plan, effects })
    },
    async holdUnit(lease) {
      units += 1
      const id = `dev_${units}`
      const at = new Date().toISOString()
      const imei = `35${String(units).padStart(13, '0')}`
      const heldUntil = new Date(Date.now() + 3_600_000).toISOString()
      const unit = { id, tenantId: 'acme', imei, modelCode: 'phone', createdAt: at, updatedAt: at }
      await orm.em.fork().insert(Devices, { ...unit, status: 'reserved', leaseId: lease, heldUntil })
      return id
    },
    async startLease(clock, now, asked = {}) {
      const id = `ls_${Math.random().toString(36).slice(2)}`
      const employee = `emp_${id}`
      const person = { tenantId: 'acme', id: employee, name: 'Amara Okafor', email: 'amara@example.com', phone: null }
      const nothing = { locale: null, gatewayCustomerId: null, defaultPaymentMethod: null }
      await addCustomer(orm.em.fork(), { ...person, ...nothing, createdAt: now, updatedAt: now })
      const made = makeLease({
        id,
        tenant: 'acme',
        customer: employee,
        client: 'cli_1',
        payer: 'payroll',
        device: { code: 'phone', name: 'Phone', price: 135_000, subsidy: 0, residual: 15_000 },
        unit: await world.holdUnit(id),
        waiver: 0,
        extensionPercent: 50,
        dispatchDays: 5,
        terms: exampleTerms({ startDate: now.slice(0, 10), cancellation: { type: 'none' }, reminderDays: 0 }),
        total: 120_000,
        paymentMethod: PAYROLL,
        clock: { id: clock, now },
        now,
        ...asked,
      })
      return start(made)
    },
    async close() {
      await stopWorker()
      await connection.close()
      await orm.close()
      await sandbox.close()
      await database.drop()
    },
  }
  await world.startWorker()
  return world
}
