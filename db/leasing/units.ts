import type { EntityManager } from '@mikro-orm/postgresql'
import { UNIT_STATUSES, type UnitStatus } from '../../domain/leasing/lease.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { insertOnce } from '../insert-once.ts'
import { Devices } from './stock.ts'

/** Units of the stock: put aside for leases, counted, taken in. */

export type Hold = {
  tenant: string
  /** The lease that it is put aside for, which may not be on record yet. */
  lease: string
  modelCode: string
  /** A unit of the lease that does not count, since another one is to take its place. */
  insteadOf?: string
  /** On whose behalf: the employee of a new lease, or the command that is to take it. Each has a unit of its own. */
  heldFor?: string
}

/** In real time: a lease that is not on record by then has failed, and its unit is anybody's again. */
const HELD_FOR = `interval '1 hour'`

/** Nobody's: available, or put aside for a lease that never came. */
export const FREE = `(status = 'available' or (status = 'reserved' and held_until < now()))`

/**
 * Puts a unit aside and answers its id; `null` when there is none. Asked again for the same lease, model and asker it
 * answers the same unit, for an hour from then on, or for good when the lease is on record with it. Never gives a unit twice:
 * whoever comes at the same moment passes over the rows that another one has in hand.
 */
export function holdUnit(em: EntityManager, hold: Hold): Promise<string | null> {
  return em.transactional((tx) => held(tx, hold))
}

/** A unit for each, in the order asked, or none at all and `null`. */
export async function holdUnits(em: EntityManager, holds: readonly Hold[]): Promise<string[] | null> {
  // Two that hold for the same leases wait for each other in one order only.
  const order = [...holds.entries()].sort(([, a], [, b]) => (a.lease < b.lease ? -1 : a.lease > b.lease ? 1 : 0))
  try {
    return await em.transactional(async (tx) => {
      const units: string[] = new Array(holds.length)
      for (const [k, hold] of order) {
        const unit = await held(tx, hold)
        if (unit === null) throw new NotAll()
        units[k] = unit
      }
      return units
    })
  } catch (error) {
    if (error instanceof NotAll) return null
    throw error
  }
}

/** What was taken before goes back with the transaction. */
class NotAll extends Error {}

/** Gives back what was put aside for a lease that does not come about; what it has on record stays its own. */
export async function releaseHold(em: EntityManager, lease: string, unit?: string): Promise<void> {
  await em.execute(
    `update devices set status = 'available', lease_id = null, held_until = null, held_for = null, updated_at = greatest(updated_at, now())
      where lease_id = ? and status = 'reserved' and held_until is not null and (?::text is null or id = ?)`,
    [lease, unit ?? null, unit ?? null],
    'run',
  )
}

async function held(tx: EntityManager, hold: Hold): Promise<string | null> {
  // The same lease twice at the same moment is one after the other: the second finds what the first has put aside.
  await lockLease(tx, hold.lease)
  const own = await ownUnit(tx, hold)
  if (own !== null) return own
  const taken = await freeUnit(tx, hold)
  if (taken !== null) return taken
  // A row that was passed over may have been given back meanwhile.
  return (await isInStock(tx, hold)) ? freeUnit(tx, hold) : null
}

/** Waits for whoever else looks for a unit of this lease, until the transaction ends. */
export async function lockLease(tx: EntityManager, lease: string): Promise<void> {
  await tx.execute('select pg_advisory_xact_lock(hashtextextended(?, 0))', [lease])
}

/** What the lease has already, if it has; a hold begins anew. */
function ownUnit(tx: EntityManager, { tenant, lease, modelCode, insteadOf, heldFor }: Hold): Promise<string | null> {
  return idOf(
    tx,
    `update devices set held_until = case when held_until is null then null else now() + ${HELD_FOR} end
      where tenant_id = ? and lease_id = ? and model_code = ? and status = 'reserved' and id is distinct from ?
        and (held_until is null or held_for is not distinct from ?)
      returning id`,
    [tenant, lease, modelCode, insteadOf ?? null, heldFor ?? null],
  )
}

function freeUnit(tx: EntityManager, { tenant, lease, modelCode, insteadOf, heldFor }: Hold): Promise<string | null> {
  const found = (what: string) =>
    `(select id from devices where tenant_id = ? and model_code = ? and ${what} and id is distinct from ?
      order by id limit 1 for update skip locked)`
  const values = [tenant, modelCode, insteadOf ?? null]
  return idOf(
    tx,
    `update devices set status = 'reserved', lease_id = ?, held_for = ?, held_until = now() + ${HELD_FOR}, updated_at = greatest(updated_at, now())
      where id = coalesce(${found(`status = 'available'`)}, ${found(`status = 'reserved' and held_until < now()`)})
      returning id`,
    [lease, heldFor ?? null, ...values, ...values],
  )
}

async function isInStock(tx: EntityManager, { tenant, modelCode }: Hold): Promise<boolean> {
  const rows = await tx.execute(`select 1 from devices where tenant_id = ? and model_code = ? and ${FREE} limit 1`, [
    tenant,
    modelCode,
  ])
  return rows.length > 0
}

async function idOf(tx: EntityManager, statement: string, values: unknown[]): Promise<string | null> {
  const [row] = await tx.execute<{ id: string }[]>(statement, values)
  return row?.id ?? null
}

// --- Counting -------------------------------------------------------------------------------------------------------

export type Stock = Record<UnitStatus, number>

const NO_STOCK = Object.fromEntries(UNIT_STATUSES.map((status) => [status, 0])) as Stock

/** How many units there are by model, of these models or of all. A hold that is over counts as available. */
export async function stockOf(em: EntityManager, tenant: string, codes?: readonly string[]): Promise<StockByModel> {
  const only = codes ? 'and model_code = any(array(select jsonb_array_elements_text(?::jsonb)))' : ''
  const rows = await em.execute<{ model: string; status: UnitStatus; units: number }[]>(
    `select model_code as model, case when ${FREE} then 'available' else status end as status, count(*)::int as units
      from devices where tenant_id = ? ${only} group by 1, 2`,
    codes ? [tenant, JSON.stringify(codes)] : [tenant],
  )
  const stock = new Map<string, Stock>()
  for (const { model, status, units } of rows) {
    stock.set(model, { ...(stock.get(model) ?? NO_STOCK), [status]: units })
  }
  return { of: (code) => stock.get(code) ?? NO_STOCK }
}

export type StockByModel = { of(modelCode: string): Stock }

// --- Taking in ------------------------------------------------------------------------------------------------------

/** Rows of one statement. */
const CHUNK = 1000

/** Takes units in, each once by its IMEI; answers how many are new. Their models are there, says the caller. */
export async function addUnits(
  em: EntityManager,
  tenant: string,
  units: readonly { id: string; imei: string; modelCode: string }[],
  now: Instant,
): Promise<number> {
  let added = 0
  for (let from = 0; from < units.length; from += CHUNK) {
    const rows = units.slice(from, from + CHUNK).map((unit) => ({
      ...unit,
      tenantId: tenant,
      status: 'available' as const,
      createdAt: now,
      updatedAt: now,
    }))
    added += await insertOnce(em, Devices, rows, ['tenantId', 'imei'])
  }
  return added
}

/**
 * A unit that has come back and is in order is available again; one that is available stays so. `false` when it is
 * neither, or there is none.
 */
export async function checkIn(em: EntityManager, tenant: string, id: string, now: Instant): Promise<boolean> {
  const rows = await em.execute(
    `update devices set status = 'available', updated_at = case status when 'available' then updated_at else greatest(updated_at, ?) end
      where tenant_id = ? and id = ? and status in ('available', 'maintenance') returning id`,
    [now, tenant, id],
  )
  return rows.length > 0
}

/** Takes a unit that is nobody's out of the stock, or back into it. `false` when it is somebody's, or gone. */
export async function setAside(
  em: EntityManager,
  tenant: string,
  id: string,
  status: 'available' | 'maintenance' | 'retired',
  now: Instant,
): Promise<boolean> {
  const rows = await em.execute(
    `update devices set status = ?, lease_id = null, held_until = null, held_for = null,
        updated_at = case status when ? then updated_at else greatest(updated_at, ?) end
      where tenant_id = ? and id = ? and (status in ('maintenance', 'retired') or ${FREE}) returning id`,
    [status, status, now, tenant, id],
  )
  return rows.length > 0
}

/** Of which model the units with these numbers are; of those that are there. */
export async function modelsByImei(
  em: EntityManager,
  tenant: string,
  imeis: readonly string[],
): Promise<Map<string, string>> {
  const rows = await em.execute<{ imei: string; model: string }[]>(
    `select imei, model_code as model from devices
      where tenant_id = ? and imei = any(array(select jsonb_array_elements_text(?::jsonb)))`,
    [tenant, JSON.stringify(imeis)],
  )
  return new Map(rows.map(({ imei, model }) => [imei, model]))
}
