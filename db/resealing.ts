import type { EntityManager } from '@mikro-orm/postgresql'
import type { KeyRing } from '../secrets/key-ring.ts'
import { resealed, type Sealed } from '../secrets/sealed.ts'
import { placeOf as placeOfCustomer, reindexed } from './customers/people.ts'
import { placeOf as placeOfAnswer } from './identity/kept-answers.ts'
import { keysOf } from './keys.ts'
import { placeOf as placeOfClient } from './leasing/companies.ts'
import { placeOf as placeOfRequest } from './plans/requests.ts'
import { acrossTenants } from './tenancy/scope.ts'
import { type KeptSecret, placeOfSecrets } from './webhooks/secrets.ts'

type Row = Record<string, string | null>

/** Rows that hold something sealed, and how they go over to another key. */
type Store = {
  table: string
  /** The primary key. */
  key: string[]
  /** Column by column, the id of the key that it is sealed or hashed with, in SQL. */
  keyIds: Record<string, string>
  /** For `webhook_endpoints`, whose column holds several. */
  from?: string
  /** The columns as they shall be. */
  reseal(keys: KeyRing, row: Row): Row
}

const sealedIn = (column: string) => `split_part(${column}, '.', 2)`
const hashedIn = (column: string) => `split_part(${column}, '.', 1)`
const CUSTOMER = ['name', 'email', 'phone', 'default_payment_method']

const STORES: Store[] = [
  {
    table: 'customers',
    key: ['tenant_id', 'id'],
    keyIds: {
      ...Object.fromEntries(CUSTOMER.map((column) => [column, sealedIn(column)])),
      email_index: hashedIn('email_index'),
      phone_index: hashedIn('phone_index'),
    },
    reseal(keys, row) {
      const of = { tenantId: row.tenant_id ?? '', id: row.id ?? '' }
      const columns = CUSTOMER.map((column) => [column, again(keys, placeOfCustomer(of, column), row[column])])
      return { ...Object.fromEntries(columns), ...reindexed(keys, of, row as { email: Sealed; phone: Sealed | null }) }
    },
  },
  {
    table: 'clients',
    key: ['id'],
    keyIds: { office_address: sealedIn('office_address') },
    reseal: (keys, row) => ({ office_address: again(keys, placeOfClient(row.id ?? ''), row.office_address) }),
  },
  {
    table: 'plans',
    key: ['id'],
    keyIds: { request: sealedIn('request') },
    reseal: (keys, row) => ({ request: again(keys, placeOfRequest(row.id ?? ''), row.request) }),
  },
  {
    table: 'idempotency_keys',
    key: ['tenant_id', 'caller', 'route', 'key'],
    keyIds: { body: sealedIn('body') },
    reseal(keys, row) {
      const { tenant_id: tenantId = '', caller = '', route = '', key = '' } = row as Record<string, string>
      return { body: again(keys, placeOfAnswer({ tenantId, caller, route, key }), row.body) }
    },
  },
  {
    table: 'webhook_endpoints',
    key: ['id'],
    from: 'webhook_endpoints, jsonb_array_elements(secrets) kept',
    keyIds: { secrets: sealedIn(`(kept->>'secret')`) },
    reseal(keys, { id, secrets }) {
      const kept = JSON.parse(secrets ?? '[]') as KeptSecret[]
      const place = placeOfSecrets(id ?? '')
      return { secrets: JSON.stringify(kept.map((one) => ({ ...one, secret: resealed(keys, place, one.secret) }))) }
    },
  },
]

function again(keys: KeyRing, place: Parameters<typeof resealed>[1], value: string | null | undefined): string | null {
  return value == null ? null : resealed(keys, place, value as Sealed)
}

/** Which key how many values need. */
export type KeyUse = { id: string; where: string; count: number }

/** Of all tenants. Hashes of requests go by themselves, 48 hours after they were made. */
export function keyUse(em: EntityManager): Promise<KeyUse[]> {
  return acrossTenants(() => countUses(em))
}

async function countUses(em: EntityManager): Promise<KeyUse[]> {
  const columns = STORES.flatMap(({ table, from = table, keyIds }) =>
    Object.entries(keyIds).map(([column, id]) => ({ where: `${table}.${column}`, from, id })),
  )
  const hashes = { where: 'idempotency_keys.request_hash', from: 'idempotency_keys', id: hashedIn('request_hash') }
  const uses = await Promise.all(
    [...columns, hashes].map(async ({ where, from, id }) => {
      const sql = `select ${id} as id, count(*)::int as count from ${from} where ${id} is not null group by 1`
      const rows = await em.fork().execute<{ id: string; count: number }[]>(sql)
      return rows.map((row) => ({ ...row, where }))
    }),
  )
  return uses.flat()
}

type Resealing = {
  /** How many rows are read at a time. */
  batch: number
  /** Told after each of them of how many rows of a table went over so far. */
  onBatch?: (table: string, done: number) => void
}

/**
 * Seals anew, under the active key, what is under another one, of all tenants: so many rows at a time, each in one
 * statement that leaves alone a row that somebody has changed meanwhile. Begun again, it goes on with what is left. Answers
 * how many rows went over. @throws KeyMissing
 */
export function resealAll(em: EntityManager, options: Resealing): Promise<number> {
  return acrossTenants(async () => {
    let all = 0
    for (const store of STORES) all += await resealStore(em, store, options)
    return all
  })
}

async function resealStore(em: EntityManager, store: Store, { batch, onBatch }: Resealing): Promise<number> {
  let done = 0
  for (let after: Row | undefined; ; ) {
    const rows = await behind(em, store, batch, after)
    for (const row of rows) done += await resealRow(em, store, row)
    after = rows.at(-1)
    if (!after) return done
    onBatch?.(store.table, done)
  }
}

async function behind(em: EntityManager, store: Store, batch: number, after: Row | undefined): Promise<Row[]> {
  const { table, from = table, key, keyIds } = store
  const named = key.map((column) => `${table}.${column}`).join(', ')
  const ids = Object.values(keyIds)
  const columns = Object.keys(keyIds).map((column) => `${table}.${column}::text as ${column}`)
  return em.execute<Row[]>(
    `select distinct on (${named}) ${[named, ...columns].join(', ')} from ${from}
      where (${ids.map((id) => `${id} <> ?`).join(' or ')})
        ${after ? `and (${named}) > (${key.map(() => '?').join(', ')})` : ''}
      order by ${named} limit ${batch}`,
    [...ids.map(() => keysOf(em).active), ...(after ? key.map((column) => after[column]) : [])],
  )
}

async function resealRow(em: EntityManager, { table, key, reseal }: Store, row: Row): Promise<number> {
  const columns = Object.entries(reseal(keysOf(em), row))
  const same = columns.map(([column]) => `${column}::text is not distinct from ?`)
  const { affectedRows } = await em.execute<{ affectedRows: number }>(
    `update ${table} set ${columns.map(([column]) => `${column} = ?`).join(', ')}
      where ${[...key.map((column) => `${column} = ?`), ...same].join(' and ')}`,
    [...columns.map(([, value]) => value), ...key.map((column) => row[column]), ...columns.map(([name]) => row[name])],
    'run',
  )
  return affectedRows
}
