import { addEmployees, domainOf, type Outcome } from '../../../db/leasing/staff.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { CSV_LIMIT, csvBody, csvRoutes, ImportReport, type Rejected, readCsv } from '../../http/csv.ts'
import { TAGS } from '../../http/docs.ts'
import { pathId } from '../../http/fields.ts'
import { idempotencyHeader } from '../../http/headers.ts'
import { idFrom } from '../../http/idempotency.ts'
import { callerOf, onlyClient } from '../../identity/caller.ts'
import { FOREIGN_ADDRESS, gone, newEmployee } from './add-employees.ts'
import { EmployeeLine } from './employee-shapes.ts'
import { companyFor } from './find.ts'

/** Lines that are added together: each address is locked until they are, and PostgreSQL has room for so many locks. */
const BATCH = 100

/** A company's employees in bulk. */
export function importRoute(app: App, deps: ApiDeps): void {
  const schema = {
    ...csvBody(
      'Columns `name` and `email`, and `phone` and `locale` if you like.',
      'name,email\nAnn Ode,ann@acme.example',
    ),
    tags: [TAGS.leasing],
    summary: 'Add employees of a company by CSV; who is there already stays as they are',
    params: pathId,
    headers: idempotencyHeader,
    response: answers({ 200: json(ImportReport, 'What became of each line.') }, 404, 409, 413, 415, 422),
  }
  csvRoutes(app, (scope) => {
    scope.post('/clients/:id/employees/import', { schema, bodyLimit: CSV_LIMIT }, async (request) => {
      const caller = callerOf(request)
      const em = deps.orm.em.fork()
      const company = await companyFor(em, caller, request.params.id)
      const { good, rejected } = readCsv(request.body, EmployeeLine)
      const isOurs = ({ email }: { email: string }) =>
        onlyClient(caller) === null || company.domains.includes(domainOf(email))
      const foreign = good.filter(({ value }) => !isOurs(value)).map(({ line }) => wrong(line, FOREIGN_ADDRESS))
      const report = { accepted: 0, duplicates: 0, rejected: [...rejected, ...foreign] }
      const lines = good.filter(({ value }) => isOurs(value))
      for (let k = 0; k < lines.length; k += BATCH) {
        const batch = lines.slice(k, k + BATCH)
        const people = batch.map(({ value }) => newEmployee(idFrom('emp_', [crypto.randomUUID()]), value, deps))
        const outcomes = await addEmployees(deps.orm.em.fork(), company, people).catch(gone)
        for (const [n, { line }] of batch.entries()) count(report, line, company.id, outcomes[n])
      }
      return { ...report, rejected: report.rejected.toSorted((a, b) => a.line - b.line) }
    })
  })
}

type Report = { accepted: number; duplicates: number; rejected: Rejected[] }

function count(report: Report, line: number, client: string, outcome: Outcome | undefined): void {
  if (outcome?.added) report.accepted += 1
  else if (outcome?.clientId === client) report.duplicates += 1
  else report.rejected.push(wrong(line, 'An employee of another company has this address.'))
}

const wrong = (line: number, message: string): Rejected => ({ line, errors: [{ pointer: '/email', message }] })
