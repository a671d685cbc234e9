import { forgetExpired, IdempotencyKeys } from '../../db/identity/idempotency-keys.ts'
import { type ApiWorld, ask, startApiWorld, tokenOf } from '../../test/support/api-world.ts'

let world: ApiWorld
let customer_id: string
beforeAll(async () => {
  world = await startApiWorld()
  const body = { name: 'Amara Okafor', email: 'amara@example.com', payment_method: 'pm_card_visa' }
  customer_id = (await world.ask('POST', '/customers', { body })).body.customer_id
}, 120_000)
afterAll(async () => world?.close())

const term = (more: object = {}) => ({
  customer_id,
  total_amount: 120_000,
  start_date: new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10),
  term_duration: 12,
  billing_day: 15,
  ...more,
})
const create = (key: string, body: object = term(), token?: string) =>
  world.ask('POST', '/payment_terms', { body, headers: { 'idempotency-key': key }, ...(token ? { token } : {}) })
const plans = async () => Number((await world.orm.em.fork().execute('select count(*) as n from plans'))[0]?.n)

describe('an Idempotency-Key', () => {
  it('gives the first answer again: status, body, Location', async () => {
    const before = await plans()
    const first = await create('again')
    const second = await create('again')
    expect(first.status).toBe(201)
    expect([second.status, second.text, second.headers.location]).toEqual([201, first.text, first.headers.location])
    expect(second.headers['content-type']).toBe(first.headers['content-type'])
    expect(second.headers['idempotent-replayed']).toBe('true')
    expect(await plans()).toBe(before + 1)
  })

  it('does the work once for two that come at the same moment, also at two processes', async () => {
    const before = await plans()
    const other = await world.another()
    const options = { body: term(), headers: { 'idempotency-key': 'together' } }
    const answers = await Promise.all([
      ask(world.app, 'POST', '/payment_terms', options),
      ask(other, 'POST', '/payment_terms', options),
      ask(world.app, 'POST', '/payment_terms', options),
    ])
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(await plans()).toBe(before + 1)
  })

  it('with another body is refused, whatever the order of the fields', async () => {
    const first = await create('bound')
    const reversed = Object.fromEntries(Object.entries(term()).toReversed())
    expect((await create('bound', reversed)).text).toBe(first.text)
    expect(await create('bound', term({ billing_day: 16 }))).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    })
  })

  it('belongs to its caller and its route', async () => {
    const before = await plans()
    const mine = await create('scoped')
    const theirs = await create('scoped', term(), tokenOf({ sub: 'client-2' }))
    expect(theirs.body.payment_terms_id).not.toBe(mine.body.payment_terms_id)
    expect(await plans()).toBe(before + 2)
    const body = { frozen_time: '2027-01-15T10:00:00Z' }
    expect((await world.ask('POST', '/test_clocks', { body, headers: { 'idempotency-key': 'scoped' } })).status).toBe(
      201,
    )
  })

  it('keeps what a rule refused, and nothing of what never got that far', async () => {
    const refused = await create('rule', term({ customer_id: 'later' }))
    expect(refused.status).toBe(422)
    await world.ask('POST', '/customers', {
      body: { customer_id: 'later', name: 'L', email: 'l@example.com', payment_method: 'pm_card_visa' },
    })
    expect((await create('rule', term({ customer_id: 'later' }))).text).toBe(refused.text)

    const invalid = await create('invalid', { ...term(), term_duration: 0 })
    expect(invalid.status).toBe(400)
    expect((await create('invalid')).status).toBe(201)
    const forbidden = await create('forbidden', term(), tokenOf({ roles: ['customer'], customer: customer_id }))
    expect(forbidden.status).toBe(403)
    expect((await create('forbidden')).status).toBe(201)
  })

  it('finds the plan that was made by one who died before answering', async () => {
    const first = await create('died')
    await world.orm.em.fork().nativeUpdate(
      IdempotencyKeys,
      { key: 'died' },
      {
        state: 'in_progress',
        status: null,
        body: null,
        headers: null,
        lockedUntil: new Date(Date.now() + 600).toISOString(),
      },
    )
    const before = await plans()
    const second = await create('died')
    expect(second.status).toBe(201)
    expect(second.body.payment_terms_id).toBe(first.body.payment_terms_id)
    expect(await plans()).toBe(before)
  })

  it('carries out a command on a plan once', async () => {
    const made = await create('plan-for-payments')
    const url = `/payment_terms/${made.body.payment_terms_id}/payments`
    const pay = () => world.ask('POST', url, { body: { amount: 5_000 }, headers: { 'idempotency-key': 'pay' } })
    const [one, two] = await Promise.all([pay(), pay()])
    expect([one.status, two.status]).toEqual([201, 201])
    expect(two.body.transaction_id).toBe(one.body.transaction_id)
    const transactions = await world.ask('GET', `/payment_terms/${made.body.payment_terms_id}/transactions`)
    expect(transactions.body.data).toHaveLength(1)
  })

  it('makes a customer once, also when it was made by one who died', async () => {
    const body = { customer_id: 'twice', name: 'T', email: 't@example.com' }
    const headers = { 'idempotency-key': 'customer' }
    expect((await world.ask('POST', '/customers', { body, headers })).status).toBe(201)
    expect(await world.ask('POST', '/customers', { body })).toMatchObject({
      status: 409,
      body: { code: 'customer_exists' },
    })
    const free = {
      state: 'in_progress' as const,
      status: null,
      body: null,
      headers: null,
      lockedUntil: '1970-01-01T00:00:00Z',
    }
    await world.orm.em.fork().nativeUpdate(IdempotencyKeys, { key: 'customer' }, free)
    expect((await world.ask('POST', '/customers', { body, headers })).status).toBe(201)
  })

  it('is forgotten after its time, and not before', async () => {
    await create('old')
    await create('young')
    await world.orm.em.fork().nativeUpdate(IdempotencyKeys, { key: 'old' }, { expiresAt: '2020-01-01T00:00:00Z' })
    expect(await forgetExpired(world.workerOrm.em.fork(), new Date())).toBe(1)
    const kept = await world.orm.em.fork().find(IdempotencyKeys, { key: { $in: ['old', 'young'] } })
    expect(kept.map(({ key }) => key)).toEqual(['young'])
  })

  it('is new work without one', async () => {
    const before = await plans()
    const headers = { 'x-request-id': 'the-same' }
    const [one, two] = [
      await world.ask('POST', '/payment_terms', { body: term(), headers }),
      await world.ask('POST', '/payment_terms', { body: term(), headers }),
    ]
    expect(one.body.payment_terms_id).not.toBe(two.body.payment_terms_id)
    expect(await plans()).toBe(before + 2)
  })
})
