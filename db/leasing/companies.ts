import { LockMode } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { StatementSettings, StoreSettings } from '../../domain/leasing/store.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { type Place, seal, unseal } from '../../secrets/sealed.ts'
import { addCustomer, type Customer, changeCustomer, findCustomers } from '../customers/people.ts'
import { insertOnce } from '../insert-once.ts'
import { keysOf } from '../keys.ts'
import { BY_CREATION, given, type Page, type PageOptions, pageOf } from '../pages.ts'
import { ClientDomains, type ClientRow, Clients } from './clients.ts'
import { happenedTo } from './people-events.ts'

/** A client with what the customer of the same id has of it. The one door to the rows of both. */
export type Company = CompanyId &
  Pick<Customer, 'name' | 'email' | 'phone' | 'locale' | 'gatewayCustomerId' | 'defaultPaymentMethod'> & {
    status: ClientRow['status']
    officeAddress: string | null
    /** Of its employees' addresses; in lower case. */
    domains: string[]
    currency: string
    store: StoreSettings
    statement: StatementSettings
    testClockId: string | null
    createdAt: Instant
    updatedAt: Instant
  }
export type CompanyId = { tenantId: string; id: string }
export type CompanyChange = Partial<Omit<Company, keyof CompanyId | 'currency' | 'testClockId' | 'createdAt'>> & {
  updatedAt: Instant
}

/** Domains that are another client's; nothing was written. */
export class DomainsTaken extends Error {
  override name = 'DomainsTaken'
  readonly domains: string[]
  constructor(domains: string[]) {
    super(`Domains of another client: ${domains.join(', ')}`)
    this.domains = domains
  }
}

/** Throws `DomainsTaken`. */
export async function addCompany(em: EntityManager, company: Company): Promise<void> {
  const { tenantId, id, status, currency, store, statement, testClockId, createdAt, updatedAt } = company
  const officeAddress = sealedAddress(em, company, company.officeAddress)
  const row = { tenantId, id, status, currency, store, statement, testClockId, createdAt, updatedAt, officeAddress }
  await em.transactional(async (tx) => {
    await tx.insert(Clients, { ...row, deletedAt: null })
    await addCustomer(tx, { ...personOf(company), tenantId, id, createdAt, updatedAt })
    await setDomains(tx, company, company.domains)
    await happenedTo(tx, { tenantId, at: createdAt, type: 'client.created', data: [{ client_id: id }] })
  })
}

export async function findCompany(
  em: EntityManager,
  { tenantId, id }: CompanyId,
  { lock = false } = {},
): Promise<Company | null> {
  const options = lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {}
  const row = await em.findOne(Clients, { tenantId, id, deletedAt: null }, options)
  return row && ((await whole(em, tenantId, [row]))[0] ?? null)
}

/** The newest first. */
export async function pageOfCompanies(
  em: EntityManager,
  tenantId: string,
  filter: { id?: string | undefined; status?: ClientRow['status'] | undefined },
  page: Omit<PageOptions, 'order'>,
): Promise<Page<Company>> {
  const where = { ...given(filter), tenantId, deletedAt: null }
  const found = await pageOf(em, Clients, where, BY_CREATION, { ...page, order: 'desc' })
  return { data: await whole(em, tenantId, found.data), nextCursor: found.nextCursor }
}

/** Writes what is given and leaves the rest, within the caller's transaction. Throws `DomainsTaken`. */
export async function changeCompany(em: EntityManager, of: CompanyId, change: CompanyChange): Promise<void> {
  const { status, store, statement, officeAddress, domains, updatedAt, ...person } = change
  const { tenantId, id } = of
  const columns = {
    ...given({ status, store, statement, updatedAt }),
    ...(officeAddress !== undefined && { officeAddress: sealedAddress(em, of, officeAddress) }),
  }
  await em.nativeUpdate(Clients, { tenantId, id }, columns)
  await changeCustomer(em, of, { ...given(person), updatedAt })
  if (domains) await setDomains(em, of, domains)
  await happenedTo(em, { tenantId, at: updatedAt, type: 'client.changed', data: [{ client_id: id }] })
}

async function setDomains(em: EntityManager, { tenantId, id }: CompanyId, domains: string[]): Promise<void> {
  await em.nativeDelete(ClientDomains, { tenantId, clientId: id, domain: { $nin: domains } })
  // In one order, so that two who want the same ones wait for each other only once.
  const rows = domains.toSorted().map((domain) => ({ tenantId, domain, clientId: id }))
  await insertOnce(em, ClientDomains, rows, ['tenantId', 'domain'])
  const theirs = await em.find(ClientDomains, { tenantId, domain: { $in: domains }, clientId: { $ne: id } })
  if (theirs.length > 0) throw new DomainsTaken(theirs.map(({ domain }) => domain))
}

async function whole(em: EntityManager, tenantId: string, rows: ClientRow[]): Promise<Company[]> {
  const ids = rows.map(({ id }) => id)
  const people = await findCustomers(em, tenantId, ids)
  const domains = await em.find(ClientDomains, { tenantId, clientId: { $in: ids } }, { orderBy: { domain: 'asc' } })
  const domainsOf = Map.groupBy(domains, ({ clientId }) => clientId)
  return rows.map((row) => {
    const { id, status, currency, store, statement, createdAt, updatedAt } = row
    const person = people.get(id)
    if (!person) throw new Error(`Client ${id} has no customer of its id`)
    const mine = (domainsOf.get(id) ?? []).map(({ domain }) => domain)
    const more = { testClockId: row.testClockId ?? null, officeAddress: openedAddress(em, row), domains: mine }
    return { ...personOf(person), tenantId, id, status, currency, store, statement, createdAt, updatedAt, ...more }
  })
}

function personOf({ name, email, phone, locale, gatewayCustomerId, defaultPaymentMethod }: Company | Customer) {
  return { name, email, phone, locale, gatewayCustomerId, defaultPaymentMethod }
}

export const placeOf = (id: string): Place => ['clients', 'office_address', id]

function sealedAddress(em: EntityManager, { id }: CompanyId, address: string | null) {
  return address === null ? null : seal(keysOf(em), placeOf(id), address)
}

export function openedAddress(em: EntityManager, { id, officeAddress }: ClientRow): string | null {
  return officeAddress ? unseal(keysOf(em), placeOf(id), officeAddress) : null
}
