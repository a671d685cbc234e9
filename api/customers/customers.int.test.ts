import { type ApiWorld, startApiWorld, tokenOf } from '../../test/support/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld({ worker: false })
}, 120_000)
afterAll(async () => world?.close())

const named = { name: 'Amara Okafor', email: 'amara@example.com' }

describe('customers', () => {
  it('are made here and at the gateway, read and changed', async () => {
    const made = await world.ask('POST', '/customers', { body: { ...named, phone: '+14165550123', locale: 'fr-CA' } })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ ...named, phone: '+14165550123', locale: 'fr-CA', payment_method: null })
    const url = String(made.headers.location)
    expect((await world.ask('GET', url)).body).toEqual(made.body)
    const changed = await world.ask('PATCH', url, {
      body: { name: 'A. Okafor', phone: null, payment_method: 'pm_card_visa' },
    })
    expect(changed.body).toMatchObject({
      name: 'A. Okafor',
      email: named.email,
      phone: null,
      payment_method: expect.stringMatching(/^pm_/),
    })
    const [row] = await world.orm.em
      .fork()
      .execute('select gateway_customer_id as id from customers where id = ?', [made.body.customer_id])
    expect(await world.deps.payments.readCustomer(row?.id)).toMatchObject({ name: 'A. Okafor', email: named.email })
  })

  it('are not changed by whoever read an older state, not even of two at once', async () => {
    const made = await world.ask('POST', '/customers', { body: named })
    const url = String(made.headers.location)
    const read = await world.ask('GET', url)
    const tag = String(read.headers.etag)
    expect(made.headers.etag).toBe(tag)
    expect((await world.ask('GET', url, { headers: { 'if-none-match': tag } })).status).toBe(304)
    const change = (name: string, held: unknown) =>
      world.ask('PATCH', url, { body: { name }, headers: { 'if-match': String(held) } })
    const both = await Promise.all([change('One', tag), change('Two', tag)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
    const done = both.find(({ status }) => status === 200)
    expect((await world.ask('GET', url)).body).toEqual(done?.body)
    expect(await change('Three', done?.headers.etag)).toMatchObject({ status: 200, body: { name: 'Three' } })
  })

  it('named by the gateway’s id are those of the gateway, and of one tenant only', async () => {
    const { id } = await world.deps.payments.saveCustomer(
      { gatewayId: null, reference: 'x', name: 'Before', email: 'b@example.com', phone: null },
      'k1',
    )
    const made = await world.ask('POST', '/customers', { body: { ...named, customer_id: id } })
    expect(made).toMatchObject({ status: 201, body: { customer_id: id } })
    expect(await world.deps.payments.readCustomer(id)).toMatchObject({ name: named.name })
    expect((await world.ask('POST', '/customers', { body: { ...named, customer_id: id } })).status).toBe(409)
    const token = tokenOf({ tenant: 'globex' })
    expect(await world.ask('POST', '/customers', { token, body: { ...named, customer_id: id } })).toMatchObject({
      status: 422,
      body: { code: 'unknown_customer' },
    })
    expect((await world.ask('POST', '/customers', { body: { ...named, customer_id: 'cus_unknown' } })).status).toBe(422)
  })

  it('with a payment method that the gateway does not know are not made', async () => {
    const answer = await world.ask('POST', '/customers', {
      body: { ...named, customer_id: 'no-method', payment_method: 'pm_nobodys' },
    })
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'payment_method_refused', errors: [{ pointer: '/payment_method' }] },
    })
    expect((await world.ask('GET', '/customers/no-method')).status).toBe(404)
  })

  it('are seen by their tenant and by themselves', async () => {
    const made = await world.ask('POST', '/customers', { body: named })
    const url = String(made.headers.location)
    expect((await world.ask('GET', url, { token: tokenOf({ tenant: 'globex' }) })).status).toBe(404)
    const self = { roles: ['customer' as const], customer: made.body.customer_id }
    expect((await world.ask('GET', url, { token: tokenOf(self) })).status).toBe(200)
    expect((await world.ask('GET', url, { token: tokenOf({ ...self, customer: 'other' }) })).status).toBe(404)
    expect((await world.ask('PATCH', url, { token: tokenOf(self), body: { name: 'X' } })).status).toBe(403)
  })
})
