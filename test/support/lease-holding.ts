import {
  closeStatement,
  noteCharge,
  openStatement,
  putLeaseChanges,
  putLines,
} from '../../db/leasing/close-statement.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { instantOf } from '../../domain/calendar.ts'
import { type ApiWorld, tokenOf } from './api-world.ts'
import { placeModel } from './leasing.ts'

type Of = { tenant: string; customer: string; client: string }

/** Two leases that are with their employee and one on order, a line in the cart, and many more devices. */
export async function holdLeases(world: ApiWorld, { tenant, customer, client }: Of) {
  const asAdmin = tokenOf({ sub: `owner-of-${customer}`, tenant, roles: ['admin'] })
  const asEmployee = tokenOf({ sub: customer, tenant, roles: ['employee'], customer, client })
  const post = async (url: string, body: unknown, token = asAdmin) => {
    const answer = await world.ask('POST', url, { token, body })
    if (answer.status >= 300) throw new Error(`POST ${url} answers ${answer.status}: ${answer.text}`)
    return answer.body
  }
  const model = await placeModel(world.orm, { units: 200, tenant })
  await inTenant(tenant, () =>
    world.orm.em
      .fork()
      .execute(
        `update clients set store = store || '{"maximumPerEmployee": 1000, "payers": ["payroll", "employee"]}' where id = ?`,
        [client],
      ),
  )
  const wanted = { device_code: model, term_months: 12, payer: 'payroll' }
  const ordered = async (payer: string) =>
    (await post('/leases', { employee_id: customer, ...wanted, payer })).lease_id as string
  const [lease, spare] = [await ordered('employee'), await ordered('payroll')]
  for (const id of [lease, spare]) await post(`/leases/${id}/delivered`, {})
  for (const id of [lease, spare]) {
    await post(`/leases/${id}/payments`, { amount: 1_000, payment_method: 'pm_card_visa' })
  }
  const waiting = await ordered('payroll')
  const line = (await post('/cart', wanted, asEmployee)).cart_line_id
  const statements = await inTenant(tenant, () => holdStatement(world, { tenant, client, lease: spare }))
  return { model, spare, waiting, ids: { leases: lease, cart: line, statements } }
}

/** A statement of today with one line of the lease and that it began, by whose plan it is charged as well, and one more line on none. */
async function holdStatement(
  world: ApiWorld,
  { tenant, client, lease }: { tenant: string; client: string; lease: string },
): Promise<string> {
  const em = () => world.orm.em.fork()
  const deducted = (number: number) =>
    em().execute(
      `insert into payroll_deductions (id, tenant_id, client_id, employee_id, plan_id, model_code, device,
          installment_number, amount, currency, description, date, at)
        select 'txn_held_' || plan_id || '_' || ?, tenant_id, client_id, employee_id, plan_id, model_code, model_code, ?, 1000, 'USD',
          'Deducted from pay', current_date, now() from leases where plan_id = ?`,
      [number, number, lease],
    )
  await deducted(1)
  const at = instantOf(Date.now() + 1_000)
  const today = at.slice(0, 10)
  const { id } = await openStatement(em(), { id: client, tenant }, { start: today, end: today, cutOff: at }, at)
  await putLines(em(), id, 100)
  await putLeaseChanges(em(), id, 100)
  await closeStatement(em(), id, at)
  await noteCharge(em(), id, lease)
  await deducted(2)
  return id
}
