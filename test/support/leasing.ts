import type { EntityManager, MikroORM } from '@mikro-orm/postgresql'
import { addCustomer, type SavedPaymentMethod } from '../../db/customers/people.ts'
import { Clients } from '../../db/leasing/clients.ts'
import { addCompany } from '../../db/leasing/companies.ts'
import { LeaseChanges } from '../../db/leasing/lease-changes.ts'
import { Leases } from '../../db/leasing/leases.ts'
import { addEmployees } from '../../db/leasing/staff.ts'
import { DeviceModels } from '../../db/leasing/stock.ts'
import { addUnits } from '../../db/leasing/units.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { withCheckDigit } from '../../domain/leasing/imei.ts'
import type { LeaseChange, LeaseEnding } from '../../domain/leasing/lease-changes.ts'
import { DEFAULT_STORE, type StatementSettings, type StoreSettings } from '../../domain/leasing/store.ts'

/** Companies, employees and devices as they stand in the database, without the routes that make them. */

const AT = '2027-01-01T00:00:00Z'
const nobody = { phone: null, locale: null, gatewayCustomerId: null, defaultPaymentMethod: null }
let made = 0
const next = (prefix: string) => `${prefix}${process.pid}_${++made}`

type Company = { store?: Partial<StoreSettings>; clock?: string | null; tenant?: string }

export async function placeCompany(orm: MikroORM, { store = {}, clock = null, tenant = 'acme' }: Company = {}) {
  const id = next('cli_')
  const company = {
    ...{
      ...nobody,
      tenantId: tenant,
      id,
      name: `Company ${id}`,
      email: `${id}@example.com`,
      status: 'active' as const,
    },
    ...{ officeAddress: '1 Front Street', domains: [], currency: 'USD', store: { ...DEFAULT_STORE, ...store } },
    statement: { period: 'monthly' as const, day: 1, timezone: 'America/Toronto' },
    ...{ testClockId: clock, createdAt: AT, updatedAt: AT },
  }
  await inTenant(tenant, () => addCompany(orm.em.fork(), company))
  return id
}

export async function placeEmployee(orm: MikroORM, client: string, tenant = 'acme'): Promise<string> {
  const id = next('emp_')
  const times = { createdAt: AT, updatedAt: AT, offboardedAt: null }
  const person = {
    ...nobody,
    ...times,
    id,
    name: `Person ${id}`,
    email: `${id}@example.com`,
    status: 'active' as const,
  }
  await inTenant(tenant, () => addEmployees(orm.em.fork(), { tenantId: tenant, id: client }, [person]))
  return id
}

type Model = { units?: number; price?: number; waiverMonthly?: number | null; currency?: string; tenant?: string }

/** A model at 1,000.00, with cover for 5.00 a month, unless it says otherwise. */
export async function placeModel(
  orm: MikroORM,
  { units = 1, price = 100_000, waiverMonthly = 500, currency = 'USD', tenant = 'acme' }: Model = {},
): Promise<string> {
  const code = next('phone-')
  const intake = unitsOf(code, units)
  const texts = { name: `Phone ${code}`, description: 'A phone', manufacturer: 'Maker', images: [] }
  const model = {
    ...texts,
    tenantId: tenant,
    code,
    price,
    currency,
    waiverMonthly,
    createdAt: AT,
    updatedAt: AT,
    deletedAt: null,
  }
  await inTenant(tenant, async () => {
    const em = orm.em.fork()
    await em.insert(DeviceModels, model)
    await addUnits(em, tenant, intake, AT)
  })
  return code
}

function unitsOf(modelCode: string, units: number) {
  const first = `35${String(process.pid % 10_000).padStart(4, '0')}${String(made).padStart(4, '0')}`
  return Array.from({ length: units }, (_, k) => ({
    id: `dev_${modelCode}_${k}`,
    imei: withCheckDigit(`${first}${String(k).padStart(4, '0')}`),
    modelCode,
  }))
}

/** Companies with employees and leases, straight into the database: for tests of what follows from them. */

export const MONTHLY: StatementSettings = { period: 'monthly', day: 1, timezone: 'America/New_York' }

export type NewClient = {
  id: string
  tenant?: string
  name?: string
  statement?: StatementSettings
  clock?: string
  currency?: string
  gatewayCustomer?: string
  method?: SavedPaymentMethod | null
  locale?: string | null
}

export async function addClient(em: EntityManager, client: NewClient): Promise<void> {
  const { id, tenant = 'acme', name = 'Globex Inc.', statement = MONTHLY, clock, currency = 'USD' } = client
  const at = '2027-01-01T00:00:00Z'
  await addCustomer(em, {
    tenantId: tenant,
    id,
    name,
    email: `payroll@${id.replaceAll('_', '-')}.example`,
    phone: null,
    locale: client.locale ?? null,
    gatewayCustomerId: client.gatewayCustomer ?? null,
    defaultPaymentMethod: client.method ?? null,
    createdAt: at,
    updatedAt: at,
  })
  await em.insert(Clients, {
    id,
    tenantId: tenant,
    status: 'active',
    currency,
    store: DEFAULT_STORE,
    statement,
    testClockId: clock ?? null,
    createdAt: at,
    updatedAt: at,
  })
}

export type NewLeases = {
  client: string
  tenant?: string
  count: number
  /** Leases of the same client made in several goes need different ones. */
  prefix?: string
  employees?: number
}

/** Leases that run, of so many employees; `ls_<prefix>_1` and on, of `emp_<prefix>_1` and on. */
export async function addLeases(em: EntityManager, leases: NewLeases): Promise<void> {
  const { client, tenant = 'acme', count, prefix = client, employees = count } = leases
  const given = { client, tenant, count, prefix, employees }
  await em.execute(
    `insert into plans (id, tenant_id, kind, customer_id, status, lifecycle, currency, total_amount, discount_amount,
        start_date, end_date, workflow_id, change_sequence, state, request, created_at, updated_at)
      select 'ls_' || :prefix || '_' || n, :tenant, 'lease', 'emp_' || :prefix || '_' || (n - 1) % :employees + 1, 'active',
        'active', 'USD', 120000, 0, '2027-01-15', '2028-01-15', 'lease-ls_' || :prefix || '_' || n, 0,
        '{"lifecycle": "active", "pause": null, "notBefore": null,
          "terms": {"timezone": "America/New_York", "billingTime": "09:00"}}', '', '2027-01-15T12:00:00Z', '2027-01-15T12:00:00Z'
      from generate_series(1, :count) n`,
    given,
  )
  await em.execute(
    `insert into leases (plan_id, tenant_id, client_id, employee_id, model_code, unit_id, payer, is_running, created_at)
      select 'ls_' || :prefix || '_' || n, :tenant, :client, 'emp_' || :prefix || '_' || (n - 1) % :employees + 1, 'phone-12',
        'dev_' || :prefix || '_' || n, 'payroll', true, '2027-01-15T12:00:00Z'
      from generate_series(1, :count) n`,
    given,
  )
}

/** What a month takes from pay: one line for each of the leases, of `amount` each, with `number` in its key. */
export async function addDeductions(
  em: EntityManager,
  { prefix, count, number, amount, at, tenant = 'acme', currency = 'USD', from = 1 }: NewDeductions,
): Promise<void> {
  await em.execute(
    `insert into payroll_deductions (id, tenant_id, client_id, employee_id, plan_id, model_code, device,
        installment_number, amount, currency, description, date, at)
      select 'txn_' || :prefix || '_' || n || '_' || :number || '_1', l.tenant_id, l.client_id, l.employee_id, l.plan_id,
        l.model_code, coalesce(m.name, l.model_code), case when :amount::bigint < 0 then null else :number::int end, :amount::bigint, :currency,
        case when :amount::bigint < 0 then 'Given back by pay' else 'Deducted from pay: instalment ' || :number end,
        (:at::timestamptz at time zone 'America/New_York')::date, :at::timestamptz
      from generate_series(:from::int, :from::int + :count::int - 1) n
      join leases l on l.plan_id = 'ls_' || :prefix || '_' || n and l.tenant_id = :tenant
      left join device_models m on m.tenant_id = l.tenant_id and m.code = l.model_code`,
    { prefix, count, number, amount, at, tenant, currency, from },
  )
}

type NewDeductions = {
  prefix: string
  count: number
  number: number
  /** Negative for a credit. */
  amount: number
  at: string
  tenant?: string
  currency?: string
  /** Of which lease the first is. */
  from?: number
}

export type NewLeaseChange = {
  lease: string
  change: LeaseChange
  at: string
  device?: string
  previousDevice?: string
  monthly?: number | null
  previousMonthly?: number | null
  how?: LeaseEnding
  currency?: string
  tenant?: string
}

/** What the next statement lists of leases that `addLeases` made. */
export async function addLeaseChanges(em: EntityManager, changes: NewLeaseChange[]): Promise<void> {
  for (const { lease, at, currency = 'USD', tenant = 'acme', ...given } of changes) {
    const { clientId, employeeId, modelCode } = await em.findOneOrFail(Leases, { planId: lease })
    await em.insert(LeaseChanges, {
      ...{ id: next('lch_'), tenantId: tenant, clientId, employeeId, planId: lease, modelCode, currency, at },
      ...{ change: given.change, device: given.device ?? modelCode, previousDevice: given.previousDevice ?? null },
      ...{ monthlyAmount: given.monthly ?? null, previousMonthlyAmount: given.previousMonthly ?? null },
      ...{ how: given.how ?? null, date: at.slice(0, 10) },
    })
  }
}
