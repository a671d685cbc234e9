import { z } from 'zod'
import type { DeviceModelRow, DeviceRow } from '../../../db/leasing/stock.ts'
import type { Stock } from '../../../db/leasing/units.ts'
import { imeiOf } from '../../../domain/leasing/imei.ts'
import { UNIT_STATUSES } from '../../../domain/leasing/lease.ts'
import { amount, currency, cursor, instant, limit, line, paragraph, positiveAmount } from '../../http/fields.ts'

export const modelCode = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be letters, digits, dots, hyphens and underscores')
  .meta({ description: 'Code of a device model.', example: 'pixel-9-128' })

const image = z
  .url({ protocol: /^https$/, error: 'must be an https URL' })
  .max(2000)
  .regex(/^https:/, 'must be an https URL')

const fields = {
  name: line(200),
  description: paragraph(5000),
  manufacturer: line(200),
  price: positiveAmount,
  waiver_monthly_amount: positiveAmount
    .nullable()
    .meta({ description: 'A month of damage cover, in minor units; null where there is none to be had.' }),
  images: z.array(image).max(20),
}

export const ModelBody = z
  .strictObject({
    code: modelCode,
    ...fields,
    currency,
    description: fields.description.optional(),
    waiver_monthly_amount: fields.waiver_monthly_amount.optional(),
    images: fields.images.optional(),
  })
  .meta({ id: 'DeviceModelBody' })
export const ModelChange = z.strictObject(fields).partial().meta({
  id: 'DeviceModelChange',
  description: 'What is absent stays. Leases keep the price that they were made with.',
})

const count = z.int().min(0)
export const Model = z
  .object({
    code: z.string(),
    name: z.string(),
    description: z.string(),
    manufacturer: z.string(),
    price: amount,
    currency: z.string(),
    waiver_monthly_amount: amount.nullable(),
    images: z.array(z.string()),
    stock: z
      .object(Object.fromEntries(UNIT_STATUSES.map((status) => [status, count])) as Record<keyof Stock, typeof count>)
      .meta({
        id: 'Stock',
        description: 'Units by status; what was put aside for an order that never came is available.',
      }),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'DeviceModel' })

export function showModel(row: DeviceModelRow, stock: Stock): z.output<typeof Model> {
  return {
    code: row.code,
    name: row.name,
    description: row.description,
    manufacturer: row.manufacturer,
    price: row.price,
    currency: row.currency,
    waiver_monthly_amount: row.waiverMonthly ?? null,
    images: row.images,
    stock,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
  }
}

export const imei = z
  .string()
  .min(15)
  .max(40)
  .refine((text) => imeiOf(text) !== null, 'must be an IMEI: 15 digits, the last of which checks the others')
  .meta({ description: 'Spaces, hyphens and dots do not count.', example: '490154203237518' })

export const DeviceBody = z.strictObject({ imei, model_code: modelCode }).meta({ id: 'DeviceBody' })
export const DeviceChange = z
  .strictObject({ status: z.enum(['available', 'maintenance', 'retired']) })
  .meta({ id: 'DeviceChange' })
export const deviceQuery = z.strictObject({
  limit,
  cursor,
  model: z.string().min(1).max(64).optional().meta({ description: 'Code of the model.' }),
  status: z.enum(UNIT_STATUSES).optional(),
  imei: z.string().min(1).max(40).optional(),
})

export const Device = z
  .object({
    device_id: z.string(),
    imei: z.string(),
    model_code: z.string(),
    status: z.enum(UNIT_STATUSES),
    lease_id: z.string().nullable(),
    held_until: instant
      .nullable()
      .meta({ description: 'It is put aside for an order that is not on record yet; nobody’s again after it.' }),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Device', description: 'One physical unit.' })

export function showDevice(row: DeviceRow): z.output<typeof Device> {
  return {
    device_id: row.id,
    imei: row.imei,
    model_code: row.modelCode,
    status: row.status,
    lease_id: row.leaseId ?? null,
    held_until: row.heldUntil ?? null,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
  }
}
