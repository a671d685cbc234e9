import { randomInt, randomUUID } from 'node:crypto'
import { withCheckDigit } from '../../domain/leasing/imei.ts'
import { clockWorkflowId } from '../../workflows/clocks/messages.ts'
import { statementsWorkflowId } from '../../workflows/leasing/statement-messages.ts'
import { planWorkflowId } from '../../workflows/plans/messages.ts'
import type { Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'

/** Lives leases, and what companies owe for them, in every way that their workflows have. */

const ORDERED = '2027-01-10T15:00:00Z'

/** One on payroll, kept for longer at the end of its term and bought at the end of that. */
export async function leasedOnPayroll(tenor: Tenor) {
  const { client, clock, order } = await company(tenor)
  const id = await order({ term_months: 3 })
  await deliver(tenor, id)
  await tenor.must('POST', `/leases/${id}/pause`, { body: { mode: 'extend' } })
  await tenor.advance(clock, '2027-02-10T00:00:00Z')
  await tenor.must('POST', `/leases/${id}/resume`)
  await tenor.must('PATCH', `/leases/${id}`, { body: { damage_waiver: true } })
  await step(tenor, id, 'end_choice', { choice: 'extend', months: 2 })
  await tenor.advance(clock, '2027-06-05T00:00:00Z')
  await step(tenor, id, 'end_choice', { choice: 'buy_out' })
  await tenor.advance(clock, '2027-10-01T00:00:00Z')
  await tenor.untilPlan(id, ({ status }) => status === 'completed')
  return { lease: leaseWorkflow(id), clock: clockWorkflowId(clock), statements: statementsWorkflowId(client) }
}

/** Never dispatched in time; out of stock, with another unit in its place, and then with none. */
export async function outOfStock(tenor: Tenor) {
  const { clock, order, model } = await company(tenor, { units: 3 })
  const substituted = await order()
  const terminated = await order()
  await tenor.advance(clock, '2027-01-20T00:00:00Z')
  await step(tenor, substituted, 'out_of_stock')
  await step(tenor, terminated, 'out_of_stock')
  await deliver(tenor, substituted)
  await tenor.advance(clock, '2027-03-01T00:00:00Z')
  await tenor.untilPlan(terminated, ({ status }) => status === 'terminated')
  const { data } = await tenor.must<{ data: object[] }>('GET', `/devices?model=${model}&status=leased`)
  if (data.length !== 1) throw new Error('The substitute was not delivered')
  return { substituted: leaseWorkflow(substituted), terminated: leaseWorkflow(terminated) }
}

/** Paid by card, exchanged, lost, bought early; and those whose employee leaves. */
export async function exchangedAndLeft(tenor: Tenor) {
  const { clock, order, model, employee } = await company(tenor, { units: 8, store: { offboarding: 'transfer' } })
  const [exchanged, stolen, bought] = [await order({ payer: 'employee' }), await order(), await order()]
  for (const id of [exchanged, stolen, bought]) await deliver(tenor, id)
  const undelivered = await order()
  await tenor.advance(clock, '2027-02-20T00:00:00Z')
  await step(tenor, exchanged, 'exchange', { device_code: model, reason: 'a dead pixel' })
  await step(tenor, stolen, 'lost', { how: 'stolen' })
  await step(tenor, bought, 'buy_out')
  const left = await order()
  await deliver(tenor, left)
  await tenor.advance(clock, '2027-03-20T00:00:00Z')
  await tenor.must('POST', `/employees/${employee}/offboard`, { body: {} })
  await tenor.advance(clock, '2027-05-20T00:00:00Z')
  const named = Object.entries({ exchanged, stolen, bought, undelivered, left })
  return Object.fromEntries(named.map(([name, id]) => [name, leaseWorkflow(id)]))
}

/** A company's statements: one that is charged, one whose charge bounces and is then mended, and the end of it all. */
export async function statementsOfCompany(tenor: Tenor) {
  const { client, clock, order } = await company(tenor)
  await deliver(tenor, await order())
  await tenor.advance(clock, '2027-02-02T00:00:00Z')
  await tenor.outcomes(client, ['insufficient_funds', 'insufficient_funds'])
  await tenor.advance(clock, '2027-03-05T00:00:00Z')
  const statements = await tenor.all<Statement>(`/clients/${client}/statements`)
  const charged = statements.filter(({ payment }) => payment !== null)
  if (charged.length !== 2) throw new Error(`${charged.length} statements were charged, and two should have been`)
  const body = { timezone: 'America/Toronto', statement: { period: 'weekly', day: 1 } }
  await tenor.must('PATCH', `/clients/${client}`, { body })
  await tenor.advance(clock, '2027-03-20T00:00:00Z')
  const payments = charged.map(({ payment }, k) => [`payment-${charged.length - k}`, statementWorkflow(payment)])
  return { statements: statementsWorkflowId(client), ...Object.fromEntries(payments) }
}

type Statement = { payment: { plan_id: string } | null }

const leaseWorkflow = (id: string) => planWorkflowId({ id, kind: 'lease' })
const statementWorkflow = (payment: Statement['payment']) =>
  planWorkflowId({ id: payment?.plan_id ?? '', kind: 'statement' })

const step = (tenor: Tenor, id: string, name: string, body: object = {}) =>
  tenor.must<Plan>('POST', `/leases/${id}/${name}`, { body })

async function deliver(tenor: Tenor, id: string): Promise<void> {
  await step(tenor, id, 'dispatched', { tracking: '1Z 999' })
  await step(tenor, id, 'delivered')
}

/** A company on a clock of its own with one employee, and a model of which there are so many units. */
async function company(tenor: Tenor, { units = 1, store = {} }: { units?: number; store?: object } = {}) {
  const make = (path: string, body: object) => tenor.must<Record<string, string>>('POST', path, { body })
  const model = `phone-${randomUUID()}`
  const texts = { name: 'Phone', manufacturer: 'Maker' }
  await make('/device_models', { ...texts, code: model, price: 90_000, currency: 'USD', waiver_monthly_amount: 500 })
  for (let unit = 0; unit < units; unit += 1) {
    await make('/devices', { imei: withCheckDigit(`35${randomInt(10 ** 12)}`.padEnd(14, '0')), model_code: model })
  }
  const clock = await tenor.clock(ORDERED)
  const domain = `${randomUUID()}.example`
  const { client_id: client = '' } = await make('/clients', {
    ...{ name: 'Globex', email: `payroll@${domain}`, domains: [domain], payment_method: 'pm_card_visa' },
    test_clock: clock,
    store: {
      payers: ['payroll', 'employee'],
      term_months: [3, 12],
      maximum_per_employee: 10,
      billing_day: 15,
      ...store,
    },
  })
  const person = { name: 'Ada Obi', email: `ada@${domain}`, payment_method: 'pm_card_visa' }
  const { employee_id: employee = '' } = await make(`/clients/${client}/employees`, person)
  const order = async (more: object = {}) => {
    const asked = { employee_id: employee, device_code: model, term_months: 12, payer: 'payroll', ...more }
    return (await make('/leases', asked)).lease_id ?? ''
  }
  return { client, clock, model, employee, order }
}
