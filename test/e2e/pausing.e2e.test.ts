import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const pause = (id: string, body: Record<string, unknown>) =>
  tenor.ask<Plan>('POST', `/payment_terms/${id}/pause`, { body })
const resume = (id: string) => tenor.ask<Plan>('POST', `/payment_terms/${id}/resume`)
const attemptsAt = (plan: Plan) => plan.installments.map((i) => i.attempts.map((a) => a.at))
const types = async (id: string) => (await tenor.events(id)).map((event) => event.type)

describe('a payment holiday', () => {
  it('attempts no new instalment, and says so', async () => {
    const { clock, id } = await tenor.begin()
    const paused = await pause(id, { mode: 'extend', until: '2027-06-01' })
    expect(paused.status).toBe(200)
    expect(paused.body.pause).toEqual({
      mode: 'extend',
      since: '2027-01-13T12:00:00Z',
      until: '2027-06-01T00:00:00Z',
    })
    await tenor.advance(clock, '2027-05-31T23:59:59Z')
    const plan = await tenor.plan(id)
    expect(plan).toMatchObject({ status: 'active', paid_amount: 0, outstanding_amount: 120_000 })
    expect(attemptsAt(plan).flat()).toEqual([])
    expect(await types(id)).toContain('plan.paused')
  })

  it('lets retries that are under way go on', async () => {
    const { clock, id } = await tenor.begin({ outcomes: ['insufficient_funds'] })
    await tenor.advance(clock, '2027-01-15T12:00:00Z')
    await pause(id, { mode: 'extend' })
    await tenor.advance(clock, '2027-02-20T00:00:00Z')
    const plan = await tenor.plan(id)
    expect(attemptsAt(plan).slice(0, 2)).toEqual([['2027-01-15T09:00:00Z', '2027-01-16T09:00:00Z'], []])
    expect(plan.paid_amount).toBe(10_000)
  })

  it('sends no reminder of what will not be charged', async () => {
    const { clock, id } = await tenor.begin({ now: '2027-01-10T12:00:00Z' })
    await pause(id, { mode: 'extend' })
    await tenor.advance(clock, '2027-01-14T12:00:00Z')
    expect((await tenor.notifications(id)).filter((n) => n.type === 'payment.reminder')).toEqual([])
  })
})

describe('extend', () => {
  it('moves the missed ones to billing days after the last due date; the end date stays', async () => {
    const { clock, id, plan: before } = await tenor.begin()
    await tenor.advance(clock, '2027-02-20T00:00:00Z')
    await pause(id, { mode: 'extend' })
    await tenor.advance(clock, '2027-05-01T00:00:00Z')
    const { body: resumed } = await resume(id)
    expect(resumed).toMatchObject({ pause: null, next_billing_at: '2027-05-15T09:00:00Z', end_date: before.end_date })
    const moved = resumed.installments.filter((i, k) => i.due_date !== before.installments[k]?.due_date)
    expect(moved.map((i) => [i.number, i.due_date])).toEqual([
      [3, '2028-01-15'],
      [4, '2028-02-15'],
    ])
    await tenor.advance(clock, '2028-02-16T00:00:00Z')
    const plan = await tenor.plan(id)
    expect(plan).toMatchObject({ status: 'completed', paid_amount: 120_000 })
    expect(attemptsAt(plan)).toEqual(plan.installments.map((i) => [i.due_at]))
  })

  it('ends by itself when that was agreed', async () => {
    const { clock, id } = await tenor.begin()
    await pause(id, { mode: 'extend', until: '2027-02-01' })
    await tenor.advance(clock, '2027-02-16T00:00:00Z')
    const plan = await tenor.plan(id)
    expect(plan.pause).toBeNull()
    expect(plan.installments[0]).toMatchObject({ status: 'scheduled', due_date: '2028-01-15' })
    expect(attemptsAt(plan)[1]).toEqual(['2027-02-15T09:00:00Z'])
    expect((await types(id)).filter((type) => type === 'plan.resumed')).toHaveLength(1)
  })
})

describe('catch_up', () => {
  it('charges the missed ones one a day from the day of resuming, never in a burst', async () => {
    const { clock, id } = await tenor.begin()
    await pause(id, { mode: 'catch_up' })
    await tenor.advance(clock, '2027-04-01T06:00:00Z')
    await resume(id)
    await tenor.advance(clock, '2027-04-01T12:00:00Z')
    expect((await tenor.plan(id)).paid_amount).toBe(10_000)
    await tenor.advance(clock, '2027-04-16T00:00:00Z')
    const plan = await tenor.plan(id)
    expect(attemptsAt(plan).slice(0, 5)).toEqual([
      ['2027-04-01T09:00:00Z'],
      ['2027-04-02T09:00:00Z'],
      ['2027-04-03T09:00:00Z'],
      ['2027-04-15T09:00:00Z'],
      [],
    ])
    expect(plan.installments[0]?.due_date).toBe('2027-01-15')
  })
})

describe('what is refused', () => {
  it('is a second pause, a resumption of nothing, an end in the past, and any of it for a plan that is over', async () => {
    const { clock, id } = await tenor.begin()
    expect(await resume(id)).toMatchObject({ status: 409, body: { code: 'not_paused' } })
    expect((await pause(id, { mode: 'extend', until: '2027-01-13' })).status).toBe(422)
    expect((await pause(id, { mode: 'forget' })).status).toBe(400)
    expect((await pause(id, { mode: 'extend' })).status).toBe(200)
    expect(await pause(id, { mode: 'catch_up' })).toMatchObject({ status: 409, body: { code: 'already_paused' } })
    await tenor.cancel(id)
    await tenor.advance(clock, '2027-01-14T00:00:00Z')
    expect((await pause(id, { mode: 'extend' })).status).toBe(409)
    expect((await resume(id)).status).toBe(409)
  })
})
