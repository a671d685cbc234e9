import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { UNIT_STATUSES } from '../../domain/leasing/lease.ts'
import { amount, instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** What can be leased. How many there are is what the statuses of the units say. */
export const DeviceModels = defineEntity({
  ...ofTenant,
  name: 'DeviceModel',
  tableName: 'device_models',
  properties: {
    tenantId: text().primary(),
    code: text().primary(),
    name: text(),
    description: text(),
    manufacturer: text(),
    price: amount('price'),
    currency: text(),
    /** A month of damage cover; null where there is none to be had. */
    waiverMonthly: amount('waiver_monthly').nullable(),
    images: p.json<string[]>().default('[]'),
    createdAt: instant(),
    updatedAt: instant(),
    deletedAt: instant().nullable(),
  },
  indexes: [{ name: 'device_models_created', properties: ['tenantId', 'createdAt', 'code'] }],
})
export type DeviceModelRow = InferEntity<typeof DeviceModels>

/** Physical units. One belongs to one lease at most, and a lease has one that is reserved and one that is leased at most. */
export const Devices = defineEntity({
  ...ofTenant,
  name: 'Device',
  tableName: 'devices',
  properties: {
    id: text().primary(),
    tenantId: text(),
    imei: text(),
    modelCode: text(),
    status: p.enum(UNIT_STATUSES),
    leaseId: text().nullable(),
    /** Put aside for a lease that is not on record yet, in real time; nobody's again after it. */
    heldUntil: instant().nullable(),
    /** While it is put aside for a new lease: the employee, for whom it counts already. */
    heldFor: text().nullable(),
    createdAt: instant(),
    updatedAt: instant(),
  },
  checks: [
    {
      name: 'devices_lease_check',
      expression: `case when status in ('reserved', 'leased') then lease_id is not null
        when status in ('available', 'maintenance', 'retired') then lease_id is null else true end`,
    },
    { name: 'devices_held_check', expression: `held_until is null or status = 'reserved'` },
  ],
  indexes: [
    { name: 'devices_created', properties: ['tenantId', 'createdAt', 'id'] },
    { name: 'devices_stock', properties: ['tenantId', 'modelCode', 'status', 'id'] },
    { name: 'devices_held', properties: ['tenantId', 'modelCode', 'heldUntil'], where: 'held_until is not null' },
  ],
  uniques: [
    { name: 'devices_imei', properties: ['tenantId', 'imei'] },
    { name: 'devices_reserved', properties: ['leaseId'], where: `status = 'reserved' and held_until is null` },
    { name: 'devices_leased', properties: ['leaseId'], where: `status = 'leased'` },
  ],
})
export type DeviceRow = InferEntity<typeof Devices>
