import { inTenant } from '../../db/tenancy/scope.ts'
import { type ApiWorld, startApiWorld, tokenOf } from '../../test/support/api-world.ts'
import type { ApiDeps } from '../deps.ts'
import { mend, type Proven, proofOf } from './proof.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld()
}, 120_000)
afterAll(async () => world?.close())

let count = 0
/** A term of which the first instalment has been paid, with nothing left to do. */
async function paidOnce(): Promise<{ id: string; url: string }> {
  count += 1
  const customer_id = `proof-${count}`
  const named = { customer_id, name: 'Amara Okafor', email: 'amara@example.com', payment_method: 'pm_card_visa' }
  await world.ask('POST', '/customers', { body: named })
  const frozen_time = '2027-01-15T10:00:00Z'
  const clock = await world.ask('POST', '/test_clocks', { body: { frozen_time } })
  const term = { total_amount: 120_000, start_date: '2027-01-15', term_duration: 12, billing_day: 15 }
  const body = { ...term, customer_id, test_clock: clock.body.test_clock_id }
  const made = await world.ask('POST', '/payment_terms', { body })
  const id = made.body.payment_terms_id
  const url = `/payment_terms/${id}`
  while ((await world.ask('GET', url)).body.paid_amount === 0) await new Promise((done) => setTimeout(done, 50))
  return { id, url }
}

async function proven(id: string, others: Partial<ApiDeps> = {}): Promise<Proven> {
  const found = await inTenant('acme', () => proofOf({ ...world.deps, ...others }, id))
  if (!found) throw new Error('There is no such plan')
  return found
}

const mended = (found: Proven) => inTenant('acme', () => mend(world.deps, found))

const differences = ({ proof }: Proven, kind = 'different') =>
  proof.checks.flatMap((check) => check.differences.filter((d) => d.kind === kind).map((d) => d.detail))

it('says of each thing that it holds, and what is still on its way', async () => {
  const { id, url } = await paidOnce()
  const answer = await world.ask('GET', `${url}/proof`)
  expect(answer.status).toBe(200)
  // Nobody sends mail in this world: its letters wait.
  expect(answer.body).toMatchObject({ plan_id: id, status: 'in_flight' })
  const late = answer.body.checks.filter((check: { status: string }) => check.status !== 'ok')
  expect(late.map((check: { name: string }) => check.name)).toEqual(['notices'])
  expect(answer.body.checks).toHaveLength(12)
})

it('is not for others, nor for customers', async () => {
  const { url } = await paidOnce()
  expect((await world.ask('GET', `${url}/proof`, { token: tokenOf({ tenant: 'other' }) })).status).toBe(404)
  const customer = tokenOf({ roles: ['customer'], customer: 'proof-1' })
  expect((await world.ask('GET', `${url}/proof`, { token: customer })).status).toBe(403)
})

it('finds a payment at the gateway that Tenor has not made, and changes nothing about it', async () => {
  const { id } = await paidOnce()
  const { payments } = world.deps
  const [row] = await world.orm.em
    .fork()
    .execute('select gateway_customer_id as customer from customers where id = ?', [`proof-${count}`])
  const made = await payments.create({
    reference: 'txn_by_nobody',
    key: `extra-${id}`,
    amount: 10_000,
    currency: 'USD',
    customer: row?.customer ?? '',
    paymentMethod: 'pm_card_visa',
    description: 'made twice',
    metadata: { tenor_plan: id, tenor_installment: '4' },
  })
  if (!('id' in made)) throw new Error('not made')
  await payments.confirm(made.id, `extra-${id}:confirm`)
  const expected = [`Stripe has a payment of $100.00 for instalment 4 that Tenor has no transaction for (${made.id}).`]
  const found = await proven(id)
  expect(differences(found)).toEqual(expected)
  expect(await mended(found)).toBe(false)
  expect(differences(await proven(id))).toEqual(expected)
})

it('mends rows that do not say what the workflow has decided, and only those', async () => {
  const { id, url } = await paidOnce()
  const before = (await world.ask('GET', url)).body
  const em = world.orm.em.fork()
  await em.execute(`update plans set outstanding_amount = 5, status = 'canceled' where id = ?`, [id])
  await em.execute(
    `update installments set amount = 7, state = jsonb_set(state, '{amount}', '7') where plan_id = ? and number = 9`,
    [id],
  )
  const found = await proven(id)
  expect(differences(found)).toContain('Instalment 9: the row has amount 7, the workflow 10000.')
  expect(found.proof.status).toBe('different')
  expect(await mended(found)).toBe(true)
  expect(differences(await proven(id))).toEqual([])
  const { updated_at: _, ...after } = (await world.ask('GET', url)).body
  expect(before).toMatchObject(after)
})

it('says what it could not look at', async () => {
  const { id } = await paidOnce()
  const payments = { ...world.deps.payments, list: () => Promise.reject(new Error('Stripe gave no answer')) }
  const found = await proven(id, { payments })
  expect(found.proof.status).toBe('unread')
  expect(differences(found, 'unread')).toEqual(Array(2).fill('Stripe could not be asked: Stripe gave no answer'))
})
