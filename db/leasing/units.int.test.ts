import type { EntityManager, MikroORM } from '@mikro-orm/postgresql'
import { withCheckDigit } from '../../domain/leasing/imei.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { type FreshDatabase, freshDatabase } from '../../test/support/servers.ts'
import { openDatabase } from '../orm.ts'
import { inTenant } from '../tenancy/scope.ts'
import { Devices } from './stock.ts'
import { addUnits, checkIn, holdUnit, holdUnits, releaseHold, stockOf } from './units.ts'
import { moveUnits } from './write-leases.ts'

const AT = '2027-01-15T14:00:00Z'
const tenant = 'tenant_a'

let database: FreshDatabase
/** Two processes of the API, each with its own connections. */
let pools: [MikroORM, MikroORM]
let owner: MikroORM
beforeAll(async () => {
  database = await freshDatabase()
  const open = () => openDatabase(database.urls.api, { role: 'api', keys: TEST_KEYS, poolSize: 8 })
  pools = [await open(), await open()]
  owner = await openDatabase(database.url, { keys: TEST_KEYS })
})
afterAll(async () => {
  await Promise.all([...(pools ?? []), owner].map((orm) => orm?.close()))
  await database?.drop()
})

/** As the process by this number asks. */
const ask = <T>(work: (em: EntityManager) => Promise<T>, process = 0): Promise<T> =>
  inTenant(tenant, () => work((process % 2 === 0 ? pools[0] : pools[1]).em.fork()))
const look = () => owner.em.fork()

let made = 0
/** A model with so many units. */
async function model(units: number): Promise<string> {
  const modelCode = `phone-${++made}`
  const intake = Array.from({ length: units }, (_, k) => ({
    id: `unit_${made}_${String(k).padStart(3, '0')}`,
    imei: withCheckDigit(`35${String(made).padStart(6, '0')}${String(k).padStart(6, '0')}`),
    modelCode,
  }))
  await ask((em) => addUnits(em, tenant, intake, AT))
  return modelCode
}

const holdFor = (lease: string, modelCode: string) => ({ tenant, lease, modelCode })
const available = async (code: string) => (await ask((em) => stockOf(em, tenant, [code]))).of(code).available
/** As if an hour had gone by since it was put aside. */
const holdExpires = (lease: string) =>
  look().execute(`update devices set held_until = now() - interval '1 second' where lease_id = ?`, [lease])

describe('a hold', () => {
  it('of 120 at the same moment on 50 units is one unit each for 50 of them', async () => {
    const code = await model(50)
    const asked = Array.from({ length: 120 }, (_, k) => ask((em) => holdUnit(em, holdFor(`ls_herd_${k}`, code)), k))
    const units = (await Promise.all(asked)).filter((unit) => unit !== null)
    expect(units).toHaveLength(50)
    expect(new Set(units).size).toBe(50)
    const rows = await look().find(Devices, { modelCode: code, status: 'reserved' })
    expect(new Set(rows.map(({ leaseId }) => leaseId)).size).toBe(50)
    expect(await available(code)).toBe(0)
  })

  it('of one lease is one unit, however often and from wherever it is asked for', async () => {
    const code = await model(3)
    const asked = Array.from({ length: 12 }, (_, k) => ask((em) => holdUnit(em, holdFor('ls_same', code)), k))
    expect(new Set(await Promise.all(asked)).size).toBe(1)
    expect(await available(code)).toBe(2)
  })

  it('begins anew when it is asked for again', async () => {
    const code = await model(1)
    const unit = await ask((em) => holdUnit(em, holdFor('ls_anew', code)))
    await holdExpires('ls_anew')
    expect(await ask((em) => holdUnit(em, holdFor('ls_anew', code)))).toBe(unit)
    expect(await ask((em) => holdUnit(em, holdFor('ls_late', code)))).toBeNull()
  })

  it('that nobody confirmed counts as available, and is taken by the next', async () => {
    const code = await model(2)
    const unit = await ask((em) => holdUnit(em, holdFor('ls_killed', code)))
    await ask((em) => holdUnit(em, holdFor('ls_second', code)))
    expect(await ask((em) => holdUnit(em, holdFor('ls_third', code)))).toBeNull()
    await holdExpires('ls_killed')
    expect(await available(code)).toBe(1)
    expect(await ask((em) => holdUnit(em, holdFor('ls_third', code)), 1)).toBe(unit)
    expect(await available(code)).toBe(0)
    await expect(
      look().transactional((em) =>
        moveUnits(em, AT, [{ write: 'unit', unit: `${unit}`, to: 'reserved', lease: 'ls_killed' }]),
      ),
    ).rejects.toThrow('not held by lease ls_killed')
    // What is nobody's again is to be had after all.
    await ask((em) => releaseHold(em, 'ls_third'))
    await look().transactional((em) =>
      moveUnits(em, AT, [{ write: 'unit', unit: `${unit}`, to: 'reserved', lease: 'ls_killed' }]),
    )
    expect(await look().findOne(Devices, { id: `${unit}` })).toMatchObject({ leaseId: 'ls_killed', heldUntil: null })
  })

  it('that is confirmed by its lease does not expire, and is the answer to the same question', async () => {
    const code = await model(1)
    const heldFor = 'emp_kept'
    const unit = `${await ask((em) => holdUnit(em, { ...holdFor('ls_kept', code), heldFor }))}`
    await look().transactional((em) => moveUnits(em, AT, [{ write: 'unit', unit, to: 'reserved', lease: 'ls_kept' }]))
    expect(await ask((em) => holdUnit(em, holdFor('ls_kept', code)))).toBe(unit)
    expect(await look().findOne(Devices, { id: unit })).toMatchObject({
      status: 'reserved',
      heldUntil: null,
      heldFor: null,
    })
    await ask((em) => releaseHold(em, 'ls_kept'))
    expect(await available(code)).toBe(0)
  })

  it('may be of another unit than the one that the lease has', async () => {
    const code = await model(2)
    const unit = `${await ask((em) => holdUnit(em, holdFor('ls_other', code)))}`
    await look().transactional((em) => moveUnits(em, AT, [{ write: 'unit', unit, to: 'reserved', lease: 'ls_other' }]))
    const instead = () => ask((em) => holdUnit(em, { ...holdFor('ls_other', code), insteadOf: unit }))
    const other = await instead()
    expect(other).not.toBeNull()
    expect(other).not.toBe(unit)
    expect(await instead()).toBe(other)
    await ask((em) => releaseHold(em, 'ls_other', `${other}`))
    expect(await available(code)).toBe(1)
  })

  it('is nothing to another tenant', async () => {
    const code = await model(1)
    const strangers = () => pools[0].em.fork()
    expect(
      await inTenant('tenant_b', () => holdUnit(strangers(), { ...holdFor('ls_b', code), tenant: 'tenant_b' })),
    ).toBeNull()
    expect(await inTenant('tenant_b', () => holdUnit(strangers(), holdFor('ls_b', code)))).toBeNull()
    expect(await available(code)).toBe(1)
  })

  it('is anybody’s again when it is given back', async () => {
    const code = await model(1)
    const unit = await ask((em) => holdUnit(em, holdFor('ls_back', code)))
    await ask((em) => releaseHold(em, 'ls_back'))
    expect(await ask((em) => holdUnit(em, holdFor('ls_next', code)))).toBe(unit)
  })
})

describe('holds together', () => {
  it('are all or none', async () => {
    const [many, few] = [await model(5), await model(1)]
    const cart = (name: string) => [many, few, many].map((code, k) => holdFor(`ls_${name}_${k}`, code))
    const units = await ask((em) => holdUnits(em, cart('first')))
    const models = await look().find(Devices, { id: { $in: units ?? [] } })
    expect(units?.map((id) => models.find((unit) => unit.id === id)?.modelCode)).toEqual([many, few, many])
    expect(await ask((em) => holdUnits(em, cart('second')))).toBeNull()
    expect(await available(many)).toBe(3)
    expect(await ask((em) => holdUnits(em, cart('first')), 1)).toEqual(units)
    expect(await available(many)).toBe(3)
  })

  it('at the same moment give no unit twice, and leave nothing aside for who got none', async () => {
    const [some, others] = [await model(10), await model(10)]
    const carts = Array.from({ length: 24 }, (_, k) => {
      const lines = [holdFor(`ls_a_${k}`, some), holdFor(`ls_b_${k}`, others)]
      return ask((em) => holdUnits(em, k % 2 ? lines : lines.reverse()), k)
    })
    const got = (await Promise.all(carts)).filter((units) => units !== null)
    const units = got.flat()
    expect(new Set(units).size).toBe(units.length)
    expect(await look().count(Devices, { modelCode: { $in: [some, others] }, status: 'reserved' })).toBe(units.length)
    expect([await available(some), await available(others)]).toEqual([10 - got.length, 10 - got.length])
  })
})

describe('the stock', () => {
  it('is what the statuses of the units say', async () => {
    const [code, other] = [await model(4), await model(2)]
    await ask((em) => holdUnit(em, holdFor('ls_counted', code)))
    await look().execute(
      `update devices set status = 'maintenance' where id = (select id from devices where model_code = ? and status = 'available' limit 1)`,
      [code],
    )
    const stock = await ask((em) => stockOf(em, tenant))
    expect(stock.of(code)).toEqual({
      available: 2,
      reserved: 1,
      leased: 0,
      maintenance: 1,
      lost: 0,
      sold: 0,
      retired: 0,
    })
    expect(stock.of(other).available).toBe(2)
    expect((await ask((em) => stockOf(em, tenant, [other]))).of(code).available).toBe(0)
    expect(stock.of('no-such').available).toBe(0)
  })

  it('takes a unit in once by its number', async () => {
    const code = await model(2)
    const imei = withCheckDigit('99000000000000')
    const intake = [{ id: 'unit_new', imei, modelCode: code }]
    expect(await ask((em) => addUnits(em, tenant, intake, AT))).toBe(1)
    expect(await ask((em) => addUnits(em, tenant, [{ id: 'unit_again', imei, modelCode: code }], AT))).toBe(0)
    expect(await available(code)).toBe(3)
  })

  it('has a unit again that is checked in, once', async () => {
    const code = await model(1)
    const { id } = await look().findOneOrFail(Devices, { modelCode: code })
    await look().nativeUpdate(Devices, { id }, { status: 'maintenance' })
    expect(await ask((em) => checkIn(em, tenant, id, AT))).toBe(true)
    expect(await ask((em) => checkIn(em, tenant, id, AT))).toBe(true)
    expect(await available(code)).toBe(1)
    await ask((em) => holdUnit(em, holdFor('ls_has', code)))
    expect(await ask((em) => checkIn(em, tenant, id, AT))).toBe(false)
    expect(await available(code)).toBe(0)
  })
})
