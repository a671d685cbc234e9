import { setTimeout as sleep } from 'node:timers/promises'
import { Clients } from '../../../db/leasing/clients.ts'
import { Employees } from '../../../db/leasing/employees.ts'
import { Devices } from '../../../db/leasing/stock.ts'
import { holdUnit } from '../../../db/leasing/units.ts'
import { inTenant } from '../../../db/tenancy/scope.ts'
import { withCheckDigit } from '../../../domain/leasing/imei.ts'
import { DEFAULT_STORE } from '../../../domain/leasing/store.ts'
import { type ApiWorld, type Ask, ask as askOf, startApiWorld, tokenOf } from '../../../test/support/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld({ worker: false })
}, 120_000)
afterAll(async () => world?.close())

const admin = tokenOf({ roles: ['admin'] })
const ask = (method: string, url: string, options?: Ask) => world.ask(method, url, { token: admin, ...options })
const look = () => world.orm.em.fork()
const PHONE = { name: 'Phone', manufacturer: 'Maker', price: 100_000, currency: 'USD' }

let count = 0
const imeiOf = (k: number) => withCheckDigit(`35${String(k).padStart(12, '0')}`)
const nextImei = () => imeiOf(++count)

async function model(fields: object = {}, units = 0): Promise<string> {
  const code = `model-${++count}`
  const made = await ask('POST', '/device_models', { body: { ...PHONE, code, ...fields } })
  expect([made.status, made.text]).toEqual([201, made.text])
  for (let k = 0; k < units; k++) await unit(code)
  return code
}

async function unit(model_code: string): Promise<string> {
  const made = await ask('POST', '/devices', { body: { imei: nextImei(), model_code } })
  expect([made.status, made.text]).toEqual([201, made.text])
  return made.body.device_id
}

const importCsv = (raw: string, headers = {}) =>
  ask('POST', '/devices/import', { raw, headers: { 'content-type': 'text/csv; charset=utf-8', ...headers } })

describe('a device model', () => {
  it('is made, read, changed and shown with the units there are', async () => {
    const code = await model({ waiver_monthly_amount: 500, images: ['https://img.example/1.png'] }, 2)
    await unit(code).then((id) => ask('PATCH', `/devices/${id}`, { body: { status: 'maintenance' } }))
    const read = await ask('GET', `/device_models/${code}`)
    expect(read.body).toMatchObject({ code, ...PHONE, description: '', waiver_monthly_amount: 500 })
    expect(read.body.stock).toMatchObject({ available: 2, maintenance: 1, reserved: 0, leased: 0 })
    const headers = { 'if-none-match': String(read.headers.etag) }
    expect((await ask('GET', `/device_models/${code}`, { headers })).status).toBe(304)
    const stale = { headers: { 'if-match': '"another"' }, body: { price: 1 } }
    expect((await ask('PATCH', `/device_models/${code}`, stale)).status).toBe(412)
    const changed = await ask('PATCH', `/device_models/${code}`, {
      headers: { 'if-match': String(read.headers.etag) },
      body: { price: 90_000, waiver_monthly_amount: null },
    })
    expect(changed.body).toMatchObject({ price: 90_000, waiver_monthly_amount: null, name: 'Phone' })
    expect((await ask('GET', '/device_models?limit=1')).body.data[0]).toEqual(changed.body)
  })

  it('has a code of its own, and a price that can be charged', async () => {
    const code = await model()
    const again = await ask('POST', '/device_models', { body: { ...PHONE, code } })
    expect(again).toMatchObject({ status: 409, body: { code: 'device_model_exists' } })
    const odd = await ask('POST', '/device_models', { body: { ...PHONE, code: 'odd', price: 10_001, currency: 'KWD' } })
    expect(odd).toMatchObject({ status: 422, body: { code: 'amount_invalid', errors: [{ pointer: '/price' }] } })
    const none = await ask('POST', '/device_models', { body: { ...PHONE, code: 'odd', currency: 'XXX' } })
    expect(none).toMatchObject({ status: 422, body: { code: 'currency_unknown' } })
  })

  it('is gone when it is deleted, and only hidden when there are units of it', async () => {
    const [unused, used] = [await model(), await model({}, 1)]
    const stale = { headers: { 'if-match': '"another"' } }
    for (const code of [unused, used]) {
      expect((await ask('DELETE', `/device_models/${code}`, stale)).status).toBe(412)
      expect((await ask('DELETE', `/device_models/${code}`)).status).toBe(204)
      expect((await ask('GET', `/device_models/${code}`)).status).toBe(404)
      expect((await ask('DELETE', `/device_models/${code}`)).status).toBe(404)
    }
    expect((await ask('POST', '/device_models', { body: { ...PHONE, code: unused } })).status).toBe(201)
    expect((await ask('POST', '/device_models', { body: { ...PHONE, code: used } })).status).toBe(409)
    const more = await ask('POST', '/devices', { body: { imei: nextImei(), model_code: used } })
    expect(more).toMatchObject({ status: 422, body: { code: 'unknown_device_model' } })
    expect((await ask('GET', `/devices?model=${used}`)).body.data).toHaveLength(1)
  })
})

describe('a unit', () => {
  it('is taken in once by its IMEI, however it is written', async () => {
    const [code, imei] = [await model(), nextImei()]
    const key = { 'idempotency-key': `unit-${imei}` }
    const written = `${imei.slice(0, 2)}-${imei.slice(2, 8)} ${imei.slice(8)}`
    const made = await ask('POST', '/devices', { headers: key, body: { imei: written, model_code: code } })
    expect(made).toMatchObject({ status: 201, body: { imei, status: 'available', lease_id: null, held_until: null } })
    const repeated = await ask('POST', '/devices', { headers: key, body: { imei: written, model_code: code } })
    expect(repeated.body).toEqual(made.body)
    const again = await ask('POST', '/devices', { body: { imei, model_code: code } })
    expect(again).toMatchObject({ status: 409, body: { code: 'device_exists' } })
    const wrong = `${imei.slice(0, 14)}${(Number(imei[14]) + 1) % 10}`
    const refused = await ask('POST', '/devices', { body: { imei: wrong, model_code: code } })
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/imei' }] } })
    expect((await ask('GET', made.headers.location as string)).body).toEqual(made.body)
    expect((await ask('GET', `/devices?imei=${encodeURIComponent(written)}`)).body.data).toEqual([made.body])
    expect((await ask('GET', '/devices?imei=nonsense')).body.data).toEqual([])
  })

  it('is put into maintenance, checked in and retired', async () => {
    const code = await model()
    const id = await unit(code)
    const to = (status: string) => ask('PATCH', `/devices/${id}`, { body: { status } })
    expect((await to('maintenance')).body.status).toBe('maintenance')
    expect((await ask('GET', `/devices?model=${code}&status=maintenance`)).body.data).toHaveLength(1)
    for (const _ of ['once', 'again']) {
      expect(await ask('POST', `/devices/${id}/check_in`)).toMatchObject({ status: 200, body: { status: 'available' } })
    }
    expect((await to('retired')).body.status).toBe('retired')
    const back = await ask('POST', `/devices/${id}/check_in`)
    expect(back).toMatchObject({ status: 409, body: { code: 'device_not_back' } })
    expect((await to('available')).body.status).toBe('available')
  })

  it.each([
    ['reserved', 'ls_x', 'device_in_lease'],
    ['leased', 'ls_y', 'device_in_lease'],
    ['lost', null, 'device_gone'],
    ['sold', null, 'device_gone'],
  ] as const)('that is %s is not to be had by hand', async (status, leaseId, code) => {
    const id = await unit(await model())
    await look().nativeUpdate(Devices, { id }, { status, leaseId })
    const tries = [
      await ask('PATCH', `/devices/${id}`, { body: { status: 'available' } }),
      await ask('POST', `/devices/${id}/check_in`),
    ]
    for (const answer of tries) expect(answer).toMatchObject({ status: 409, body: { code } })
    expect((await ask('GET', `/devices/${id}`)).body.status).toBe(status)
  })
})

describe('an import of units', () => {
  it('says of every line what became of it, and makes nothing twice', async () => {
    const [code, other] = [await model(), await model()]
    const [a, b, c, known] = [nextImei(), nextImei(), nextImei(), nextImei()]
    await ask('POST', '/devices', { body: { imei: known, model_code: other } })
    const lines = [
      `${a},${code}`,
      `123456789012345,${code}`,
      `${b},no-such`,
      `${a},${code}`,
      `${known},${other}`,
      `${known},${code}`,
      `,${code}`,
      ` ${c.slice(0, 6)} ${c.slice(6)} , ${code}`,
    ]
    const report = await importCsv(`imei,model_code\n${lines.join('\n')}\n`)
    expect(report.status).toBe(200)
    expect(report.body).toEqual({
      accepted: 2,
      duplicates: 2,
      rejected: [
        { line: 3, errors: [{ pointer: '/imei', message: expect.stringContaining('must be an IMEI') }] },
        { line: 4, errors: [{ pointer: '/model_code', message: 'is no device model' }] },
        { line: 7, errors: [{ pointer: '/imei', message: `is a unit of model ${other} already` }] },
        { line: 8, errors: [{ pointer: '/imei', message: 'is required' }] },
      ],
    })
    expect((await importCsv(`imei,model_code\n${lines.join('\n')}\n`)).body).toMatchObject({
      accepted: 0,
      duplicates: 4,
    })
    expect((await ask('GET', `/device_models/${code}`)).body.stock.available).toBe(2)
  })

  it('takes 10,000 units at once, by a key as well', async () => {
    const code = await model()
    const rows = Array.from({ length: 10_000 }, (_, k) => `${imeiOf(5_000_000 + k)},${code}`)
    const body = `imei,model_code\r\n${rows.join('\r\n')}`
    const headers = { 'idempotency-key': 'delivery-1' }
    const [first, second] = await Promise.all([importCsv(body, headers), importCsv(body, headers)])
    expect(first.body).toEqual({ accepted: 10_000, rejected: [], duplicates: 0 })
    expect(second.body).toEqual(first.body)
    const reused = await importCsv(`${body}\n`, headers)
    expect(reused).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
    expect((await ask('GET', `/device_models/${code}`)).body.stock.available).toBe(10_000)
  })

  it('is CSV, of the columns that there are, and not without end', async () => {
    const json = await ask('POST', '/devices/import', { body: { imei: '1' } })
    expect(json).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } })
    expect((await ask('POST', '/devices/import')).status).toBe(400)
    expect((await importCsv('')).status).toBe(400)
    expect(await importCsv('imei,colour\n1,red')).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/colour' }, { pointer: '/model_code' }] },
    })
    expect(await importCsv('imei,model_code\n"1,x')).toMatchObject({ status: 400, body: { code: 'malformed_body' } })
    expect(await importCsv('imei,model_code\n1,\0')).toMatchObject({ status: 400 })
    const large = await importCsv(`imei,model_code\n${'x'.repeat(5 * 1024 * 1024)}`)
    expect(large).toMatchObject({ status: 413, body: { code: 'body_too_large' } })
    expect(large.body.detail).toContain('4 MiB')
    const elsewhere = await ask('POST', '/devices', { raw: 'imei\n1', headers: { 'content-type': 'text/csv' } })
    expect(elsewhere.status).toBe(415)
  })
})

describe('a store', () => {
  async function company(models: string[] | null): Promise<{ id: string; employee: string; clientAdmin: string }> {
    const at = '2027-01-15T14:00:00Z'
    const id = `cli_${++count}`
    const row = { id, tenantId: 'acme', status: 'active' as const, officeAddress: null, currency: 'USD' }
    const statement = { period: 'monthly' as const, day: 1, timezone: 'UTC' }
    const times = { createdAt: at, updatedAt: at, deletedAt: null }
    await look().insert(Clients, {
      ...row,
      store: { ...DEFAULT_STORE, models },
      statement,
      testClockId: null,
      ...times,
    })
    const who = { id: `emp_${count}`, tenantId: 'acme', clientId: id, status: 'active' as const, offboardedAt: null }
    await look().insert(Employees, { ...who, ...times })
    return {
      id,
      employee: tokenOf({ sub: who.id, roles: ['employee'], customer: who.id }),
      clientAdmin: tokenOf({ sub: `admin-${id}`, roles: ['client_admin'], client: id }),
    }
  }
  const codes = ({ body }: { body: { data: { code: string }[] } }) => body.data.map(({ code }) => code)

  it('shows what the company of the caller offers', async () => {
    const [a, b, c] = [await model(), await model(), await model()]
    const abroad = await model({ currency: 'EUR' })
    const [one, other] = [await company([a, b, abroad]), await company(null)]
    await sleep(1000)
    const store = (token: string, query = '') => ask('GET', `/store/devices?limit=100${query}`, { token })
    for (const token of [one.employee, one.clientAdmin]) {
      expect(codes(await store(token))).toEqual([a, b])
      expect((await store(token, `&client_id=${other.id}`)).status).toBe(404)
    }
    expect(codes(await store(other.employee))).toEqual(expect.arrayContaining([a, b, c]))
    // It could not be ordered: the company pays in another currency.
    expect(codes(await store(other.employee))).not.toContain(abroad)
    expect(codes(await store(admin, `&client_id=${one.id}`))).toEqual([a, b])
    expect((await store(admin, '&client_id=cli_none')).status).toBe(404)
    expect(codes(await store(admin))).toEqual(expect.arrayContaining([a, b, c]))
    expect((await store(tokenOf({ roles: ['employee'], customer: 'emp_none' }))).status).toBe(404)
  })

  it('is searched, filtered, sorted and paged', async () => {
    const made = [
      await model({ name: 'Téléphone 10', manufacturer: 'Nokia', price: 300, description: 'a rugged one' }, 1),
      await model({ name: 'Telephone 9', manufacturer: 'Nokia', price: 200 }),
      await model({ name: 'Tablet', manufacturer: 'Apple', price: 200 }, 1),
    ]
    const [tel10, tel9, tablet] = made
    const { employee: token } = await company(made)
    await sleep(1000)
    const find = async (query: string) => codes(await ask('GET', `/store/devices?${query}`, { token }))
    expect(await find('')).toEqual([tablet, tel9, tel10])
    expect(await find('q=TELEPHONE')).toEqual([tel9, tel10])
    expect(await find('q=nokia%20rugg')).toEqual([tel10])
    expect(await find('manufacturer=apple')).toEqual([tablet])
    expect(await find('max_price=200')).toEqual([tablet, tel9])
    expect(await find('max_price=999999999999999')).toEqual([tablet, tel9, tel10])
    const beyond = await ask('GET', '/store/devices?max_price=1000000000000000', { token })
    expect([beyond.status, beyond.body.errors]).toEqual([
      400,
      [{ pointer: '/max_price', message: 'must be a whole number of 15 digits at most' }],
    ])
    expect(await find('available=true')).toEqual([tablet, tel10])
    expect(await find('sort=-price')).toEqual([tel10, tel9, tablet])
    expect(await find('sort=-created_at')).toEqual([tablet, tel9, tel10])
    for (const sort of ['name', 'price', '-price', '-created_at']) {
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = await ask('GET', `/store/devices?sort=${sort}&limit=1${cursor && `&cursor=${cursor}`}`, { token })
        seen.push(...codes(page))
        cursor = page.body.next_cursor
      }
      expect(seen).toEqual(await find(`sort=${sort}`))
    }
    const { body } = await ask('GET', '/store/devices?sort=price&limit=1', { token })
    const misused = await ask('GET', `/store/devices?sort=name&limit=1&cursor=${body.next_cursor}`, { token })
    expect(misused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/cursor' }] } })
  })

  it('is right again within a second after another process has changed the stock', async () => {
    const code = await model({}, 1)
    const { employee: token } = await company([code])
    const another = await world.another()
    const available = async () => (await askOf(another, 'GET', '/store/devices', { token })).body.data[0].available
    expect(await available()).toBe(1)
    const hold = { tenant: 'acme', lease: `ls_${code}`, modelCode: code }
    await inTenant('acme', () => holdUnit(world.workerOrm.em.fork(), hold))
    const changedAt = performance.now()
    // Of those who were told what is no longer so, none had asked later than that.
    for (let askedAt = changedAt; (await available()) !== 0; askedAt = performance.now()) {
      expect(askedAt - changedAt).toBeLessThan(1000)
    }
  })
})
