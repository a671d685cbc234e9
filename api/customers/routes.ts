import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { instantOf } from '../../db/columns.ts'
import { addCustomer, changeCustomer, findCustomer, type Customer as Person } from '../../db/customers/people.ts'
import { isOfLeasing } from '../../db/leasing/staff.ts'
import { isCustomerOfAnother } from '../../db/tenancy/ways.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json, unchanged, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { isHeld, refuseStale, setTag } from '../http/etag.ts'
import { customerId, email, instant, line, locale, pathId, paymentMethodId, phone } from '../http/fields.ts'
import { idempotencyHeader, ifMatchHeader, ifNoneMatchHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { conflict, notFound, unprocessable } from '../http/problem.ts'
import { type Caller, callerOf, onlyCustomer } from '../identity/caller.ts'
import { isGatewayId } from './adopt.ts'
import { saveAtGateway } from './at-gateway.ts'
import { attach } from './payment-methods.ts'

const fields = {
  name: line(200),
  email,
  payment_method: paymentMethodId,
}
const { payment_method, ...needed } = fields
const CustomerBody = z
  .strictObject({
    customer_id: customerId.optional(),
    ...needed,
    phone: phone.optional(),
    locale: locale.optional(),
    payment_method: payment_method.optional(),
  })
  .meta({ id: 'CustomerBody' })
const CustomerChange = z
  .strictObject({
    name: fields.name.optional(),
    email: fields.email.optional(),
    phone: phone.nullable().optional(),
    locale: locale.nullable().optional(),
    payment_method: payment_method.optional(),
  })
  .meta({ id: 'CustomerChange', description: 'What is absent stays.' })

const Customer = z
  .object({
    customer_id: z.string(),
    name: z.string(),
    email: z.string(),
    phone: z.string().nullable(),
    locale: z.string().nullable(),
    payment_method: z.string().nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Customer' })

/** Customers are made here and at the gateway; no workflow owns them. */
export function customerRoutes(app: App, deps: ApiDeps): void {
  const tags = [TAGS.customers]
  const creation = {
    tags,
    summary: 'Make a customer, at the payment gateway as well',
    headers: idempotencyHeader,
    body: CustomerBody,
    response: writeAnswers({ 201: json(Customer, 'Made.') }, 409, 422),
  }
  app.post('/customers', { schema: creation }, async (request, reply) => {
    const caller = callerOf(request)
    const em = deps.orm.em.fork()
    const id = request.body.customer_id ?? idFor(request, 'cust_')
    const there = await findCustomer(em, { tenantId: caller.tenant, id })
    // Somebody who held this key died before answering, after the work was done.
    if (there && !request.idempotency?.takenOver) throw exists()
    const customer = there ?? (await make(em, deps, caller, id, request.body))
    return answer(reply.code(201).header('location', `/customers/${encodeURIComponent(id)}`), customer)
  })
  readAndChange(app, deps, tags)
}

function readAndChange(app: App, deps: ApiDeps, tags: string[]): void {
  const reading = {
    tags,
    summary: 'One customer',
    params: pathId,
    headers: ifNoneMatchHeader,
    response: answers({ 200: json(Customer, 'The customer.'), ...unchanged }, 404),
  }
  app.get('/customers/:id', { schema: reading }, async (request, reply) => {
    const customer = showCustomer(await find(deps.orm.em.fork(), callerOf(request), request.params.id))
    return isHeld(request, reply, customer) ? reply.code(304).send() : reply.send(customer)
  })

  const changing = {
    tags,
    summary: 'Change a customer; plans keep the payment methods they have',
    params: pathId,
    headers: ifMatchHeader,
    body: CustomerChange,
    response: writeAnswers({ 200: json(Customer, 'As it is now.') }, 404, 409, 412, 422),
  }
  app.patch('/customers/:id', { schema: changing }, async (request, reply) => {
    const changed = await deps.orm.em.fork().transactional(async (em) => {
      // One change at a time: of two that were decided on the same state, the second is refused before the gateway hears.
      const customer = await find(em, callerOf(request), request.params.id, LockMode.PESSIMISTIC_WRITE)
      if (await isOfLeasing(em, customer)) throw changedElsewhere()
      refuseStale(request, showCustomer(customer))
      return change(em, deps, customer, request.body)
    })
    return answer(reply, changed)
  })
}

/** A customer as it now stands, with its tag. */
function answer(reply: FastifyReply, row: Person): FastifyReply {
  const customer = showCustomer(row)
  setTag(reply, customer)
  return reply.send(customer)
}

async function make(
  em: EntityManager,
  deps: ApiDeps,
  caller: Caller,
  id: string,
  body: z.output<typeof CustomerBody>,
): Promise<Person> {
  const gatewayId = isGatewayId(id) ? id : null
  if (
    gatewayId !== null &&
    ((await isCustomerOfAnother(em, caller.tenant, id)) || !(await deps.payments.readCustomer(id)))
  ) {
    throw unprocessable('unknown_customer', 'The payment gateway knows no such customer.', '/customer_id')
  }
  const { name, email, phone = null, locale = null, payment_method } = body
  const gatewayCustomerId = await saveAtGateway(deps, {
    gatewayId,
    reference: `${caller.tenant}/${id}`,
    name,
    email,
    phone,
  })
  const defaultPaymentMethod =
    payment_method === undefined ? null : await attach(deps, { gatewayCustomerId }, payment_method)
  const now = instantOf(deps.now())
  const made = { tenantId: caller.tenant, id, name, email, phone, locale, gatewayCustomerId, defaultPaymentMethod }
  const customer = { ...made, createdAt: now, updatedAt: now }
  if (!(await addCustomer(em, customer))) throw exists()
  return customer
}

const exists = () => conflict('customer_exists', 'There is a customer by this id already.')

const changedElsewhere = () =>
  conflict('changed_elsewhere', 'This is an employee or a company of leasing: change it under /employees or /clients.')

async function change(
  em: EntityManager,
  deps: ApiDeps,
  customer: Person,
  body: z.output<typeof CustomerChange>,
): Promise<Person> {
  const { payment_method, ...given } = body
  const next = {
    name: customer.name,
    email: customer.email,
    phone: customer.phone,
    locale: customer.locale,
    ...given,
  }
  const { tenantId, id, gatewayCustomerId } = customer
  const { name, email, phone } = next
  if (Object.keys(given).length > 0) {
    await saveAtGateway(deps, {
      gatewayId: gatewayCustomerId,
      reference: `${tenantId}/${id}`,
      name,
      email,
      phone,
    })
  }
  const method =
    payment_method === undefined ? {} : { defaultPaymentMethod: await attach(deps, customer, payment_method) }
  const written = { ...next, ...method, updatedAt: instantOf(deps.now()) }
  await changeCustomer(em, customer, written)
  return { ...customer, ...written }
}

async function find(em: EntityManager, caller: Caller, id: string, lockMode?: LockMode): Promise<Person> {
  const only = onlyCustomer(caller)
  const customer = await findCustomer(em, { tenantId: caller.tenant, id }, lockMode === undefined ? {} : { lockMode })
  if (!customer || (only !== null && customer.id !== only)) throw notFound('customer')
  return customer
}

function showCustomer(row: Person): z.output<typeof Customer> {
  return {
    customer_id: row.id,
    name: row.name,
    email: row.email,
    phone: row.phone,
    locale: row.locale,
    payment_method: row.defaultPaymentMethod?.id ?? null,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
  }
}
