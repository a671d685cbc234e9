import type { EntityManager } from '@mikro-orm/postgresql'
import type { StatementLease, StatementLine } from '../../domain/leasing/statement-lines.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { namesOf } from '../customers/people.ts'
import { BY_CREATION, cursorOf, decodeCursor, type Page, type PageOptions, pageOf } from '../pages.ts'
import { inTenant } from '../tenancy/scope.ts'
import { DEVICE, MODEL } from './deducted-device.ts'
import { listLeaseChanges } from './read-lease-changes.ts'
import { type StatementRow, Statements } from './statements.ts'

/** Newest first. */
export async function listStatements(
  em: EntityManager,
  tenantId: string,
  clientId: string,
  page: PageOptions,
): Promise<Page<StatementRow>> {
  return pageOf(em, Statements, { tenantId, clientId }, BY_CREATION, { order: 'desc', ...page })
}

export async function findStatement(em: EntityManager, tenantId: string, id: string): Promise<StatementRow | null> {
  return em.findOne(Statements, { id, tenantId })
}

const BY_EMPLOYEE = [
  { property: 'employee', column: 'employee_id', is: 'text' },
  { property: 'id', column: 'id', is: 'text' },
] as const

type Stored = Omit<StatementLine, 'employeeName' | 'amount'> & { amount: string }

/** By employee, and of one by lease. Throws `InvalidCursor`. */
export async function listLines(
  em: EntityManager,
  statement: Pick<StatementRow, 'id' | 'tenantId'>,
  { limit, cursor }: PageOptions,
): Promise<Page<StatementLine>> {
  const after = cursor ? decodeCursor(cursor, BY_EMPLOYEE) : null
  const rows = await em.execute<Stored[]>(
    `select d.id, d.employee_id as employee, d.plan_id as lease, ${DEVICE} as device,
        d.installment_number as installment, d.amount, d.description, d.date::text as date, ${MOMENT} as at
      from payroll_deductions d ${MODEL}
      where d.statement_id = ? ${after ? 'and (d.employee_id, d.id) > (?, ?)' : ''}
      order by d.employee_id, d.id limit ?`,
    [statement.id, ...(after ?? []), limit + 1],
  )
  const names = await namesOf(em, statement.tenantId, [...new Set(rows.map(({ employee }) => employee))])
  const data = rows.slice(0, limit).map((row) => ({
    ...row,
    amount: Number(row.amount),
    employeeName: names.get(row.employee) ?? null,
  }))
  const last = data.at(-1)
  return { data, nextCursor: rows.length > limit && last ? cursorOf(last, BY_EMPLOYEE) : null }
}

const MOMENT = `to_char(d.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
const CHUNK = 1_000

/** All lines, some at a time, so that no more of them is held than that. For whoever reads at leisure. */
export function allLines(
  em: () => EntityManager,
  statement: Pick<StatementRow, 'id' | 'tenantId'>,
): AsyncGenerator<StatementLine[]> {
  return allPages(statement, (page) => listLines(em(), statement, page))
}

/** The same of the leases that it lists. */
export function allLeaseChanges(
  em: () => EntityManager,
  statement: Pick<StatementRow, 'id' | 'tenantId'>,
): AsyncGenerator<StatementLease[]> {
  return allPages(statement, (page) => listLeaseChanges(em(), statement, page))
}

async function* allPages<Row>(
  { tenantId }: Pick<StatementRow, 'tenantId'>,
  pageAt: (page: PageOptions) => Promise<Page<Row>>,
): AsyncGenerator<Row[]> {
  let cursor: string | null = null
  do {
    const page: PageOptions = { limit: CHUNK, cursor }
    // Whoever reads a stream has forgotten whose it is.
    const { data, nextCursor }: Page<Row> = await inTenant(tenantId, () => pageAt(page))
    yield data
    cursor = nextCursor
  } while (cursor !== null)
}

/** Those who have lines on it, and those who have more than one. */
export async function countEmployees(em: EntityManager, statement: string): Promise<{ all: number; several: number }> {
  const [row] = await em.execute<Record<'all' | 'several', string>[]>(
    `select count(*) as "all", count(*) filter (where lines > 1) as several from (
      select count(*) as lines from payroll_deductions where statement_id = ? group by employee_id) x`,
    [statement],
  )
  return { all: Number(row?.all ?? 0), several: Number(row?.several ?? 0) }
}

/** How the charge of a statement stands; amounts in minor units. */
export type StatementPayment = {
  plan: string
  status: string
  paid: number
  outstanding: number
  nextTryAt: Instant | null
  escalation: string | null
}

/** By statement; those that are charged. */
export async function paymentsOf(em: EntityManager, plans: string[]): Promise<Map<string, StatementPayment>> {
  if (plans.length === 0) return new Map()
  const rows = await em.execute<(Omit<StatementPayment, 'paid' | 'outstanding'> & Record<'paid' | 'left', string>)[]>(
    `select p.id as plan, p.status, p.paid_amount as paid, p.outstanding_amount as left,
        to_char(p.next_billing_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "nextTryAt",
        (select e.id from escalations e where e.plan_id = p.id and e.status = 'open' order by e.opened_at limit 1)
          as escalation
      from plans p where p.id in (?)`,
    [plans],
  )
  return new Map(
    rows.map(({ left, paid, ...row }) => [row.plan, { ...row, paid: Number(paid), outstanding: Number(left) }]),
  )
}
