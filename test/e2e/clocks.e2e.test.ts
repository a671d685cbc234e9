import { join } from 'node:path'
import { isHealthy, programPart } from '../../workers/stack/children.ts'
import { createPart, type Part } from '../../workers/stack/part.ts'
import { freePort } from '../../workers/stack/ports.ts'
import { sharedTenor, Tenor } from '../support/e2e-client.ts'
import { sharedStack } from '../support/stack.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const clockAt = (clock: string) => tenor.ask('GET', `/test_clocks/${clock}`)
const advanceTo = (clock: string, to: string) => tenor.ask('POST', `/test_clocks/${clock}/advance`, { body: { to } })

describe('a test clock', () => {
  it('is advancing until its plans have come to rest, then ready', async () => {
    const { clock, id } = await tenor.begin()
    const { body } = await advanceTo(clock, '2027-03-16T00:00:00Z')
    expect(body).toMatchObject({ test_clock_id: clock, status: 'advancing' })
    await tenor.settled(clock)
    expect((await clockAt(clock)).body).toEqual({ test_clock_id: clock, status: 'ready', now: '2027-03-16T00:00:00Z' })
    expect((await tenor.plan(id)).paid_amount).toBe(30_000)
  })

  it('goes through every due moment of all its plans, in order', async () => {
    const { clock, id, customer } = await tenor.begin({ term_duration: 3 })
    const other = await tenor.term({ customer_id: customer.id, test_clock: clock, billing_day: 20, term_duration: 3 })
    await tenor.advance(clock, '2027-03-21T00:00:00Z')
    const charged = [...(await tenor.transactions(id)), ...(await tenor.transactions(other.payment_terms_id))]
    expect(charged.map((t) => t.created_at).toSorted()).toEqual([
      '2027-01-15T09:00:00Z',
      '2027-01-20T09:00:00Z',
      '2027-02-15T09:00:00Z',
      '2027-02-20T09:00:00Z',
      '2027-03-15T09:00:00Z',
      '2027-03-20T09:00:00Z',
    ])
    // As the gateway saw them: one after the other, the plans by turns.
    expect((await tenor.payments(customer.id)).map((p) => p.amount)).toEqual([
      40_000, 40_000, 40_000, 40_000, 40_000, 40_000,
    ])
    const mine = new Set((await tenor.transactions(id)).map((t) => t.gateway_id))
    expect((await tenor.payments(customer.id)).map((p) => mine.has(p.payment))).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ])
  })

  it('is the only time there is for its plans, creation included', async () => {
    const [customer, clock] = await Promise.all([tenor.customer(), tenor.clock('2031-06-10T12:00:00Z')])
    const body = { customer_id: customer.id, test_clock: clock }
    expect((await tenor.createTerm({ ...body, start_date: '2031-06-08' })).status).toBe(422)
    const { body: plan } = await tenor.createTerm({ ...body, start_date: '2031-06-09' })
    expect(plan).toMatchObject({ test_clock: clock, created_at: '2031-06-10T12:00:00Z' })
  })

  it('never goes back, and not to where it stands', async () => {
    const clock = await tenor.clock('2027-01-15T00:00:00Z')
    for (const to of ['2027-01-14T23:59:59Z', '2027-01-15T00:00:00Z']) {
      expect(await advanceTo(clock, to)).toMatchObject({ status: 409, body: { code: 'clock_backwards' } })
    }
    expect((await clockAt(clock)).body.now).toBe('2027-01-15T00:00:00Z')
  })

  it('is told to go on only when it has arrived', async () => {
    const { clock } = await tenor.begin({ term_duration: 120, total_amount: 1_200_000 })
    await tenor.startAdvance(clock, '2029-01-16T00:00:00Z')
    expect(await advanceTo(clock, '2029-02-16T00:00:00Z')).toMatchObject({
      status: 409,
      body: { code: 'clock_advancing' },
    })
    await tenor.settled(clock)
  }, 120_000)

  it('is gone when deleted; its plans stand still, and no new one can follow it', async () => {
    const { clock, id, customer } = await tenor.begin()
    await tenor.advance(clock, '2027-02-16T00:00:00Z')
    expect((await tenor.ask('DELETE', `/test_clocks/${clock}`)).status).toBe(204)
    expect((await clockAt(clock)).status).toBe(404)
    expect((await advanceTo(clock, '2027-03-16T00:00:00Z')).status).toBe(404)
    expect((await tenor.ask('DELETE', `/test_clocks/${clock}`)).status).toBe(404)
    expect((await tenor.createTerm({ customer_id: customer.id, test_clock: clock })).status).toBe(422)
    expect(await tenor.plan(id)).toMatchObject({ status: 'active', paid_amount: 20_000 })
  })
})

describe('where there are no test clocks', () => {
  let other: Part
  let live: Tenor
  beforeAll(async () => {
    const { env, home } = sharedStack()
    const port = await freePort()
    const api = `http://127.0.0.1:${port}`
    other = createPart(
      programPart('api', ['workers/api.ts'], {
        env: { ...env, API_PORT: String(port), TEST_CLOCKS: 'false' },
        logFile: join(home, 'logs/live-api.log'),
        ready: () => isHealthy(`${api}/health/ready`),
        readyTimeoutMs: 90_000,
      }),
    )
    await other.start()
    live = new Tenor({ ...tenor.at, api })
  }, 120_000)
  afterAll(() => other?.stop())

  it('none can be made, read, moved or deleted, and no plan can follow one', async () => {
    const { clock, customer } = await tenor.begin()
    const body = { frozen_time: '2027-01-15T00:00:00Z' }
    const answers = await Promise.all([
      live.ask('POST', '/test_clocks', { body }),
      live.ask('GET', `/test_clocks/${clock}`),
      live.ask('POST', `/test_clocks/${clock}/advance`, { body: { to: '2027-02-15T00:00:00Z' } }),
      live.ask('DELETE', `/test_clocks/${clock}`),
      live.createTerm({ customer_id: customer.id, test_clock: clock }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
    expect((await clockAt(clock)).body).toMatchObject({ now: '2027-01-13T12:00:00Z' })
  })
})
