import { setTimeout as sleep } from 'node:timers/promises'
import { TestClocks } from '../../db/plans/test-clocks.ts'
import type { Role } from '../../domain/identity/roles.ts'
import type { OffboardingRule } from '../../domain/leasing/lease.ts'
import { type ApiWorld, startApiWorld, tokenOf } from '../../test/support/api-world.ts'
import { placeCompany, placeEmployee, placeModel } from '../../test/support/leasing.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld()
}, 240_000)
afterAll(() => world?.close())

const post = (url: string, body: unknown = {}, token = tokenOf()) => world.ask('POST', url, { body, token })

/** An employee with a device on lease, and another one on order. */
async function leaver(rule: OffboardingRule) {
  const client = await placeCompany(world.orm, { store: { offboarding: rule } })
  const [id, code] = [await placeEmployee(world.orm, client), await placeModel(world.orm, { units: 3 })]
  const order = () => post('/leases', { employee_id: id, device_code: code, term_months: 12, payer: 'payroll' })
  const [running, ordered] = [(await order()).body.lease_id, (await order()).body.lease_id]
  await post(`/leases/${running}/delivered`)
  const lease = async () => (await world.ask('GET', `/leases/${running}`)).body
  return { client, id, running, ordered, order, lease }
}
type Ended = { lease_id: string; outcome: string | null; problem: { code: string } | null }
const outcomes = ({ body }: { body: { leases: Ended[] } }) =>
  Object.fromEntries(body.leases.map((one) => [one.lease_id, one.outcome ?? one.problem?.code]))

describe('an employee who leaves', () => {
  it.each([
    ['return', { lease: { ended: { how: 'canceled' } } }],
    ['buy_out', { total_amount: 100_000, lease: { ended: { how: 'buy_out' } } }],
  ] as const)('by the rule %s', async (rule, becomes) => {
    const { id, running, ordered, order, lease } = await leaver(rule)
    const { total_amount: before } = await lease()
    const answer = await post(`/employees/${id}/offboard`)
    expect([answer.status, answer.body.status, outcomes(answer)]).toEqual([
      200,
      'offboarded',
      { [running]: rule, [ordered]: 'canceled' },
    ])
    expect(await lease()).toMatchObject(becomes)
    expect((await order()).body.code).toBe('employee_offboarded')
    // Until it is settled it is asked again, and nothing comes of that.
    expect({ [running]: rule }).toMatchObject(outcomes(await post(`/employees/${id}/offboard`)))
    expect((await lease()).total_amount).toBe(rule === 'buy_out' ? before + 10_000 : before)
  })

  it('pays at once what a pause has moved behind the end of a lease, and is not removed before', async () => {
    const { test_clock_id: clock } = (await post('/test_clocks', { frozen_time: '2027-01-10T15:00:00Z' })).body
    const client = await placeCompany(world.orm, {
      clock,
      store: { offboarding: 'return', termMonths: [1], billingDay: 15 },
    })
    const [id, code] = [await placeEmployee(world.orm, client), await placeModel(world.orm)]
    const order = { employee_id: id, device_code: code, term_months: 1, payer: 'payroll' }
    const { lease_id: lease } = (await post('/leases', order)).body
    await post(`/leases/${lease}/delivered`)
    await post(`/leases/${lease}/pause`, { mode: 'extend', until: '2027-02-01T00:00:00Z' })
    await post(`/test_clocks/${clock}/advance`, { to: '2027-02-11T00:00:00Z' })
    const row = () => world.orm.em.fork().findOneOrFail(TestClocks, { id: clock })
    while ((await row()).status !== 'ready') await sleep(100)
    const shown = async () => (await world.ask('GET', `/leases/${lease}`)).body
    expect(await shown()).toMatchObject({ status: 'active', paid_amount: 0, lease: { ended: { how: 'return' } } })

    expect((await world.ask('DELETE', `/employees/${id}`)).body.code).toBe('leases_running')
    expect(outcomes(await post(`/employees/${id}/offboard`))).toEqual({ [lease]: 'return' })
    while ((await shown()).status === 'active') await sleep(100)
    expect(await shown()).toMatchObject({ status: 'completed', total_amount: 90_000, paid_amount: 90_000 })
    expect((await world.ask('DELETE', `/employees/${id}`)).status).toBe(204)
  })

  it('goes on with a payment method of their own by the rule transfer, once there is one', async () => {
    const { id, running, ordered, lease } = await leaver('transfer')
    const lacking = await post(`/employees/${id}/offboard`)
    expect(outcomes(lacking)).toEqual({ [running]: 'invalid_request', [ordered]: 'canceled' })
    const done = await post(`/employees/${id}/offboard`, { payment_method: 'pm_card_visa' })
    expect(outcomes(done)).toEqual({ [running]: 'transfer' })
    expect(await lease()).toMatchObject({ status: 'active', lease: { payer: 'employee' } })
    expect((await lease()).payment_method).not.toBe('payroll')
  })

  it('may order again when they are back', async () => {
    const { id, client, order } = await leaver('return')
    await post(`/employees/${id}/offboard`)
    const back = (token: string) => world.ask('PATCH', `/employees/${id}`, { body: { status: 'active' }, token })
    const own = { sub: id, roles: ['employee'] as Role[], customer: id, client }
    expect((await back(tokenOf(own))).body.errors).toMatchObject([{ pointer: '/status' }])
    expect((await back(tokenOf({ sub: client, roles: ['client_admin'], client }))).body).toMatchObject({
      status: 'active',
      offboarded_at: null,
    })
    expect((await order()).status).toBe(201)
  })

  it("is the company's own to see off", async () => {
    const { id, client } = await leaver('return')
    const other = await placeCompany(world.orm)
    const as = (company: string) => tokenOf({ sub: company, roles: ['client_admin'], client: company })
    expect((await post(`/employees/${id}/offboard`, {}, as(other))).status).toBe(404)
    const { headers } = await world.ask('GET', `/employees/${id}`)
    await world.ask('PATCH', `/employees/${id}`, { body: { locale: 'fr' } })
    const stale = { body: {}, headers: { 'if-match': String(headers.etag) } }
    expect((await world.ask('POST', `/employees/${id}/offboard`, stale)).status).toBe(412)
    expect((await post(`/employees/${id}/offboard`, {}, as(client))).status).toBe(200)
  })
})
