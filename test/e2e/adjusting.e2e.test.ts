import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Adjusted, Plan } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const AFTER_THREE = '2027-03-20T12:00:00Z'
const NEXT_DAY = '2027-03-21T12:00:00Z'
const amounts = (plan: Plan) => plan.installments.map((i) => i.amount)
const CATCH_UP = { adjustment_policy: 'catch_up' }

async function afterThree(body: Record<string, unknown> = {}) {
  const begun = await tenor.begin(body)
  await tenor.advance(begun.clock, AFTER_THREE)
  return begun
}

/** Adjusts after having asked what that would do, and holds the real thing to it. */
async function adjusted(id: string, total: number): Promise<Adjusted> {
  const before = await tenor.plan(id)
  const preview = await tenor.adjust(id, total, '?preview=true')
  expect(await tenor.plan(id)).toEqual(before)
  const real = await tenor.adjust(id, total)
  const known = before.installments.length
  const figures = ({
    adjustment,
    total_amount,
    outstanding_amount,
    provisional,
    charge_of_the_day,
    ...plan
  }: Adjusted) => ({
    ...{ adjustment, total_amount, provisional, charge_of_the_day },
    owed: outstanding_amount + plan.paid_amount,
    schedule: plan.installments.map(({ number, due_at, amount, paid_amount }) => ({
      ...{ number, due_at, amount },
      paid_amount: number > known ? null : paid_amount,
    })),
  })
  // An instalment that is new is due at once, and may be paid by the time that the change is answered.
  const added = real.installments.filter(({ number }) => number > known)
  expect([0, added.reduce((sum, { amount }) => sum + amount, 0)]).toContain(real.paid_amount - preview.paid_amount)
  expect(figures(preview)).toEqual(figures(real))
  return real
}

/** The Adjusting rule's last sentence. */
async function addsUp(id: string, total: number): Promise<void> {
  const plan = await tenor.plan(id)
  expect(plan.paid_amount - plan.refunded_amount + plan.outstanding_amount).toBe(total)
  expect((await tenor.balances(id)).receivable).toBe(plan.outstanding_amount)
}

describe('spread, which is the default', () => {
  it('spreads the rest over what is scheduled: 120000 to 150000 after three', async () => {
    const { clock, id, customer } = await afterThree()
    const answer = await adjusted(id, 150_000)
    expect(answer.adjustment).toEqual({
      previous_total_amount: 120_000,
      total_amount: 150_000,
      refunded: 0,
      charged: 0,
    })
    expect(amounts(answer)).toEqual([10_000, 10_000, 10_000, ...Array(8).fill(13_333), 13_336])
    expect(answer).toMatchObject({ provisional: false, charge_of_the_day: 'none', outstanding_amount: 120_000 })
    await tenor.advance(clock, '2028-01-15T00:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({ status: 'completed', paid_amount: 150_000 })
    const mails = (await tenor.inbox(customer.email)).filter((mail) => mail.subject.includes('1,500.00'))
    expect(mails).toHaveLength(1)
    expect(mails[0]?.text).toContain('100.00')
    expect(mails[0]?.text).toContain('133.33')
    await addsUp(id, 150_000)
  })

  it('spreads a decrease as well', async () => {
    const { id } = await afterThree()
    expect(amounts(await adjusted(id, 100_000))).toEqual([10_000, 10_000, 10_000, ...Array(8).fill(7_777), 7_784])
    await addsUp(id, 100_000)
  })

  it('keeps what is part-paid of a scheduled one', async () => {
    const { id } = await afterThree()
    await tenor.pay(id, { amount: 4_000 })
    await tenor.untilPlan(id, (plan) => plan.paid_amount === 34_000)
    // 150000 - 34000 = 116000 over nine, on top of the 4000.
    const answer = await adjusted(id, 150_000)
    expect(amounts(answer)).toEqual([10_000, 10_000, 10_000, 16_888, ...Array(7).fill(12_888), 12_896])
    await addsUp(id, 150_000)
  })

  it('keeps the amounts of what is retrying or escalated', async () => {
    const { id } = await afterThree({ outcomes: ['succeeded', 'expired_card'] })
    const answer = await adjusted(id, 150_000)
    expect(amounts(answer)).toEqual([10_000, 10_000, 10_000, ...Array(8).fill(13_333), 13_336])
    expect(answer.status).toBe('past_due')
  })

  it('changes a plan that is still pending', async () => {
    const { id } = await tenor.begin()
    expect(amounts(await adjusted(id, 100_000))).toEqual([...Array(11).fill(8_333), 8_337])
  })
})

describe('a decrease below what is settled', () => {
  it('makes the scheduled ones 0, lowers what is escalated, and refunds the rest: 20000', async () => {
    const begun = await tenor.begin({ outcomes: ['succeeded', 'succeeded', 'succeeded', 'expired_card'] })
    const { clock, id, customer } = begun
    await tenor.advance(clock, '2027-04-20T12:00:00Z')
    const [escalation] = await tenor.escalations(id)
    const answer = await adjusted(id, 20_000)
    expect(amounts(answer)).toEqual([10_000, 10_000, 10_000, 0, ...Array(8).fill(0)])
    expect(answer.adjustment).toMatchObject({ refunded: 10_000, charged: 0 })
    await tenor.advance(clock, '2027-04-21T12:00:00Z')
    expect(await tenor.plan(id)).toMatchObject({
      status: 'active',
      paid_amount: 30_000,
      refunded_amount: 10_000,
      outstanding_amount: 0,
    })
    expect((await tenor.escalations(id)).map((e) => e.status)).toEqual(['resolved'])
    await tenor.until('the case to be closed', async () => {
      const [found] = await tenor.cases(escalation?.escalation_id ?? '')
      return found?.fields.Status === 'Closed' ? true : undefined
    })
    expect((await tenor.payments(customer.id)).reduce((sum, p) => sum + p.net, 0)).toBe(20_000)
    await addsUp(id, 20_000)
    await tenor.advance(clock, '2028-01-15T00:00:00Z')
    expect((await tenor.plan(id)).status).toBe('completed')
  })

  it('lowers what is escalated only as far as it must', async () => {
    const { clock, id } = await tenor.begin({ outcomes: ['succeeded', 'succeeded', 'succeeded', 'expired_card'] })
    await tenor.advance(clock, '2027-04-20T12:00:00Z')
    const answer = await adjusted(id, 34_000)
    expect(amounts(answer).slice(3, 5)).toEqual([4_000, 0])
    expect(answer.adjustment.refunded).toBe(0)
    expect(await tenor.escalations(id)).toMatchObject([{ status: 'open', amount: 4_000 }])
    await addsUp(id, 34_000)
  })
})

describe('catch_up', () => {
  it('charges the difference on the settled ones now: 7500, and nine of 12500', async () => {
    const { clock, id, customer } = await afterThree(CATCH_UP)
    const answer = await adjusted(id, 150_000)
    expect(answer.adjustment).toMatchObject({ charged: 7_500, refunded: 0 })
    expect(amounts(answer).slice(3, 12)).toEqual(Array(9).fill(12_500))
    await tenor.advance(clock, NEXT_DAY)
    expect(await tenor.plan(id)).toMatchObject({ paid_amount: 37_500, outstanding_amount: 112_500 })
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([10_000, 10_000, 10_000, 7_500])
    await addsUp(id, 150_000)
  })

  it('takes the NSF path of its own when that charge is declined', async () => {
    const outcomes = ['succeeded', 'succeeded', 'succeeded', 'insufficient_funds']
    const { clock, id } = await afterThree({ ...CATCH_UP, outcomes })
    await adjusted(id, 150_000)
    await tenor.advance(clock, '2027-03-21T08:59:59Z')
    expect(await tenor.plan(id)).toMatchObject({
      status: 'active',
      paid_amount: 30_000,
      next_billing_at: '2027-03-21T09:00:00Z',
    })
    await tenor.advance(clock, '2027-03-21T12:00:00Z')
    expect((await tenor.plan(id)).paid_amount).toBe(37_500)
  })

  it('refunds the difference of a decrease now', async () => {
    const { clock, id, customer } = await afterThree(CATCH_UP)
    const answer = await adjusted(id, 90_000)
    expect(answer.adjustment).toMatchObject({ charged: 0, refunded: 7_500 })
    expect(amounts(answer).slice(3)).toEqual(Array(9).fill(7_500))
    await tenor.advance(clock, NEXT_DAY)
    expect((await tenor.plan(id)).refunded_amount).toBe(7_500)
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([10_000, 10_000, 2_500])
    await addsUp(id, 90_000)
  })
})

describe('nothing scheduled any more', () => {
  it('makes one extra instalment of an increase, due at once', async () => {
    const { clock, id } = await tenor.begin({ term_duration: 2, total_amount: 20_000 })
    await tenor.advance(clock, '2027-02-20T12:00:00Z')
    const answer = await adjusted(id, 26_000)
    expect(amounts(answer)).toEqual([10_000, 10_000, 6_000])
    await tenor.advance(clock, '2027-02-20T12:00:01Z')
    const plan = await tenor.plan(id)
    expect(plan).toMatchObject({ paid_amount: 26_000, outstanding_amount: 0 })
    expect(plan.installments[2]).toMatchObject({ number: 3, due_date: '2027-02-20', status: 'paid' })
    await addsUp(id, 26_000)
  })

  it('refunds a decrease at once', async () => {
    const { clock, id } = await tenor.begin({ term_duration: 2, total_amount: 20_000 })
    await tenor.advance(clock, '2027-02-20T12:00:00Z')
    expect((await adjusted(id, 14_000)).adjustment).toMatchObject({ refunded: 6_000 })
    await tenor.advance(clock, '2027-02-21T12:00:00Z')
    await addsUp(id, 14_000)
  })
})

describe('what is no change, or not allowed', () => {
  it('changes nothing and tells nobody when it equals the present total', async () => {
    const { id } = await afterThree()
    const before = await tenor.plan(id)
    const answer = await tenor.adjust(id, 120_000)
    expect(answer.installments).toEqual(before.installments)
    expect(answer.adjustment).toEqual({
      previous_total_amount: 120_000,
      total_amount: 120_000,
      refunded: 0,
      charged: 0,
    })
    expect((await tenor.notifications(id)).filter((n) => n.type === 'terms.adjusted')).toEqual([])
    expect((await tenor.events(id)).filter((e) => e.type === 'plan.adjusted')).toEqual([])
  })

  it('is refused for a plan that is over', async () => {
    const { id } = await tenor.begin()
    await tenor.cancel(id)
    expect((await tenor.ask('PATCH', `/payment_terms/${id}`, { body: { total_amount: 1_000 } })).status).toBe(409)
  })

  it.each([0, -1, 1.5, '100', null, Number.MAX_SAFE_INTEGER + 1])(
    'is refused for a total of %s',
    async (total_amount) => {
      const { id } = await tenor.begin()
      const { status } = await tenor.ask('PATCH', `/payment_terms/${id}`, { body: { total_amount } })
      expect([400, 422]).toContain(status)
    },
  )
})
