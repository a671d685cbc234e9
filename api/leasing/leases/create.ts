import { holdForEmployee, type Refusal } from '../../../db/leasing/orders.ts'
import { releaseHold } from '../../../db/leasing/units.ts'
import { Plans } from '../../../db/plans/plans.ts'
import { neverHadUnit } from '../../../domain/leasing/order.ts'
import { monthlyOf } from '../../../domain/leasing/pricing.ts'
import { PAYROLL, type PaymentMethod, type Plan } from '../../../domain/plans/plan.ts'
import { problemOf } from '../../http/errors.ts'
import { conflict, type Problem } from '../../http/problem.ts'
import type { Asking, Creation } from '../../plans/kind.ts'
import { showQuote } from '../../plans/present.ts'
import { ANY_METHOD, methodOf, startPlan } from '../../plans/start.ts'
import { beginStatements } from '../statements/start.ts'
import type { OrderBody } from './bodies.ts'
import { decideOrder, type Order, readOrder } from './order.ts'

/** The schedule and the price that an order would have; no unit is looked for. Throws RuleBroken and problems. */
export async function quoteLease(asking: Asking, body: OrderBody) {
  const order = await readOrder(asking, body)
  const { plan } = decideOrder(asking, order, { id: 'ls_', unit: '', paymentMethod: anyMethod(body) })
  const { price, subsidy, residual, waiver } = order.price
  return {
    ...showQuote(plan),
    price,
    subsidy_amount: subsidy,
    residual_amount: residual,
    damage_waiver_amount: waiver,
    monthly_amount: monthlyOf(plan),
  }
}

/**
 * Orders a device: a unit is put aside, then the lease is started and waited for until it is durable. Whoever repeats an
 * order that got no answer finds the same lease and the same unit; one whose unit went to somebody else before the lease
 * was on record has another one, or is a 409 as any that finds the stock empty.
 */
export async function orderLease(asking: Asking, body: OrderBody, creation: Creation): Promise<void> {
  if (await isOnRecord(asking, creation.id)) return
  const order = await prepared(asking, body)
  const [unit = ''] = await holdFor(asking, order, [{ lease: creation.id, modelCode: order.model.code }])
  await startLease(asking, order, { ...creation, unit })
}

export type Prepared = Order & { paymentMethod: PaymentMethod }

/** Everything that can be refused, or fail, before a unit is put aside. */
export async function prepared(asking: Asking, body: OrderBody): Promise<Prepared> {
  const order = await readOrder(asking, body)
  decideOrder(asking, order, { id: 'ls_', unit: '', paymentMethod: anyMethod(body) })
  if (body.payer !== 'payroll') {
    return { ...order, paymentMethod: await methodOf(asking, order.customer, body.payment_method ?? null) }
  }
  await beginStatements(asking.deps, { id: order.client.id, tenantId: asking.caller.tenant })
  return { ...order, paymentMethod: PAYROLL }
}

function anyMethod({ payer }: OrderBody): PaymentMethod {
  return payer === 'payroll' ? PAYROLL : ANY_METHOD
}

/** Units for all of these leases of one employee, or a 409 and none. */
export async function holdFor(
  { em, caller }: Asking,
  { employee, client }: Order,
  leases: { lease: string; modelCode: string }[],
): Promise<string[]> {
  const maximum = client.store.maximumPerEmployee
  const held = await holdForEmployee(em, { tenant: caller.tenant, employee: employee.id, maximum }, leases)
  if ('units' in held) return held.units
  throw REFUSED[held.refused](maximum)
}

const REFUSED: Record<Refusal, (maximum: number) => Problem> = {
  employee_offboarded: () => conflict('employee_offboarded', 'The employee has left: no new orders.'),
  lease_limit_reached: (maximum) =>
    conflict('lease_limit_reached', `The company allows an employee ${maximum} leases at once.`),
  out_of_stock: outOfStock,
}

function outOfStock(): Problem {
  return conflict('out_of_stock', 'There is no unit of this device left.')
}

/** Starts a lease with the unit that is held for it; given back when it is certain that the lease will not come about. */
export async function startLease(
  asking: Asking,
  order: Prepared,
  { id, unit, requestId }: Creation & { unit: string },
): Promise<void> {
  const { metadata = {}, coupon_code = null } = order.body
  const request = { coupon_code, payment_terms: null, metadata }
  try {
    const decision = decideOrder(asking, order, { id, unit, paymentMethod: order.paymentMethod })
    await startPlan(asking, decision, { request, requestId })
    await isOnRecord(asking, id)
  } catch (error) {
    if (isCertain(error)) await releaseHold(asking.em, id)
    throw error
  }
}

/** Throws a 409 for a lease that is on record only as one for which there was no unit. */
async function isOnRecord({ em, caller }: Asking, id: string): Promise<boolean> {
  const row = await em.findOne(Plans, { id, tenantId: caller.tenant }, { refresh: true })
  if (row && neverHadUnit(row.state as Plan)) throw outOfStock()
  return row !== null
}

/** What was refused is not done and will not be; after any other failure it may be, or may come to be. */
export function isCertain(error: unknown): boolean {
  return problemOf(error).status < 500
}
