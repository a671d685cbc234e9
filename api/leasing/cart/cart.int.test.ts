import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '@temporalio/client'
import { type ApiWorld, ask, startApiWorld, tokenOf } from '../../../test/support/api-world.ts'
import { placeCompany, placeEmployee, placeModel } from '../../../test/support/leasing.ts'
import { freshTaskQueue } from '../../../test/support/servers.ts'

let world: ApiWorld
let client: string
beforeAll(async () => {
  world = await startApiWorld()
  client = await placeCompany(world.orm, { store: { maximumPerEmployee: 5 } })
}, 240_000)
afterAll(() => world?.close())

const units = (codes: string[]) =>
  world.orm.em
    .fork()
    .execute<{ status: string }[]>('select status from devices where model_code in (?) order by id', [codes])

/** An employee with a cart of one device of each model. */
async function shopper(codes: string[]) {
  const id = await placeEmployee(world.orm, client)
  const token = tokenOf({ sub: id, roles: ['employee'], customer: id, client })
  for (const code of codes) {
    const body = { device_code: code, term_months: 12, payer: 'payroll' }
    expect((await world.ask('POST', '/cart', { token, body })).status).toBe(201)
  }
  const cart = async () => (await world.ask('GET', '/cart', { token })).body.data
  const leases = async () => (await world.ask('GET', '/me/leases', { token })).body.data
  const checkout = (key?: string, app = world.app) =>
    ask(app, 'POST', '/cart/checkout', { token, body: {}, headers: key ? { 'idempotency-key': key } : {} })
  return { id, token, cart, leases, checkout }
}
const models = (...stock: number[]) => Promise.all(stock.map((units) => placeModel(world.orm, { units })))

describe('a cart', () => {
  it("is one's own, of what the store offers, and its lines can go again", async () => {
    const [code = ''] = await models(1)
    const [one, other] = [await shopper([code]), await shopper([])]
    const [line] = await one.cart()
    expect(line).toMatchObject({ device_code: code, term_months: 12, payer: 'payroll', is_being_ordered: false })
    expect(await other.cart()).toEqual([])
    const url = `/cart/${line.cart_line_id}`
    expect((await world.ask('DELETE', url, { token: other.token })).status).toBe(404)
    expect((await world.ask('DELETE', url, { token: one.token })).status).toBe(204)
    expect([await one.cart(), (await one.checkout()).body.code]).toEqual([[], 'cart_empty'])
    const body = { device_code: 'nothing', term_months: 12, payer: 'payroll' }
    expect((await world.ask('POST', '/cart', { token: one.token, body })).body.code).toBe('not_offered')
  })

  it('is ordered whole, once by its key, and is empty then', async () => {
    const codes = await models(1, 1)
    const { cart, checkout, leases } = await shopper(codes)
    const [first, again] = await Promise.all([checkout('co-1'), checkout('co-1')])
    expect([first?.status, again?.body]).toEqual([201, first?.body])
    expect(first?.body.leases.map((one: { lease: { device: { code: string } } }) => one.lease.device.code)).toEqual(
      codes,
    )
    expect(await cart()).toEqual([])
    expect(await leases()).toHaveLength(2)
  })

  it('of which one device is gone is not ordered at all', async () => {
    const codes = await models(1, 0, 1)
    const { cart, checkout, leases } = await shopper(codes)
    const refused = await checkout()
    expect([refused.status, refused.body.code]).toEqual([409, 'out_of_stock'])
    expect([(await cart()).length, await leases()]).toEqual([3, []])
    expect((await units(codes)).map(({ status }) => status)).toEqual(['available', 'available'])
    expect((await cart()).every((line: { is_being_ordered: boolean }) => !line.is_being_ordered)).toBe(true)
  })

  it('of which a later lease cannot be started leaves none before it', async () => {
    const codes = await models(1, 1)
    const { cart, checkout, leases } = await shopper(codes)
    const refused = await checkout(undefined, await apiWhoseStart(2, takenBefore))
    expect([refused.status, refused.body.code]).toEqual([409, 'plan_ended'])
    expect((await leases()).map(({ status }: { status: string }) => status)).toEqual(['canceled'])
    expect((await units(codes)).map(({ status }) => status)).toEqual(['available', 'available'])
    expect(await cart()).toHaveLength(2)
    expect((await checkout()).status).toBe(201)
  })

  it('of which a unit went to somebody else before a worker came is not ordered at all', async () => {
    const [first = '', second = ''] = await models(1, 1)
    const [one, other] = [await shopper([first, second]), await shopper([second])]
    const taskQueue = freshTaskQueue()
    const waiting = one.checkout('co-late', await world.another({ taskQueue }))
    while ((await units([first, second])).some(({ status }) => status !== 'reserved')) await sleep(50)
    await world.orm.em
      .fork()
      .execute(`update devices set held_until = now() - interval '1 second' where model_code = ?`, [second])
    expect((await other.checkout()).status).toBe(201)
    await world.startWorker(taskQueue)
    let refused = await waiting
    // On a busy machine the first answer may be that nobody knows yet.
    while (refused.status === 503) refused = await one.checkout('co-late')
    expect([refused.status, refused.body.code]).toEqual([409, 'out_of_stock'])
    expect((await one.leases()).map(({ status }: { status: string }) => status).sort()).toEqual([
      'canceled',
      'terminated',
    ])
    expect((await one.cart()).map((line: { is_being_ordered: boolean }) => line.is_being_ordered)).toEqual([
      false,
      false,
    ])
    expect((await units([first])).map(({ status }) => status)).toEqual(['available'])
  })

  it('of which nobody knows how far it came is completed by the repeat', async () => {
    const codes = await models(1, 1)
    const { cart, checkout, leases } = await shopper(codes)
    const lost = await checkout('co-2', await apiWhoseStart(2, unreachable))
    expect(lost.status).toBe(503)
    const [line] = await cart()
    expect(line.is_being_ordered).toBe(true)
    const done = await checkout('co-2')
    expect([done.status, await cart()]).toEqual([201, []])
    const ids = (await leases()).map(({ lease_id: id }: { lease_id: string }) => id)
    expect(done.body.leases.map(({ lease_id: id }: { lease_id: string }) => id).sort()).toEqual(ids.sort())
    expect((await units(codes)).map(({ status }) => status)).toEqual(['reserved', 'reserved'])
  })

  it('of which a device has come before the rest is ordered: it is kept, whether the rest is to be had or not', async () => {
    const codes = await models(1, 1)
    const { cart, checkout, leases } = await shopper(codes)
    expect((await checkout('co-3', await apiWhoseStart(2, unreachable))).status).toBe(503)
    const [begun] = await leases()
    expect((await world.ask('POST', `/leases/${begun.lease_id}/delivered`, { body: {} })).status).toBe(200)
    const refused = await checkout('co-3', await apiWhoseStart(1, takenBefore))
    expect([refused.status, refused.body.code]).toEqual([409, 'plan_ended'])
    expect((await leases()).map(({ status }: { status: string }) => status)).toEqual(['active'])
    expect((await units(codes)).map(({ status }) => status).sort()).toEqual(['available', 'leased'])
    const [left, ...others] = await cart()
    expect([left.is_being_ordered, others]).toEqual([false, []])
    const rest = await checkout()
    expect([rest.status, rest.body.leases.length, (await leases()).length]).toEqual([201, 1, 2])
  })
})

type Start = Client['workflow']['executeUpdateWithStart']
type StartOperation = Parameters<Start>[1]['startWorkflowOperation']

/** An API process to which something happens at the start of that number. */
async function apiWhoseStart(number: number, happens: (operation: StartOperation) => Promise<void>) {
  const { connection, options } = world.deps.temporal
  const temporal = new Client({ connection, dataConverter: options.dataConverter })
  const start = temporal.workflow.executeUpdateWithStart.bind(temporal.workflow) as (
    ...of: unknown[]
  ) => Promise<unknown>
  let starts = 0
  const hindered = async (update: unknown, how: { startWorkflowOperation: StartOperation }) => {
    starts += 1
    if (starts === number) await happens(how.startWorkflowOperation)
    return start(update, how)
  }
  temporal.workflow.executeUpdateWithStart = hindered as unknown as Start
  return world.another({}, { temporal })
}

/** Somebody has started and ended that workflow by hand. */
async function takenBefore({ options }: StartOperation): Promise<void> {
  const { workflow } = world.deps.temporal
  const { workflowId } = options as { workflowId: string }
  await workflow.start('lease', { workflowId, taskQueue: 'nobody-listens', args: [] })
  await workflow.getHandle(workflowId).terminate()
}

async function unreachable(): Promise<void> {
  throw Object.assign(new Error('no connection'), { code: 14, details: 'no connection', metadata: {} })
}
