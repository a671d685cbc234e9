import type { EntityManager } from '@mikro-orm/postgresql'
import { type Company, findCompany } from '../../../db/leasing/companies.ts'
import { type Employee, findEmployee } from '../../../db/leasing/staff.ts'
import type { FieldError } from '../../http/problem.ts'
import { notFound, Problem } from '../../http/problem.ts'
import { type Caller, onlyClient, onlyCustomer } from '../../identity/caller.ts'

/** The company, for who may see it. Throws a 404 for what is not there or somebody else's. */
export async function companyFor(
  em: EntityManager,
  caller: Caller,
  id: string,
  options: { lock?: boolean } = {},
): Promise<Company> {
  const only = onlyClient(caller)
  const company = only === null || only === id ? await findCompany(em, { tenantId: caller.tenant, id }, options) : null
  if (!company) throw notFound('client')
  return company
}

/** The employee, for themselves, for their company and for whoever sees all. Throws a 404. */
export async function employeeFor(
  em: EntityManager,
  caller: Caller,
  id: string,
  options: { lock?: boolean } = {},
): Promise<Employee> {
  const [client, self] = [onlyClient(caller), onlyCustomer(caller)]
  const employee =
    self === null || self === id ? await findEmployee(em, { tenantId: caller.tenant, id }, options) : null
  if (!employee || (client !== null && employee.clientId !== client)) throw notFound('employee')
  return employee
}

/** A 403 that names the fields which the caller's role leaves as they are; does nothing for none. */
export function refuseFields(fields: string[]): void {
  if (fields.length === 0) return
  const message = 'is not yours to change'
  const errors: FieldError[] = fields.map((field) => ({ pointer: `/${field}`, message }))
  throw new Problem(403, 'forbidden', `Your role does not allow to change ${fields.join(', ')}.`, { errors })
}
