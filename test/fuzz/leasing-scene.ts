import { randomUUID } from 'node:crypto'
import { withCheckDigit } from '../../domain/leasing/imei.ts'
import type { Tenor } from '../support/e2e-client.ts'

export type LeasingNames = Record<
  'clients' | 'employees' | 'models' | 'devices' | 'leases' | 'statements' | 'imeis',
  string[]
>

const UNITS = 60
/** Of these the scene makes units; of the others the fuzzer may. */
const IMEIS = Array.from({ length: 2 * UNITS }, (_, k) => withCheckDigit(String(35_000_000_000_000 + k)))

/**
 * A company with employees, stock, and leases in every state that there is: ordered, on its way, running by payroll and
 * by card, with months on closed statements, and over.
 */
export async function setLeasingScene(tenor: Tenor): Promise<LeasingNames> {
  const made = (path: string, body: object) => tenor.must<Record<string, string>>('POST', path, { body })
  const model = { name: 'Phone', manufacturer: 'Maker', price: 90_000, currency: 'USD', waiver_monthly_amount: 500 }
  const codes = ['phone-1', 'phone-2']
  for (const code of codes) await made('/device_models', { ...model, code })
  const devices: string[] = []
  for (const [k, imei] of IMEIS.slice(0, UNITS).entries()) {
    devices.push((await made('/devices', { imei, model_code: codes[k % 2] })).device_id ?? '')
  }
  const clock = await tenor.clock('2027-01-10T15:00:00Z')
  const domain = `${randomUUID()}.example`
  // Whatever term is made up, it is mostly one that is offered.
  const term_months = Array.from({ length: 24 }, (_, k) => k + 1)
  const store = { payers: ['payroll', 'employee'], term_months, maximum_per_employee: 1000 }
  const company = { name: 'Globex', email: `payroll@${domain}`, payment_method: 'pm_card_visa', store }
  const onClock = await made('/clients', { ...company, domains: [domain], test_clock: clock })
  const live = await made('/clients', { ...company, domains: [`live.${domain}`] })
  const clients = [onClock.client_id ?? '', live.client_id ?? '']
  const employees: string[] = []
  for (const [k, client] of [...clients, ...clients].entries()) {
    const person = { name: 'Ada Obi', email: `person-${k}@${domain}`, payment_method: 'pm_card_visa' }
    employees.push((await made(`/clients/${client}/employees`, person)).employee_id ?? '')
  }
  const leases: string[] = []
  const [first, second] = employees
  for (const employee of [first, first, first, first, first, second, second]) {
    const payer = leases.length % 2 === 0 ? 'payroll' : 'employee'
    const order = { employee_id: employee, device_code: 'phone-1', term_months: 12, payer }
    leases.push((await made('/leases', order)).lease_id ?? '')
  }
  const [running, byCard, bought, sent] = leases
  for (const id of [running, byCard, bought, sent]) await made(`/leases/${id}/dispatched`, {})
  for (const id of [running, byCard, bought]) await made(`/leases/${id}/delivered`, {})
  await made(`/leases/${bought}/buy_out`, {})
  await tenor.advance(clock, '2027-04-05T00:00:00Z')
  const statements = await tenor.all<{ statement_id: string }>(`/clients/${clients[0]}/statements`)
  if (statements.length === 0) throw new Error('no statement was closed: there would be nothing for the fuzzer to read')
  const ids = statements.map(({ statement_id: id }) => id)
  return { clients, employees, models: codes, devices, leases, statements: ids, imeis: IMEIS }
}
