import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { instantOf } from '../../../db/columns.ts'
import type { Company } from '../../../db/leasing/companies.ts'
import { addEmployees, ClientGone, domainOf, type Employee, findEmployee } from '../../../db/leasing/staff.ts'
import { payableAtGateway } from '../../customers/at-gateway.ts'
import type { ApiDeps } from '../../deps.ts'
import { idFor } from '../../http/idempotency.ts'
import { conflict, notFound, unprocessable } from '../../http/problem.ts'
import { callerOf, onlyClient } from '../../identity/caller.ts'
import type { EmployeeBody } from './employee-shapes.ts'

type Asked = z.output<typeof EmployeeBody>

/** Adds the employee; a repeat of the request finds the one who is there. */
export async function makeEmployee(
  deps: ApiDeps,
  request: FastifyRequest,
  company: Company,
  { payment_method, ...asked }: Asked,
): Promise<Employee> {
  const em = deps.orm.em.fork()
  const { tenantId } = company
  const id = idFor(request, 'emp_')
  const there = request.idempotency?.takenOver ? await findEmployee(em, { tenantId, id }) : null
  if (there) return there
  if (onlyClient(callerOf(request)) !== null) refuseAddress(company, asked.email)
  const person = newEmployee(id, asked, deps)
  const method = await payableAtGateway(deps, { ...person, tenantId }, payment_method)
  const employee = { ...person, ...method }
  const [outcome] = await addEmployees(em, company, [employee]).catch(gone)
  if (!outcome?.added) throw addressTaken()
  return { ...employee, tenantId, clientId: company.id }
}

export function newEmployee(id: string, asked: Omit<Asked, 'payment_method'>, { now }: Pick<ApiDeps, 'now'>) {
  const { name, email, phone = null, locale = null } = asked
  const at = instantOf(now())
  return {
    ...{ id, name, email, phone, locale, gatewayCustomerId: null, defaultPaymentMethod: null },
    ...{ status: 'active' as const, offboardedAt: null, createdAt: at, updatedAt: at },
  }
}

/** A company's own admin names people of the company: an address elsewhere may be another's employee's. */
export function refuseAddress(company: Company, email: string): void {
  if (company.domains.includes(domainOf(email))) return
  throw unprocessable('foreign_address', FOREIGN_ADDRESS, '/email')
}
export const FOREIGN_ADDRESS = 'The address must have a domain of the company.'

export const addressTaken = () => conflict('employee_exists', 'There is an employee with this e-mail address already.')

export function gone(error: unknown): never {
  throw error instanceof ClientGone ? notFound('client') : error
}
