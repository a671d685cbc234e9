import type { LockMode } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { blindIndex, blindIndexes, type KeyRing } from '../../secrets/key-ring.ts'
import { type Place, type Sealed, seal, unseal } from '../../secrets/sealed.ts'
import { insertOnce } from '../insert-once.ts'
import { keysOf } from '../keys.ts'
import { type CustomerRow, Customers } from './customers.ts'

export type SavedPaymentMethod = { id: string; type: string; label: string }

/** A customer as people know one. The one door to the rows, in which all of it but ids and times is sealed. */
export type Customer = CustomerId & {
  name: string
  email: string
  phone: string | null
  locale: string | null
  gatewayCustomerId: string | null
  defaultPaymentMethod: SavedPaymentMethod | null
  createdAt: string
  updatedAt: string
}
export type CustomerId = { tenantId: string; id: string }
type Personal = Pick<Customer, 'name' | 'email' | 'phone' | 'defaultPaymentMethod'>

export async function findCustomer(
  em: EntityManager,
  { tenantId, id }: CustomerId,
  options: { lockMode?: LockMode; refresh?: boolean } = {},
): Promise<Customer | null> {
  const row = await em.findOne(Customers, { tenantId, id }, options)
  return row && opened(keysOf(em), row)
}

/** The tenant's customers with this address or number, as it was given; the newest first, a hundred at most. */
export async function findCustomersBy(
  em: EntityManager,
  tenantId: string,
  by: 'email' | 'phone',
  value: string,
): Promise<Customer[]> {
  const keys = keysOf(em)
  const rows = await em.find(
    Customers,
    { tenantId, [`${by}Index`]: { $in: indexesOf(em, tenantId, by, value) } },
    { orderBy: { createdAt: 'desc', id: 'desc' }, limit: 100 },
  )
  return rows.map((row) => opened(keys, row))
}

/** Those of these ids that there are, by id. */
export async function findCustomers(
  em: EntityManager,
  tenantId: string,
  ids: string[],
): Promise<Map<string, Customer>> {
  const keys = keysOf(em)
  const rows = ids.length === 0 ? [] : await em.find(Customers, { tenantId, id: { $in: ids } })
  return new Map(rows.map((row) => [row.id, opened(keys, row)]))
}

/** What the rows with this address or number may have in their index, under any key of the ring. */
export function indexesOf(em: EntityManager, tenantId: string, by: 'email' | 'phone', value: string): string[] {
  return blindIndexes(keysOf(em), about(tenantId, by), comparable(by, value))
}

/** Names by id, of those who are known. */
export async function namesOf(em: EntityManager, tenantId: string, ids: string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await em.execute<{ id: string; name: Sealed }[]>(
    'select id, name from customers where tenant_id = ? and id in (?)',
    [tenantId, ids],
  )
  return new Map(rows.map(({ id, name }) => [id, unseal(keysOf(em), placeOf({ tenantId, id }, 'name'), name)]))
}

/** False when there is one by this id already, which then stays as it is. */
export async function addCustomer(em: EntityManager, customer: Customer): Promise<boolean> {
  return (await addCustomers(em, [customer])) === 1
}

/** How many were made: what is there by its id already stays as it is. */
export async function addCustomers(em: EntityManager, customers: Customer[]): Promise<number> {
  const keys = keysOf(em)
  const rows = customers.map((customer) => {
    const { name, email, phone, defaultPaymentMethod, ...open } = customer
    const sealed = closed(keys, customer, { name, email, phone, defaultPaymentMethod }) as Columns
    return { ...open, ...sealed, preferences: {} }
  })
  return insertOnce(em, Customers, rows, ['tenantId', 'id'])
}

/** Writes what is given, and leaves the rest. */
export async function changeCustomer(
  em: EntityManager,
  { tenantId, id }: CustomerId,
  change: Partial<Omit<Customer, keyof CustomerId | 'createdAt'>>,
): Promise<void> {
  const { name, email, phone, defaultPaymentMethod, ...open } = change
  const sealed = closed(keysOf(em), { tenantId, id }, { name, email, phone, defaultPaymentMethod })
  await em.nativeUpdate(Customers, { tenantId, id }, { ...open, ...sealed })
}

/** What is the same address or number to people, however it is written. */
export function comparable(by: 'email' | 'phone', value: string): string {
  return by === 'email' ? value.trim().toLowerCase() : value.replace(/[^0-9+]/g, '')
}

const about = (tenantId: string, by: 'email' | 'phone') => ['customers', by, tenantId]
export const placeOf = ({ tenantId, id }: CustomerId, column: string): Place => ['customers', column, tenantId, id]

type Columns = Pick<CustomerRow, 'name' | 'email' | 'emailIndex' | 'phone' | 'phoneIndex' | 'defaultPaymentMethod'>

/** The columns of what is given; what is absent stays absent. */
function closed(keys: KeyRing, of: CustomerId, given: Partial<Personal>): Partial<Columns> {
  const { name, email, phone, defaultPaymentMethod: method } = given
  const column = (what: string, value: string) => seal(keys, placeOf(of, what), value)
  const index = (by: 'email' | 'phone', value: string) =>
    blindIndex(keys, about(of.tenantId, by), comparable(by, value))
  return {
    ...(name !== undefined && { name: column('name', name) }),
    ...(email !== undefined && { email: column('email', email), emailIndex: index('email', email) }),
    ...(phone !== undefined && {
      phone: phone === null ? null : column('phone', phone),
      phoneIndex: phone === null ? null : index('phone', phone),
    }),
    ...(method !== undefined && {
      defaultPaymentMethod: method && column('default_payment_method', JSON.stringify(method)),
    }),
  }
}

/** The keyed hashes of a row under the active key. */
export function reindexed(keys: KeyRing, of: CustomerId, row: Pick<CustomerRow, 'email' | 'phone'>) {
  const index = (by: 'email' | 'phone', sealed: Sealed) =>
    blindIndex(keys, about(of.tenantId, by), comparable(by, unseal(keys, placeOf(of, by), sealed)))
  return { email_index: index('email', row.email), phone_index: row.phone ? index('phone', row.phone) : null }
}

function opened(keys: KeyRing, row: CustomerRow): Customer {
  const column = (what: string, value: Sealed) => unseal(keys, placeOf(row, what), value)
  const { phone, defaultPaymentMethod: method } = row
  return {
    tenantId: row.tenantId,
    id: row.id,
    name: column('name', row.name),
    email: column('email', row.email),
    phone: phone ? column('phone', phone) : null,
    locale: row.locale ?? null,
    gatewayCustomerId: row.gatewayCustomerId ?? null,
    defaultPaymentMethod: method ? JSON.parse(column('default_payment_method', method)) : null,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}
