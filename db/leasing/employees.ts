import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** Who leases. Name and address are the customer's of the same id. */
export const Employees = defineEntity({
  ...ofTenant,
  name: 'Employee',
  tableName: 'employees',
  properties: {
    id: text().primary(),
    tenantId: text(),
    clientId: text(),
    status: p.enum(['active', 'offboarded']),
    createdAt: instant(),
    updatedAt: instant(),
    offboardedAt: instant().nullable(),
    deletedAt: instant().nullable(),
  },
  indexes: [{ name: 'employees_client', properties: ['tenantId', 'clientId', 'createdAt', 'id'] }],
})
export type EmployeeRow = InferEntity<typeof Employees>

/** A device that an employee means to order. */
export const CartLines = defineEntity({
  ...ofTenant,
  name: 'CartLine',
  tableName: 'cart_lines',
  properties: {
    id: text().primary(),
    tenantId: text(),
    employeeId: text(),
    deviceCode: text(),
    termMonths: p.integer(),
    payer: p.enum(['payroll', 'employee']),
    damageWaiver: p.boolean().default(false),
    createdAt: instant(),
    /** The checkout by which it is being ordered or was, and the lease that it becomes. */
    checkoutId: text().nullable(),
    leaseId: text().nullable(),
    /** In real time: until then nobody else goes on with that checkout. */
    checkoutUntil: instant().nullable(),
    /** It is no part of the cart any more; kept so that a repeat of the checkout is answered as the first. */
    orderedAt: instant().nullable(),
  },
  checks: [{ name: 'cart_lines_checkout_check', expression: '(checkout_id is null) = (lease_id is null)' }],
  indexes: [{ name: 'cart_lines_employee', properties: ['tenantId', 'employeeId', 'createdAt', 'id'] }],
})
export type CartLineRow = InferEntity<typeof CartLines>
