import type { EntityManager } from '@mikro-orm/postgresql'
import type { CivilDate } from '../../domain/plans/terms.ts'
import { namesOf } from '../customers/people.ts'
import { cursorOf, decodeCursor, type Page, type PageOptions } from '../pages.ts'

/** What is or will be taken from an employee's pay in a month; amounts in minor units, negative for money back. */
export type PayrollEmployee = {
  employee: string
  employeeName: string | null
  lines: PayrollLine[]
}
export type PayrollLine = {
  employee: string
  lease: string
  device: string
  installment: number | null
  amount: number
  date: CivilDate
  /** The statement that an accrued one is on; null while it waits for one. */
  statement: string | null
  isAccrued: boolean
}

export type PayrollMonth = { tenant: string; client: string; from: CivilDate; before: CivilDate }

const BY_EMPLOYEE = [{ property: 'employee', column: 'employee', is: 'text' }] as const

/** Accrued in the month; and due in it by leases that run, unless a holiday from paying holds it back. */
const LINES = `
  select d.employee_id as employee, d.plan_id as lease, d.model_code as model, d.installment_number as installment,
      d.amount, d.date, d.statement_id as statement, true as "isAccrued"
    from payroll_deductions d
   where d.tenant_id = :tenant and d.client_id = :client and d.date >= :from and d.date < :before
  union all
  select l.employee_id, l.plan_id, l.model_code, i.number, i.amount - i.paid_amount, i.due_date, null, false
    from leases l join plans p on p.id = l.plan_id join installments i on i.plan_id = l.plan_id
   where l.tenant_id = :tenant and l.client_id = :client and l.payer = 'payroll' and p.lifecycle = 'active'
     and i.number > 0 and i.status = 'scheduled' and i.amount > i.paid_amount
     and i.due_date >= :from and i.due_date < :before
     and (p.state -> 'pause' = 'null' or i.due_at >= (p.state -> 'pause' ->> 'until')::timestamptz)`

/** By employee, so many of them, each with all of theirs. Throws `InvalidCursor`. */
export async function listPayroll(
  em: EntityManager,
  month: PayrollMonth,
  { limit, cursor }: PageOptions,
): Promise<Page<PayrollEmployee>> {
  const [after = ''] = cursor ? decodeCursor(cursor, BY_EMPLOYEE) : []
  const employees = await em.execute<{ employee: string }[]>(
    `select distinct employee from (${LINES}) x where employee > :after order by employee limit :limit`,
    { ...month, after, limit: limit + 1 },
  )
  const ids = employees.slice(0, limit).map(({ employee }) => employee)
  const last = ids.at(-1)
  if (last === undefined) return { data: [], nextCursor: null }
  const rows = await em.execute<(Omit<PayrollLine, 'amount'> & { amount: string })[]>(
    `select x.employee, x.lease, coalesce(m.name, x.model) as device, x.installment, x.amount, x.date::text as date,
        x.statement, x."isAccrued"
      from (${LINES}) x left join device_models m on m.tenant_id = :tenant and m.code = x.model
      where employee > :after and employee <= :last order by x.employee, x.date, x.lease, x.installment`,
    { ...month, after, last },
  )
  const lines = Map.groupBy(
    rows.map((row) => ({ ...row, amount: Number(row.amount) })),
    ({ employee }) => employee,
  )
  const names = await namesOf(em, month.tenant, ids)
  const data = ids.map((employee) => ({
    employee,
    employeeName: names.get(employee) ?? null,
    lines: lines.get(employee) ?? [],
  }))
  return { data, nextCursor: employees.length > limit ? cursorOf({ employee: last }, BY_EMPLOYEE) : null }
}
