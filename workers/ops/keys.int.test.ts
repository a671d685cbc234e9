import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import { Client, Connection } from '@temporalio/client'
import type { FastifyInstance } from 'fastify'
import { openDatabase } from '../../db/orm.ts'
import { encrypting } from '../../secrets/data-converter.ts'
import { type KeyRing, keyRing } from '../../secrets/key-ring.ts'
import { type ApiWorld, ask, startApiWorld } from '../../test/support/api-world.ts'
import { TEST_KEYS, TEST_KEYS_TEXT } from '../../test/support/keys.ts'
import { freshTaskQueue, temporalAddress } from '../../test/support/servers.ts'
import { refuseMissingKeys } from '../keys.ts'
import { createPlanWorker } from '../plan-worker.ts'
import type { Ops } from './connect.ts'
import { keysCommand, rotateKeysCommand } from './keys.ts'

const YOUNG = `young:${randomBytes(32).toString('base64')}`
/** The steps of a roll-out: the new key is known, then active, then alone. */
const KNOWN = keyRing(`${TEST_KEYS_TEXT},${YOUNG}`)
const ACTIVE = keyRing(`${YOUNG},${TEST_KEYS_TEXT}`)
const ALONE = keyRing(YOUNG)
const URL = 'https://hooks.example.com/x'

let world: ApiWorld
/** The owner's, who sees nobody's rows before it says whose. */
let owner: string
const queue = freshTaskQueue()
const closing: (() => Promise<unknown>)[] = []
let said: string[] = []
beforeAll(async () => {
  world = await startApiWorld({ worker: false })
  owner = urlOf(world.orm).replace(/\?.*/, '')
}, 120_000)
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
  await world?.close()
})

function urlOf(orm: MikroORM): string {
  return String(orm.config.get('clientUrl'))
}

/** An API and what ops work with, as processes with this ring have them. */
async function processesWith(keys: KeyRing): Promise<{ app: FastifyInstance; ops: Ops }> {
  const ofApi = await openDatabase(urlOf(world.deps.orm), { role: 'api', keys })
  const orm = await openDatabase(urlOf(world.workerOrm), { role: 'worker', keys })
  const connection = await Connection.connect({ address: temporalAddress() })
  closing.push(
    () => ofApi.close(),
    () => orm.close(),
    () => connection.close(),
  )
  const temporal = new Client({ connection, dataConverter: encrypting(keys) })
  const app = await world.another({ taskQueue: queue }, { orm: ofApi, temporal })
  const { payments } = world.deps
  const say = (line: string) => void said.push(line)
  const ops = { orm, keys, temporal, payments, namespace: 'default', taskQueue: queue, say, close: async () => {} }
  return { app, ops }
}

async function workerWith(keys: KeyRing): Promise<() => Promise<void>> {
  const orm = await openDatabase(urlOf(world.workerOrm), { role: 'worker', keys })
  const gateway = world.deps.payments
  const places = {
    address: temporalAddress(),
    namespace: 'default',
    taskQueue: queue,
  }
  const asked = { orm, gateway, keys, ...places }
  const { worker, connection } = await createPlanWorker(asked)
  const running = worker.run()
  return async () => {
    worker.shutdown()
    await running
    await connection.close()
    await orm.close()
  }
}

async function must(app: FastifyInstance, method: string, path: string, body?: unknown, key?: string) {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
  const answer = await ask(app, method, path, { headers, ...(body === undefined ? {} : { body }) })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  return answer.body
}

it('keys change while plans are charged: nothing is lost, nothing charged twice, and the old one is let go', async () => {
  const old = await processesWith(TEST_KEYS)
  const stopOld = await workerWith(TEST_KEYS)
  const person = { customer_id: 'amara', name: 'Amara Okafor', email: 'amara@example.com', phone: '+14165550123' }
  await must(old.app, 'POST', '/customers', { ...person, payment_method: 'pm_card_visa' })
  const endpoint = await must(old.app, 'POST', '/webhook_endpoints', { url: 'https://1.1.1.1/x' }, 'once')
  const clock = (await must(old.app, 'POST', '/test_clocks', { frozen_time: '2027-01-13T12:00:00Z' })).test_clock_id
  const term = {
    customer_id: 'amara',
    total_amount: 60_000,
    start_date: '2027-01-15',
    term_duration: 6,
    billing_day: 15,
  }
  const metadata = { policy: 'P-77' }
  const made = await must(old.app, 'POST', '/payment_terms', { ...term, test_clock: clock, metadata })
  const path = `/payment_terms/${made.payment_terms_id}`
  // No letters are sent here, for which the API would have a clock wait.
  const atRest = async () => {
    const sql = `select from test_clocks where status = 'ready'`
    while ((await world.orm.em.fork().execute(sql)).length === 0) await sleep(50)
  }
  const advance = async (app: FastifyInstance, to: string) => {
    await must(app, 'POST', `/test_clocks/${clock}/advance`, { to })
    await atRest()
  }
  await advance(old.app, '2027-02-20T00:00:00Z')

  // Workers and APIs of three kinds: the old ones do not know the new key that the newest write with already.
  const [knowing, active] = [await processesWith(KNOWN), await processesWith(ACTIVE)]
  const [stopKnowing, stopActive] = [await workerWith(KNOWN), await workerWith(ACTIVE)]
  const whole = await must(knowing.app, 'POST', `/test_clocks/${clock}/advance`, { to: '2027-04-20T00:00:00Z' })
  expect(whole.status).toBe('advancing')
  said = []
  expect(await rotateKeysCommand(active.ops)).toBe(0)
  expect(said).toContainEqual(expect.stringMatching(/^[1-9]\d* rows went over to young\.$/))
  await stopOld()
  await atRest()
  for (const app of [knowing.app, active.app]) {
    expect(await must(app, 'GET', '/customers/amara')).toMatchObject(person)
    expect((await must(app, 'GET', path)).metadata).toEqual(metadata)
    // The answer was sealed and its request hashed under the old key.
    expect(await must(app, 'POST', '/webhook_endpoints', { url: 'https://1.1.1.1/x' }, 'once')).toEqual(endpoint)
  }
  await stopKnowing()
  await advance(active.app, '2027-08-01T00:00:00Z')
  const plan = await must(active.app, 'GET', path)
  expect([plan.status, plan.paid_amount]).toEqual(['completed', 60_000])
  expect((await must(active.app, 'GET', `${path}/transactions`)).data).toHaveLength(6)
  expect((await must(active.app, 'GET', `${path}/proof`)).status).not.toBe('different')

  // Who removes the old key before all is over is told what still needs it.
  const alone = await processesWith(ALONE)
  said = []
  expect(await keysCommand(alone.ops)).toBe(1)
  expect(said.join('\n')).toMatch(/^test: MISSING from the ring; needed by idempotency_keys.request_hash 1/m)
  await expect(refuseMissingKeys(owner, ALONE)).rejects.toThrow(
    '"test" is needed by 1 of idempotency_keys.request_hash',
  )
  const early = await ask(alone.app, 'POST', '/webhook_endpoints', {
    headers: { 'idempotency-key': 'once' },
    body: { url: URL },
  })
  expect([early.status, early.body.code]).toEqual([503, 'key_missing'])

  await world.orm.em.fork().execute('delete from idempotency_keys')
  await must(active.app, 'DELETE', `/test_clocks/${clock}`)
  await expect(refuseMissingKeys(owner, ALONE)).resolves.toBeUndefined()
  expect(await must(alone.app, 'GET', '/customers/amara')).toMatchObject(person)
  expect((await must(alone.app, 'GET', path)).metadata).toEqual(metadata)
  await stopActive()
}, 180_000)
