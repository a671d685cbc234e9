import { createHash } from 'node:crypto'
import { LockMode } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Instant } from '../../domain/plans/terms.ts'
import {
  addCustomers,
  type Customer,
  changeCustomer,
  comparable,
  findCustomers,
  indexesOf,
} from '../customers/people.ts'
import { insertOnce } from '../insert-once.ts'
import { BY_CREATION, given, type Page, type PageOptions, pageOf } from '../pages.ts'
import { Clients } from './clients.ts'
import { type EmployeeRow, Employees } from './employees.ts'
import { happenedTo } from './people-events.ts'

/** An employee with what the customer of the same id has of them. The one door to the rows of both. */
export type Employee = EmployeeId &
  Pick<Customer, 'name' | 'email' | 'phone' | 'locale' | 'gatewayCustomerId' | 'defaultPaymentMethod'> & {
    clientId: string
    status: EmployeeRow['status']
    offboardedAt: Instant | null
    createdAt: Instant
    updatedAt: Instant
  }
export type EmployeeId = { tenantId: string; id: string }
export type EmployeeChange = Partial<Pick<Employee, 'name' | 'email' | 'phone' | 'locale'>> &
  Partial<Pick<Employee, 'gatewayCustomerId' | 'defaultPaymentMethod'>> & { updatedAt: Instant }

/** The client is not there, or not any more; nothing was written. */
export class ClientGone extends Error {
  override name = 'ClientGone'
}

/** Somebody of the tenant has the address already; nothing was written. */
export class AddressTaken extends Error {
  override name = 'AddressTaken'
}

/** The domain of an address, as companies have them. */
export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase()
}

/** The employee with this address, provided that their company has its domain. */
export async function employeeByEmail(
  em: EntityManager,
  tenantId: string,
  email: string,
): Promise<{ employee: string; client: string } | null> {
  const [found] = await em.execute<{ employee: string; client: string }[]>(
    `select e.id as employee, e.client_id as client from customers c
      join employees e on e.tenant_id = c.tenant_id and e.id = c.id and e.deleted_at is null
      join client_domains d on d.tenant_id = e.tenant_id and d.client_id = e.client_id and d.domain = ?
      where c.tenant_id = ? and c.email_index in (?)`,
    [domainOf(email), tenantId, indexesOf(em, tenantId, 'email', email)],
  )
  return found ?? null
}

/**
 * Adds those of the client whose address nobody of the tenant has yet, and returns of each whether it was added, or who
 * has the address. Of two with one address the first is added. All in one transaction. Throws `ClientGone`.
 */
export async function addEmployees(
  em: EntityManager,
  client: { tenantId: string; id: string },
  people: Omit<Employee, 'tenantId' | 'clientId'>[],
): Promise<Outcome[]> {
  const employees = people.map((person) => ({ ...person, tenantId: client.tenantId, clientId: client.id }))
  return em.transactional(async (tx) => {
    const is = { tenantId: client.tenantId, id: client.id, deletedAt: null }
    if (!(await tx.findOne(Clients, is, { lockMode: LockMode.PESSIMISTIC_READ }))) throw new ClientGone(client.id)
    const holders = await holdersOf(
      tx,
      employees.map(({ tenantId, email }) => ({ tenantId, email })),
    )
    const fresh: Employee[] = []
    const outcomes = employees.map((employee) => {
      const key = comparable('email', employee.email)
      const holder = holders.get(key)
      if (holder) return { added: false as const, ...holder }
      holders.set(key, { id: employee.id, clientId: employee.clientId })
      fresh.push(employee)
      return { added: true as const }
    })
    await write(tx, fresh)
    return outcomes
  })
}
type Holder = { id: string; clientId: string }
export type Outcome = { added: true } | ({ added: false } & Holder)

async function write(em: EntityManager, employees: Employee[]): Promise<void> {
  const [first] = employees
  if (!first) return
  const { tenantId, createdAt: at } = first
  await addCustomers(
    em,
    employees.map(({ clientId: _, status: __, offboardedAt: ___, ...person }) => person),
  )
  const rows = employees.map(({ id, tenantId, clientId, status, offboardedAt, createdAt, updatedAt }) => {
    return { id, tenantId, clientId, status, offboardedAt, createdAt, updatedAt, deletedAt: null }
  })
  await insertOnce(em, Employees, rows)
  const data = employees.map(({ id, clientId }) => ({ employee_id: id, client_id: clientId }))
  await happenedTo(em, { tenantId, at, type: 'employee.created', data })
}

type Address = { tenantId: string; email: string }

/**
 * Who of those that are not deleted has which of these addresses. Until the transaction ends nobody else gives one of
 * them to somebody: whoever wants to waits here.
 */
async function holdersOf(em: EntityManager, addresses: Address[]): Promise<Map<string, Holder>> {
  // In one order, so that two who want some of the same ones do not wait for each other.
  const locks = [...new Set(addresses.map(lockOf))].toSorted()
  await em.execute(
    `select pg_advisory_xact_lock(key::bigint) from
      (select key from jsonb_array_elements_text(?::jsonb) with ordinality as k (key, n) order by n offset 0) as keys`,
    [JSON.stringify(locks)],
  )
  const tenantId = addresses[0]?.tenantId ?? ''
  const hashes = addresses.flatMap(({ email }) =>
    indexesOf(em, tenantId, 'email', email).map((hash) => [hash, comparable('email', email)] as const),
  )
  const addressOf = new Map(hashes)
  if (addressOf.size === 0) return new Map()
  const rows = await em.execute<{ id: string; client: string; hash: string }[]>(
    `select e.id, e.client_id as client, c.email_index as hash from customers c
      join employees e on e.tenant_id = c.tenant_id and e.id = c.id and e.deleted_at is null
      where c.tenant_id = ? and c.email_index in (?)`,
    [tenantId, [...addressOf.keys()]],
  )
  return new Map(rows.map(({ id, client, hash }) => [addressOf.get(hash) ?? '', { id, clientId: client }]))
}

function lockOf({ tenantId, email }: Address): string {
  const name = JSON.stringify(['employee', tenantId, comparable('email', email)])
  return String(createHash('sha256').update(name).digest().readBigInt64BE())
}

export async function findEmployee(
  em: EntityManager,
  { tenantId, id }: EmployeeId,
  { lock = false } = {},
): Promise<Employee | null> {
  const options = lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {}
  const row = await em.findOne(Employees, { tenantId, id, deletedAt: null }, options)
  return row && ((await whole(em, tenantId, [row]))[0] ?? null)
}

/** Of one client, the newest first. */
export async function pageOfEmployees(
  em: EntityManager,
  { tenantId, id: clientId }: EmployeeId,
  filter: { status?: EmployeeRow['status'] | undefined },
  page: Omit<PageOptions, 'order'>,
): Promise<Page<Employee>> {
  const where = { ...given(filter), tenantId, clientId, deletedAt: null }
  const found = await pageOf(em, Employees, where, BY_CREATION, { ...page, order: 'desc' })
  return { data: await whole(em, tenantId, found.data), nextCursor: found.nextCursor }
}

/** Writes what is given and leaves the rest, within the caller's transaction. Throws `AddressTaken`. */
export async function changeEmployee(em: EntityManager, employee: Employee, change: EmployeeChange): Promise<void> {
  const { tenantId, id, clientId } = employee
  const { email, updatedAt: at } = change
  if (email !== undefined) {
    const holder = (await holdersOf(em, [{ tenantId, email }])).get(comparable('email', email))
    if (holder && holder.id !== id) throw new AddressTaken(`Address of ${holder.id}`)
  }
  await em.nativeUpdate(Employees, { tenantId, id }, { updatedAt: at })
  await changeCustomer(em, employee, given(change))
  const data = [{ employee_id: id, client_id: clientId }]
  await happenedTo(em, { tenantId, at, type: 'employee.changed', data })
}

/** Whoever has left may order again. Within the caller's transaction. */
export async function takenBack(em: EntityManager, { tenantId, id }: EmployeeId) {
  const back = { status: 'active' as const, offboardedAt: null }
  await em.nativeUpdate(Employees, { tenantId, id }, back)
  return back
}

/** Whether a customer is an employee or a client, which have more to them than a customer has. */
export async function isOfLeasing(em: EntityManager, { tenantId, id }: EmployeeId): Promise<boolean> {
  return (await em.count(Employees, { tenantId, id })) > 0 || (await em.count(Clients, { tenantId, id })) > 0
}

async function whole(em: EntityManager, tenantId: string, rows: EmployeeRow[]): Promise<Employee[]> {
  const people = await findCustomers(
    em,
    tenantId,
    rows.map(({ id }) => id),
  )
  return rows.map(({ id, clientId, status, offboardedAt, createdAt, updatedAt }) => {
    const person = people.get(id)
    if (!person) throw new Error(`Employee ${id} has no customer of their id`)
    const { name, email, phone, locale, gatewayCustomerId, defaultPaymentMethod } = person
    const known = { name, email, phone, locale, gatewayCustomerId, defaultPaymentMethod }
    return { ...known, tenantId, id, clientId, status, offboardedAt: offboardedAt ?? null, createdAt, updatedAt }
  })
}
