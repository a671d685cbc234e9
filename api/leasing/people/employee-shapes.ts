import { z } from 'zod'
import type { Employee as Person } from '../../../db/leasing/staff.ts'
import { email, instant, line, listQuery, locale, paymentMethodId, phone } from '../../http/fields.ts'

const STATUSES = ['active', 'offboarded'] as const
const name = line(200)

export const EmployeeBody = z
  .strictObject({
    name,
    email,
    phone: phone.optional(),
    locale: locale.optional(),
    payment_method: paymentMethodId.optional(),
  })
  .meta({ id: 'EmployeeBody' })
export const EmployeeChange = z
  .strictObject({
    name: name.optional(),
    email: email.optional(),
    phone: phone.nullable().optional(),
    locale: locale.nullable().optional(),
    payment_method: paymentMethodId.optional(),
    status: z.literal('active').optional().meta({ description: 'For one who was offboarded and is back.' }),
  })
  .meta({
    id: 'EmployeeChange',
    description: 'What is absent stays. Employees leave their name, address and status to their company.',
  })
export const EmployeeLine = z.object({ name, email, phone: phone.optional(), locale: locale.optional() })

export const Employee = z
  .object({
    employee_id: z.string(),
    client_id: z.string(),
    status: z.enum(STATUSES),
    name: z.string(),
    email: z.string(),
    phone: z.string().nullable(),
    locale: z.string().nullable(),
    payment_method: z.string().nullable(),
    created_at: instant,
    updated_at: instant,
    offboarded_at: instant.nullable(),
  })
  .meta({ id: 'Employee' })

export const employeeQuery = z.strictObject({ ...listQuery.shape, status: z.enum(STATUSES).optional() })

export function showEmployee(row: Person): z.output<typeof Employee> {
  return {
    employee_id: row.id,
    client_id: row.clientId,
    status: row.status,
    name: row.name,
    email: row.email,
    phone: row.phone,
    locale: row.locale,
    payment_method: row.defaultPaymentMethod?.id ?? null,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
    offboarded_at: row.offboardedAt,
  }
}
