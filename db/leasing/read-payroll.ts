import type { EntityManager } from '@mikro-orm/postgresql'
import { comingDeductions } from '../../domain/leasing/payroll.ts'
import type { Installment } from '../../domain/plans/plan.ts'
import type { CivilDate, Instant } from '../../domain/plans/terms.ts'
import { namesOf } from '../customers/people.ts'
import { cursorOf, decodeCursor, type Page, type PageOptions } from '../pages.ts'
import type { PlanRow } from '../plans/plans.ts'
import { planOf } from '../plans/rows.ts'
import { DEVICE, MODEL } from './deducted-device.ts'

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

/** `now` is by the client's clock. */
export type PayrollMonth = { tenant: string; client: string; from: CivilDate; before: CivilDate; now: Instant }

const BY_EMPLOYEE = [{ property: 'employee', column: 'employee', is: 'text' }] as const

const ACCRUED = `payroll_deductions d ${MODEL}
   where d.tenant_id = :tenant and d.client_id = :client and d.date >= :from and d.date < :before`

/**
 * Leases of which something may come off pay in the month: what is due in it, and what was due before and is not taken
 * yet; not while a pause lasts beyond it, or nobody knows for how long; and what was chosen for an end of the term. Which
 * of it comes, and when, is the domain's to say.
 */
const MAY_COME = `leases l join plans p on p.id = l.plan_id
   where l.tenant_id = :tenant and l.client_id = :client and l.payer = 'payroll' and p.lifecycle = 'active'
     and (l.is_running and p.end_date < :before and p.state #>> '{lease,endChoice,choice}' <> 'return'
       or exists (select from installments i where i.plan_id = l.plan_id and i.number > 0 and i.amount > i.paid_amount
       and i.due_date < :before and (i.status = 'retrying' or i.status = 'scheduled' and
         case when jsonb_typeof(p.state -> 'pause') = 'object'
           then (p.state -> 'pause' ->> 'until')::timestamptz < :before::date + 1
           else i.due_date >= :from or i.due_at <= :now end)))`

/**
 * By employee, each with all of theirs. So many employees are looked at, and those are left out who turn out to have
 * nothing: a page may have fewer, and is the last one only without a cursor. To be read at one moment: what is deducted
 * meanwhile would else be neither to come nor taken. Throws `InvalidCursor`.
 */
export async function listPayroll(
  em: EntityManager,
  month: PayrollMonth,
  { limit, cursor }: PageOptions,
): Promise<Page<PayrollEmployee>> {
  const [after = ''] = cursor ? decodeCursor(cursor, BY_EMPLOYEE) : []
  const employees = await em.execute<{ employee: string }[]>(
    `(select distinct d.employee_id as employee from ${ACCRUED} and d.employee_id > :after order by 1 limit :limit)
      union (select distinct l.employee_id from ${MAY_COME} and l.employee_id > :after order by 1 limit :limit)
      order by 1 limit :limit`,
    { ...month, after, limit: limit + 1 },
  )
  const ids = employees.slice(0, limit).map(({ employee }) => employee)
  const last = ids.at(-1)
  if (last === undefined) return { data: [], nextCursor: null }
  const of = { ...month, after: String(after), last }
  const lines = Map.groupBy(
    [...(await accrued(em, of)), ...(await coming(em, of))].toSorted(byDate),
    ({ employee }) => employee,
  )
  const names = await namesOf(em, month.tenant, [...lines.keys()])
  const data = ids.flatMap((employee) => {
    const theirs = lines.get(employee)
    return theirs ? [{ employee, employeeName: names.get(employee) ?? null, lines: theirs }] : []
  })
  return { data, nextCursor: employees.length > limit ? cursorOf({ employee: last }, BY_EMPLOYEE) : null }
}

/** Those of the employees from one on, to another. */
type Part = PayrollMonth & { after: string; last: string }

async function accrued(em: EntityManager, of: Part): Promise<PayrollLine[]> {
  const rows = await em.execute<(Omit<PayrollLine, 'amount'> & { amount: string })[]>(
    `select d.employee_id as employee, d.plan_id as lease, ${DEVICE} as device, d.installment_number as installment, d.amount,
        d.date::text as date, d.statement_id as statement, true as "isAccrued"
      from ${ACCRUED} and d.employee_id > :after and d.employee_id <= :last`,
    of,
  )
  return rows.map((row) => ({ ...row, amount: Number(row.amount) }))
}

type Candidate = {
  employee: string
  lease: string
  device: string
  state: PlanRow['state']
  installments: Installment[]
}

async function coming(em: EntityManager, of: Part): Promise<PayrollLine[]> {
  const rows = await em.execute<Candidate[]>(
    `select x.employee, x.lease, coalesce(m.name, x.model) as device, x.state,
        (select jsonb_agg(i.state order by i.number) from installments i where i.plan_id = x.lease) as installments
      from (select l.employee_id as employee, l.plan_id as lease, l.model_code as model, p.state from ${MAY_COME}
          and l.employee_id > :after and l.employee_id <= :last) x
      left join device_models m on m.tenant_id = :tenant and m.code = x.model`,
    of,
  )
  return rows.flatMap(({ employee, lease, device, state, installments }) => {
    const plan = planOf(
      { state },
      installments.map((one) => ({ state: one })),
    )
    const line = { employee, lease, device, statement: null, isAccrued: false }
    return comingDeductions(plan, of).map((deduction) => ({ ...line, ...deduction }))
  })
}

function byDate(a: PayrollLine, b: PayrollLine): number {
  const key = ({ date, lease }: PayrollLine) => `${date} ${lease}`
  if (key(a) !== key(b)) return key(a) < key(b) ? -1 : 1
  return (a.installment ?? 0) - (b.installment ?? 0)
}
