import { instantOf } from '../../../db/columns.ts'
import { type Customer, findCustomer } from '../../../db/customers/people.ts'
import { type ClientRow, Clients } from '../../../db/leasing/clients.ts'
import { type EmployeeRow, Employees } from '../../../db/leasing/employees.ts'
import { type DeviceModelRow, DeviceModels } from '../../../db/leasing/stock.ts'
import { civilOf } from '../../../domain/calendar.ts'
import { reminderDaysOf } from '../../../domain/leasing/lease.ts'
import { makeLease } from '../../../domain/leasing/make.ts'
import { leasePrice, type Price } from '../../../domain/leasing/pricing.ts'
import type { Decision } from '../../../domain/plans/effects.ts'
import type { PaymentMethod, TestClock } from '../../../domain/plans/plan.ts'
import { endDate } from '../../../domain/plans/schedule.ts'
import type { Instant, Terms } from '../../../domain/plans/terms.ts'
import { conflict, type FieldError, Problem, unprocessable } from '../../http/problem.ts'
import { onlyClient, onlyCustomer } from '../../identity/caller.ts'
import { refuseUnknownPlace, retryPolicy } from '../../plans/agreements.ts'
import type { Asking } from '../../plans/kind.ts'
import { clockOf, refuseCoupon } from '../../plans/start.ts'
import { isStaff } from '../staff.ts'
import { type OrderBody, STAFF_ONLY } from './bodies.ts'

/** What an order is decided on, all of it checked against what the store offers. */
export type Order = {
  body: OrderBody
  employee: EmployeeRow
  customer: Customer
  client: ClientRow
  model: DeviceModelRow
  clock: TestClock | null
  price: Price
}

/** Reads what a body asks for. Throws a 422 that names every field which the store does not offer, a 409 for what stands in the way now. */
export async function readOrder(asking: Asking, body: OrderBody): Promise<Order> {
  refuseCoupon(body.coupon_code ?? null)
  refuseStaffOnly(asking, body)
  const { employee, customer, client } = await readOrderer(asking, body.employee_id ?? null)
  const model = await readModel(asking, body.device_code)
  refuseNotOffered(body, client, model)
  if (body.test_clock !== undefined && body.test_clock !== client.testClockId) {
    throw unprocessable('unknown_test_clock', 'A lease follows the test clock of its client.', '/test_clock')
  }
  const clock = await clockOf(asking, client.testClockId ?? null)
  return { body, employee, customer, client, model, clock, price: priceOf(body, client, model) }
}

/** The lease as the rules make it, at its own time. Throws RuleBroken. */
export function decideOrder(
  { deps, caller }: Asking,
  { body, employee, client, model, clock, price }: Order,
  known: { id: string; unit: string; paymentMethod: PaymentMethod },
): Decision {
  const now = clock?.now ?? instantOf(deps.now())
  const { store } = client
  return makeLease({
    ...known,
    tenant: caller.tenant,
    customer: employee.id,
    client: client.id,
    payer: body.payer,
    device: {
      code: model.code,
      name: model.name,
      price: price.price,
      subsidy: price.subsidy,
      residual: price.residual,
    },
    waiver: price.waiver,
    extensionPercent: store.extensionPercent,
    dispatchDays: store.dispatchDays,
    terms: termsOf(body, client, now),
    total: price.total,
    clock,
    now,
  })
}

function termsOf(body: OrderBody, { currency, store, statement }: ClientRow, now: Instant): Terms {
  const { timezone = statement.timezone, term_months: months } = body
  refuseUnknownPlace({ timezone, currency })
  const startDate = civilOf(now, timezone)
  return {
    currency,
    timezone,
    billingTime: body.billing_time ?? '09:00',
    cadence: { every: 'month', day: body.billing_day ?? store.billingDay },
    startDate,
    endDate: endDate(startDate, months),
    termMonths: months,
    count: months,
    discount: 0,
    cancellation: store.cancellationTerms,
    adjustmentPolicy: 'spread',
    retryPolicy: retryPolicy(body.retry_policy),
    reminderDays: body.reminder_days ?? reminderDaysOf(body.payer),
  }
}

function priceOf(body: OrderBody, { currency, store }: ClientRow, model: DeviceModelRow): Price {
  const price = leasePrice({
    price: model.price,
    subsidy: store.subsidy,
    residualPercent: store.residualPercent,
    waiverMonthly: body.damage_waiver ? (model.waiverMonthly ?? 0) : 0,
    termMonths: body.term_months,
    currency,
  })
  const total = body.total_amount ?? price.total
  if (total < price.waiver) {
    const detail = 'total_amount must not be below the damage waiver that it includes'
    throw unprocessable('amount_invalid', detail, '/total_amount')
  }
  return { ...price, total }
}

function refuseStaffOnly({ caller }: Asking, body: OrderBody): void {
  if (isStaff(caller)) return
  const errors = STAFF_ONLY.flatMap((field) =>
    body[field] === undefined ? [] : [{ pointer: `/${field}`, message: `${field} is agreed with the company` }],
  )
  if (errors.length > 0)
    throw new Problem(422, 'not_yours_to_say', 'The terms are agreed with the company.', { errors })
}

async function readOrderer({ em, caller }: Asking, asked: string | null) {
  const { tenant: tenantId } = caller
  const [only, company] = [onlyCustomer(caller), onlyClient(caller)]
  const id = asked ?? only
  if (id === null) throw unprocessable('employee_missing', 'Say for which employee.', '/employee_id')
  const isOthers = only !== null && id !== only
  const employee = isOthers ? null : await em.findOne(Employees, { tenantId, id, deletedAt: null })
  if (!employee || (company !== null && employee.clientId !== company)) {
    throw unprocessable('unknown_employee', 'There is no such employee.', '/employee_id')
  }
  if (employee.status !== 'active') throw conflict('employee_offboarded', 'The employee has left: no new orders.')
  const client = await em.findOne(Clients, { tenantId, id: employee.clientId, deletedAt: null })
  if (client?.status !== 'active') throw conflict('client_suspended', 'The company does not lease at present.')
  const customer = await findCustomer(em, { tenantId, id })
  if (!customer) throw unprocessable('unknown_employee', 'There is no such employee.', '/employee_id')
  return { employee, customer, client }
}

function readModel({ em, caller }: Asking, code: string): Promise<DeviceModelRow | null> {
  return em.findOne(DeviceModels, { tenantId: caller.tenant, code, deletedAt: null })
}

/** The model, when this client's store offers it. Throws a 422. */
export async function offeredModel(
  asking: Asking,
  { store, currency }: ClientRow,
  code: string,
): Promise<DeviceModelRow> {
  const model = await readModel(asking, code)
  const [problem] = modelProblems({ store, currency }, model, code)
  if (model && !problem) return model
  throw unprocessable('not_offered', problem?.message ?? 'It is not offered.', '/device_code')
}

function modelProblems(
  { store, currency }: Pick<ClientRow, 'store' | 'currency'>,
  model: DeviceModelRow | null,
  code: string,
): FieldError[] {
  const pointer = '/device_code'
  if (!model || (store.models !== null && !store.models.includes(code))) {
    return [{ pointer, message: 'device_code must be of a model that the store of the company offers' }]
  }
  if (model.currency === currency) return []
  return [{ pointer, message: `device_code is of a model that is priced in ${model.currency}, not in ${currency}` }]
}

function refuseNotOffered(body: OrderBody, client: ClientRow, model: DeviceModelRow | null): asserts model {
  const { store } = client
  const errors = modelProblems(client, model, body.device_code)
  const add = (field: keyof OrderBody, message: string) =>
    errors.push({ pointer: `/${field}`, message: `${field} ${message}` })
  if (!store.termMonths.includes(body.term_months)) add('term_months', `must be one of ${store.termMonths.join(', ')}`)
  if (!store.payers.includes(body.payer)) add('payer', `must be one of ${store.payers.join(', ')}`)
  if (body.damage_waiver && model?.waiverMonthly == null) add('damage_waiver', 'is not to be had for this model')
  if (body.payer === 'payroll' && body.payment_method !== undefined) {
    add('payment_method', 'is not needed for what is deducted from pay')
  }
  if (errors.length === 0) return
  throw new Problem(422, 'not_offered', `${errors.map(({ message }) => message).join('; ')}.`, { errors })
}
