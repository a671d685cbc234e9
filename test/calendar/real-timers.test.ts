import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import { Client } from '@temporalio/client'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { addCustomer } from '../../db/customers/people.ts'
import { openDatabase } from '../../db/orm.ts'
import { findPlan } from '../../db/plans/read.ts'
import { civilOf, instantOf } from '../../domain/calendar.ts'
import { makePlan } from '../../domain/plans/make.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import { DEFAULT_RETRY_POLICY } from '../../domain/plans/retry.ts'
import { endDate } from '../../domain/plans/schedule.ts'
import { stripeGateway } from '../../gateways/stripe/gateway.ts'
import { startStripeSandbox } from '../../sandbox/stripe/index.ts'
import { encrypting } from '../../secrets/data-converter.ts'
import { createPlanWorker } from '../../workers/plan-worker.ts'
import * as messages from '../../workflows/plans/messages.ts'
import { TEST_KEYS } from '../support/keys.ts'
import { installmentsOf } from '../support/read-back.ts'
import { freshDatabase, freshTaskQueue } from '../support/servers.ts'
import { canSkipTime, startTimeSkippingServer, type TimeSkippingServer } from './time-skipping-server.ts'

const DAY_MS = 86_400_000
const TENANT = 'acme'
const HOLDER = 'holder'
const ZONE = 'America/New_York'
/** There is a leap day in any four years. */
const FOUR_YEARS = 48

const possible = await canSkipTime()
if (!possible) process.stderr.write('Not run: real timers over years need Java and Maven, which are not here.\n')
const whereTimeSkips = possible ? describe : describe.skip

let server: TimeSkippingServer
let orm: MikroORM
let client: Client
const taskQueue = possible ? freshTaskQueue() : ''
const closing: (() => Promise<unknown>)[] = []

async function startWorld(): Promise<void> {
  server = await startTimeSkippingServer()
  closing.push(() => server.stop())
  const database = await freshDatabase()
  closing.push(() => database.drop())
  orm = await openDatabase(database.url, { keys: TEST_KEYS })
  closing.push(() => orm.close())
  const sandbox = await startStripeSandbox({ port: 0, webhookSecret: 'whsec_test' })
  closing.push(() => sandbox.close())
  const gateway = stripeGateway({ secretKey: 'sk_test_x', apiUrl: sandbox.url, returnUrl: 'http://localhost/back' })
  const { address } = server
  const { worker, connection } = await createPlanWorker({
    orm,
    gateway,
    keys: TEST_KEYS,
    address,
    namespace: 'default',
    taskQueue,
  })
  const running = worker.run()
  closing.push(async () => {
    worker.shutdown()
    await running
    await connection.close()
  })
  client = new Client({ connection: server.connection, dataConverter: encrypting(TEST_KEYS) })
  const person = { name: 'Amara Okafor', email: 'amara@example.com' }
  const made = await gateway.saveCustomer({ ...person, gatewayId: null, reference: HOLDER, phone: null }, HOLDER)
  const at = new Date().toISOString()
  await addCustomer(orm.em.fork(), {
    ...person,
    tenantId: TENANT,
    id: HOLDER,
    phone: null,
    locale: null,
    gatewayCustomerId: made.id,
    defaultPaymentMethod: null,
    createdAt: at,
    updatedAt: at,
  })
}

/** Starts a term without a test clock, billed on the last day of each month, from tomorrow on. */
async function startPlan(months: number): Promise<Plan> {
  const now = await server.now()
  const startDate = civilOf(instantOf(now + DAY_MS), ZONE)
  const { plan, effects } = makePlan({
    id: `pt_${Math.random().toString(36).slice(2)}`,
    tenant: TENANT,
    kind: 'financing',
    customer: HOLDER,
    terms: {
      currency: 'USD',
      timezone: ZONE,
      billingTime: '09:00',
      cadence: { every: 'month', day: 31 },
      startDate,
      endDate: endDate(startDate, months),
      termMonths: months,
      count: months,
      discount: 0,
      cancellation: { type: 'pro_rata' },
      adjustmentPolicy: 'spread',
      retryPolicy: DEFAULT_RETRY_POLICY,
      reminderDays: 0,
    },
    total: months * 1_000,
    paymentMethod: { id: 'pm_card_visa', type: 'card' },
    clock: null,
    now: instantOf(now),
  })
  const start: messages.PlanStart = { plan, opening: { request: {}, requestId: null, by: 'test', effects } }
  await client.workflow.start(messages.PLAN_WORKFLOWS.financing, {
    workflowId: messages.planWorkflowId(plan),
    taskQueue,
    args: [start],
  })
  await until(async () => (await findPlan(orm.em.fork(), TENANT, plan.id)) != null)
  return plan
}

const rows = (plan: Plan) => installmentsOf(orm.em.fork(), TENANT, plan.id)
const statuses = async (plan: Plan) => (await rows(plan)).map((row) => row.status)
const inMonths = (plan: Plan, paid: number) =>
  plan.installments.map((_, k) => (k < paid ? ('paid' as const) : ('scheduled' as const)))

async function until(is: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 45_000; !(await is()); await sleep(20)) {
    if (Date.now() > end) throw new Error('waited in vain')
  }
}

whereTimeSkips('on real timers', () => {
  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('WARN') })
    await startWorld()
  }, 180_000)
  afterAll(async () => {
    for (const close of closing.reverse()) await close()
  }, 60_000)

  it('four years are billed on the last day of each month, none of it a second before its moment', async () => {
    const plan = await startPlan(FOUR_YEARS)
    const schedule = await rows(plan)
    expect(schedule.filter((row) => row.dueDate.endsWith('-02-29'))).toHaveLength(1)
    for (const [k, row] of schedule.entries()) {
      const due = Date.parse(row.dueAt)
      await server.skipTo(due - 1_000)
      expect(await statuses(plan)).toEqual(inMonths(plan, k))
      await server.skipTo(due + 1_000)
      await until(async () => (await statuses(plan))[k] === 'paid')
    }
    const over = { status: 'completed', paidAmount: FOUR_YEARS * 1_000, outstandingAmount: 0, nextBillingAt: null }
    await server.skipTo((await server.now()) + 45 * DAY_MS)
    await until(async () => (await findPlan(orm.em.fork(), TENANT, plan.id))?.status === 'completed')
    expect(await findPlan(orm.em.fork(), TENANT, plan.id)).toMatchObject(over)
  }, 180_000)
})
