import { z } from 'zod'
import type { Company } from '../../../db/leasing/companies.ts'
import {
  currency,
  email,
  instant,
  line,
  listQuery,
  locale,
  paragraph,
  paymentMethodId,
  phone,
  timezone,
} from '../../http/fields.ts'
import { StorePart } from './store-shapes.ts'

const STATUSES = ['active', 'suspended'] as const
const HOST = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/
const domain = z.string().max(253).toLowerCase().regex(HOST, 'must be a domain name').meta({ example: 'acme.example' })
const Statement = z.discriminatedUnion('period', [
  z.strictObject({
    period: z.literal('weekly'),
    day: z.int().min(1).max(7).meta({ description: 'Of the week that begins with it; Monday is 1.' }),
  }),
  z.strictObject({
    period: z.enum(['monthly', 'quarterly']),
    day: z.int().min(1).max(31).meta({ description: 'Of the month; the last one of a month that is shorter.' }),
  }),
])

const person = { name: line(200), email, phone }
const more = {
  locale,
  domains: z.array(domain).max(50),
  statement: Statement.meta({
    description: 'When its statements are closed: at the midnight with which the day begins.',
  }),
  office_address: paragraph(1000).meta({ description: 'Where devices go.' }),
  payment_method: paymentMethodId,
}
export const ClientBody = z
  .strictObject({
    ...person,
    phone: phone.optional(),
    locale: locale.optional(),
    domains: more.domains.default([]),
    currency: currency.default('USD'),
    timezone: timezone.default('UTC'),
    statement: more.statement.default({ period: 'monthly', day: 1 }),
    store: StorePart.default({}),
    office_address: more.office_address.optional(),
    payment_method: paymentMethodId.optional(),
    test_clock: line(64).optional().meta({ description: 'Its leases and statements follow it.' }),
  })
  .meta({ id: 'ClientBody' })
export const ClientChange = z
  .strictObject({
    name: person.name.optional(),
    email: email.optional(),
    phone: phone.nullable().optional(),
    locale: locale.nullable().optional(),
    domains: more.domains.optional(),
    timezone: timezone.optional(),
    statement: more.statement.optional(),
    office_address: more.office_address.nullable().optional(),
    payment_method: paymentMethodId.optional(),
    status: z.enum(STATUSES).optional().meta({ description: 'Employees of a suspended company order nothing new.' }),
  })
  .meta({
    id: 'ClientChange',
    description: "What is absent stays. A company's own admin leaves terms and domains as they are.",
  })

export const Client = z
  .object({
    client_id: z.string(),
    status: z.enum(STATUSES),
    name: z.string(),
    email: z.string().meta({ description: 'Of its admin.' }),
    phone: z.string().nullable(),
    locale: z.string().nullable(),
    domains: z.array(z.string()),
    currency: z.string(),
    timezone: z.string(),
    statement: z.object({ period: z.enum(['weekly', 'monthly', 'quarterly']), day: z.int() }),
    office_address: z.string().nullable(),
    payment_method: z.string().nullable(),
    test_clock: z.string().nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Client' })

export const clientQuery = z.strictObject({ ...listQuery.shape, status: z.enum(STATUSES).optional() })

export function showClient(company: Company): z.output<typeof Client> {
  const { period, day, timezone } = company.statement
  return {
    client_id: company.id,
    status: company.status,
    name: company.name,
    email: company.email,
    phone: company.phone,
    locale: company.locale,
    domains: company.domains,
    currency: company.currency,
    timezone,
    statement: { period, day },
    office_address: company.officeAddress,
    payment_method: company.defaultPaymentMethod?.id ?? null,
    test_clock: company.testClockId,
    created_at: company.createdAt,
    updated_at: company.updatedAt,
  }
}
