import { randomBytes } from 'node:crypto'
import type { MikroORM } from '@mikro-orm/postgresql'
import type { Client } from '@temporalio/client'
import { describePlan, searchAttributesOf } from '../api/plans/start-words.ts'
import { addCustomer } from '../db/customers/people.ts'
import { recordNewPlan } from '../db/plans/write.ts'
import { addMonthsClamped, instantOf } from '../domain/calendar.ts'
import type { Effect } from '../domain/plans/effects.ts'
import { makePlan } from '../domain/plans/make.ts'
import type { PaymentMethod, Plan } from '../domain/plans/plan.ts'
import { endDate } from '../domain/plans/schedule.ts'
import { stripeGateway } from '../gateways/stripe/gateway.ts'
import { PLAN_WORKFLOWS, planWorkflowId } from '../workflows/plans/messages.ts'
import type { Servers } from './servers.ts'
import { type Pace, paceQueue } from './workflows/pace.ts'

export const TENANT = 'bench'
const MONTH_MS = (365.25 * 86_400_000) / 12
const START = '2027-01-01'
/** Plans begin at the first moment of their start date. */
const PLAN_START = Date.parse(`${START}T00:00:00Z`)

export type Customer = { id: string; method: PaymentMethod }
export type Made = { plan: Plan; effects: Effect[] }

/** A pace at which a month lasts `monthMs`, and plans begin `leadMs` from now, when all of them have been started. */
export function paceFor(name: string, monthMs: number, leadMs: number): { pace: Pace; taskQueue: string } {
  const pace = { realStart: Date.now() + leadMs, planStart: PLAN_START, speed: Math.round(MONTH_MS / monthMs) }
  return { pace, taskQueue: paceQueue(`${name}-${randomBytes(3).toString('hex')}`, pace) }
}

/** Customers with a card, at the stand-in for Stripe and in the database. */
export async function makeCustomers(servers: Servers, orm: MikroORM, count: number): Promise<Customer[]> {
  const gateway = stripeGateway({
    secretKey: 'sk_test_bench',
    apiUrl: servers.stripeUrl,
    returnUrl: 'http://localhost',
  })
  const customers: Customer[] = []
  for (let k = 0; k < count; k++) {
    const id = `bench-${randomBytes(4).toString('hex')}`
    const who = { reference: id, name: 'Bench', email: 'bench@example.com', phone: null }
    const saved = await gateway.saveCustomer({ gatewayId: null, ...who }, `customer:${id}`)
    const method = await gateway.attachMethod('pm_card_visa', saved.id)
    const now = instantOf(Date.now())
    await addCustomer(orm.em.fork(), {
      ...{ tenantId: TENANT, id, name: who.name, email: who.email, phone: null, locale: null },
      ...{ gatewayCustomerId: saved.id, defaultPaymentMethod: method, createdAt: now, updatedAt: now },
    })
    customers.push({ id, method: { id: method.id, type: method.type } })
  }
  return customers
}

export type PlanWish = {
  customer: Customer
  months: number
  billingDay: number
  paid?: number
  reminderDays?: number
  startAfter?: number
}

/**
 * A financing term as the API makes it, with its first instalments paid already when `paid` says so. `startAfter` is
 * when it starts, in months from when plans begin.
 */
export function newPlan({ customer, months, billingDay, paid = 0, reminderDays = 0, startAfter = 0 }: PlanWish): Made {
  const startDate = addMonthsClamped(START, startAfter)
  const { plan, effects } = makePlan({
    id: `pt_${randomBytes(10).toString('hex')}`,
    tenant: TENANT,
    kind: 'financing',
    customer: customer.id,
    terms: {
      ...{ currency: 'USD', timezone: 'America/New_York', billingTime: '09:00' },
      cadence: { every: 'month', day: billingDay },
      ...{ startDate, endDate: endDate(startDate, months), termMonths: months, count: months, discount: 0 },
      cancellation: { type: 'pro_rata' },
      adjustmentPolicy: 'spread',
      retryPolicy: { retries: 1, everyDays: [1] },
      reminderDays,
    },
    total: months * 10_000,
    paymentMethod: customer.method,
    clock: null,
    now: instantOf(Date.parse(`${startDate}T06:00:00Z`)),
  })
  const installments = plan.installments.map((i) =>
    i.number <= paid ? { ...i, status: 'paid' as const, paid: i.amount, attempts: 1, reminded: true } : i,
  )
  return { plan: { ...plan, installments }, effects }
}

/** Starts a plan as the API does; with `carried`, as one that an earlier run has carried on and the database knows. */
export async function startPlan(client: Client, orm: MikroORM, taskQueue: string, made: Made, carried = false) {
  const { plan, effects } = made
  if (carried) await record(orm, made)
  const opening = carried ? null : { request: {}, requestId: null, by: 'bench', effects }
  await client.workflow.start(PLAN_WORKFLOWS[plan.kind], {
    workflowId: planWorkflowId(plan),
    taskQueue,
    args: [{ plan, opening }],
    typedSearchAttributes: searchAttributesOf(plan),
    ...describePlan(plan),
  })
  return planWorkflowId(plan)
}

export async function record(orm: MikroORM, { plan, effects }: Made): Promise<void> {
  await recordNewPlan(orm.em.fork(), plan, { request: {}, workflowId: planWorkflowId(plan), runId: null, effects })
}

/** Runs `work` for every item, a few at a time. */
export async function each<T>(items: readonly T[], atOnce: number, work: (item: T, index: number) => Promise<unknown>) {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(atOnce, items.length) }, async () => {
      for (let k = next++; k < items.length; k = next++) await work(items[k] as T, k)
    }),
  )
}
