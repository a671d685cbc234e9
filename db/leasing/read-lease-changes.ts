import type { EntityManager } from '@mikro-orm/postgresql'
import type { StatementLease } from '../../domain/leasing/statement-lines.ts'
import { namesOf } from '../customers/people.ts'
import { cursorOf, decodeCursor, type Page, type PageOptions } from '../pages.ts'
import type { StatementRow } from './statements.ts'

const BY_CHANGE = [
  { property: 'change', column: 'change', is: 'text' },
  { property: 'employee', column: 'employee_id', is: 'text' },
  { property: 'lease', column: 'plan_id', is: 'text' },
] as const

const first = (column: string) =>
  `(array_agg(c.${column} order by c.at, c.id) filter (where c.${column} is not null))[1]`
const last = (column: string) => `(array_agg(c.${column} order by c.at desc, c.id desc))[1]`

/** The changes of one lease in the period are one: from what it was before the first of them to what it is since the last. */
const COLUMNS = `c.change, c.employee_id as employee, c.plan_id as lease, ${last('model_code')} as model,
  ${last('device')} as device, ${first('previous_device')} as "previousDevice",
  ${last('monthly_amount')} as monthly, ${first('previous_monthly_amount')} as "previousMonthly",
  ${last('how')} as how, max(c.date)::text as since`

type Stored = Omit<StatementLease, 'employeeName' | 'monthly' | 'previousMonthly'> &
  Record<'monthly' | 'previousMonthly', string | null>

/** Those that began, then those that changed, then those that ended; of each by employee and lease. Throws `InvalidCursor`. */
export async function listLeaseChanges(
  em: EntityManager,
  statement: Pick<StatementRow, 'id' | 'tenantId'>,
  { limit, cursor }: PageOptions,
): Promise<Page<StatementLease>> {
  const after = cursor ? decodeCursor(cursor, BY_CHANGE) : null
  const rows = await em.execute<Stored[]>(
    `select ${COLUMNS} from lease_changes c
      where c.statement_id = ? ${after ? 'and (c.change, c.employee_id, c.plan_id) > (?, ?, ?)' : ''}
      group by c.change, c.employee_id, c.plan_id order by c.change, c.employee_id, c.plan_id limit ?`,
    [statement.id, ...(after ?? []), limit + 1],
  )
  const names = await namesOf(em, statement.tenantId, [...new Set(rows.map(({ employee }) => employee))])
  const data = rows.slice(0, limit).map((row) => ({
    ...row,
    monthly: amountOf(row.monthly),
    previousMonthly: amountOf(row.previousMonthly),
    employeeName: names.get(row.employee) ?? null,
  }))
  const end = data.at(-1)
  return { data, nextCursor: rows.length > limit && end ? cursorOf(end, BY_CHANGE) : null }
}

function amountOf(stored: string | null): number | null {
  return stored === null ? null : Number(stored)
}

/** How many leases began, changed and ended, by what a statement lists. */
export async function countLeaseChanges(
  em: EntityManager,
  statement: string,
): Promise<Record<'new' | 'changed' | 'ended', number>> {
  const [counted] = await em.execute<Record<'new' | 'changed' | 'ended', string>[]>(
    `select count(distinct plan_id) filter (where change = 'began') as new,
        count(distinct plan_id) filter (where change = 'changed') as changed,
        count(distinct plan_id) filter (where change = 'ended') as ended
      from lease_changes where statement_id = ?`,
    [statement],
  )
  return { new: Number(counted?.new), changed: Number(counted?.changed), ended: Number(counted?.ended) }
}
