import type { MikroORM } from '@mikro-orm/postgresql'
import { addCompany } from '../../db/leasing/companies.ts'
import { addEmployees } from '../../db/leasing/staff.ts'
import { DeviceModels } from '../../db/leasing/stock.ts'
import { addUnits } from '../../db/leasing/units.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { withCheckDigit } from '../../domain/leasing/imei.ts'
import { DEFAULT_STORE, type StoreSettings } from '../../domain/leasing/store.ts'

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
