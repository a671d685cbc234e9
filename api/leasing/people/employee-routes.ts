import { instantOf } from '../../../db/columns.ts'
import { LeasesRunning, removeEmployee } from '../../../db/leasing/leaving.ts'
import { AddressTaken, changeEmployee, pageOfEmployees, takenBack } from '../../../db/leasing/staff.ts'
import { payableAtGateway } from '../../customers/at-gateway.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json, unchanged, writeAnswers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { isHeld, refuseStale, setTag } from '../../http/etag.ts'
import { pageOf, pathId } from '../../http/fields.ts'
import { idempotencyHeader, ifMatchHeader, ifNoneMatchHeader } from '../../http/headers.ts'
import { conflict } from '../../http/problem.ts'
import { callerOf, onlyClient, onlyCustomer } from '../../identity/caller.ts'
import { addressTaken, makeEmployee, refuseAddress } from './add-employees.ts'
import { Employee, EmployeeBody, EmployeeChange, employeeQuery, showEmployee } from './employee-shapes.ts'
import { companyFor, employeeFor, refuseFields } from './find.ts'

const tags = [TAGS.leasing]

/** Employees of companies. */
export function employeeRoutes(app: App, deps: ApiDeps): void {
  ofCompany(app, deps)
  reading(app, deps)
  changing(app, deps)
  removing(app, deps)
}

function ofCompany(app: App, deps: ApiDeps): void {
  const making = {
    tags,
    summary: 'Add an employee to a company',
    params: pathId,
    headers: idempotencyHeader,
    body: EmployeeBody,
    response: writeAnswers({ 201: json(Employee, 'Added.') }, 404, 409, 422),
  }
  app.post('/clients/:id/employees', { schema: making }, async (request, reply) => {
    const company = await companyFor(deps.orm.em.fork(), callerOf(request), request.params.id)
    const employee = showEmployee(await makeEmployee(deps, request, company, request.body))
    setTag(reply, employee)
    return reply.code(201).header('location', `/employees/${employee.employee_id}`).send(employee)
  })

  const list = {
    tags,
    summary: 'Employees of a company, newest first',
    params: pathId,
    querystring: employeeQuery,
    response: answers({ 200: json(pageOf(Employee, 'Employee'), 'One page.') }, 404),
  }
  app.get('/clients/:id/employees', { schema: list }, async (request) => {
    const em = deps.orm.em.fork()
    const company = await companyFor(em, callerOf(request), request.params.id)
    const { status, ...page } = request.query
    const found = await pageOfEmployees(em, company, { status }, page)
    return { data: found.data.map(showEmployee), next_cursor: found.nextCursor }
  })
}

function reading(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'One employee',
    params: pathId,
    headers: ifNoneMatchHeader,
    response: answers({ 200: json(Employee, 'The employee.'), ...unchanged }, 404),
  }
  app.get('/employees/:id', { schema }, async (request, reply) => {
    const employee = showEmployee(await employeeFor(deps.orm.em.fork(), callerOf(request), request.params.id))
    return isHeld(request, reply, employee) ? reply.code(304).send() : reply.send(employee)
  })
}

/** What an employee leaves to their company. */
const OF_THE_COMPANY = ['name', 'email', 'status'] as const

function changing(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Change an employee; plans keep the payment methods they have',
    params: pathId,
    headers: ifMatchHeader,
    body: EmployeeChange,
    response: writeAnswers({ 200: json(Employee, 'As they are now.') }, 404, 409, 412, 422),
  }
  app.patch('/employees/:id', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const { payment_method, ...given } = request.body
    const work = deps.orm.em.fork().transactional(async (em) => {
      const employee = await employeeFor(em, caller, request.params.id, { lock: true })
      if (onlyCustomer(caller) !== null) refuseFields(OF_THE_COMPANY.filter((field) => given[field] !== undefined))
      refuseStale(request, showEmployee(employee))
      if (given.email !== undefined && onlyClient(caller) !== null) {
        refuseAddress(await companyFor(em, caller, employee.clientId), given.email)
      }
      const { name, email, phone, locale } = { ...employee, ...given }
      const method = await payableAtGateway(deps, { ...employee, name, email, phone }, payment_method)
      const change = { name, phone, locale, ...(given.email !== undefined && { email }), ...method }
      const updatedAt = instantOf(deps.now())
      await changeEmployee(em, employee, { ...change, updatedAt })
      const back = given.status && (await takenBack(em, employee))
      return { ...employee, ...change, ...back, updatedAt }
    })
    const changed = await work.catch((error: unknown) => {
      throw error instanceof AddressTaken ? addressTaken() : error
    })
    const employee = showEmployee(changed)
    setTag(reply, employee)
    return reply.send(employee)
  })
}

function removing(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Remove an employee; what they leased stays on record',
    params: pathId,
    headers: ifMatchHeader,
    response: { ...writeAnswers({}, 404, 409, 412), 204: { description: 'Gone.' } },
  }
  app.delete('/employees/:id', { schema }, async (request, reply) => {
    const work = deps.orm.em.fork().transactional(async (em) => {
      const employee = await employeeFor(em, callerOf(request), request.params.id, { lock: true })
      refuseStale(request, showEmployee(employee))
      await removeEmployee(em, employee, instantOf(deps.now()))
    })
    await work.catch((error: unknown) => {
      if (!(error instanceof LeasesRunning)) throw error
      throw conflict('leases_running', 'Leases of the employee still run: end them first, or offboard the employee.')
    })
    return reply.code(204).send()
  })
}
