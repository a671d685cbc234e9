import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import { sharedStack } from '../support/stack.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const DAY_MS = 86_400_000
const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
/** A start date on which the first instalment is due as well. */
const startingOn = (date: string) => ({ start_date: date, billing_day: Number(date.slice(8)) })

describe('a plan with no test clock', () => {
  it('that started yesterday is charged at once, by the real clock, and cancelled with a refund', async () => {
    const began = new Date().toISOString()
    const customer = await tenor.customer()
    const { payment_terms_id: id } = await tenor.term({
      customer_id: customer.id,
      ...startingOn(dateOf(Date.now() - DAY_MS)),
      cancellation_terms: { type: 'full' },
    })
    const plan = await tenor.untilPlan(id, ({ paid_amount }) => paid_amount > 0)
    expect(plan).toMatchObject({ status: 'active', paid_amount: 10_000, test_clock: null })
    expect(plan.installments[0]?.attempts).toMatchObject([{ number: 1, outcome: 'succeeded' }])
    expect(Date.parse(plan.installments[0]?.attempts[0]?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(began) - 1_000)
    expect(plan.next_billing_at).toBe(plan.installments[1]?.due_at)
    // Yesterday's 09:00 is 15 hours before today.
    const metrics = await (await fetch(`http://127.0.0.1:${sharedStack().env.METRICS_PORT}/metrics`)).text()
    const late = Number(/^tenor_charge_lateness_seconds_sum (.*)$/m.exec(metrics)?.[1])
    expect(late).toBeGreaterThanOrEqual(15 * 3_600)
    for (const what of ['notice', 'case', 'webhook']) expect(metrics).toContain(`tenor_outbox_waiting{what="${what}"}`)

    await tenor.cancel(id)
    const canceled = await tenor.untilPlan(id, ({ status }) => status === 'canceled')
    expect(canceled).toMatchObject({ paid_amount: 10_000, refunded_amount: 10_000, next_billing_at: null })
    expect((await tenor.payments(customer.id)).map((p) => p.net)).toEqual([0])
    expect((await tenor.balances(id)).receivable).toBe(0)
  })

  it('sleeps until its due moment, and is charged then', async () => {
    const due = `${new Date(Date.now() + 65_000).toISOString().slice(0, 16)}:00Z`
    const customer = await tenor.customer()
    const { payment_terms_id: id } = await tenor.term({
      customer_id: customer.id,
      ...startingOn(due.slice(0, 10)),
      billing_time: due.slice(11, 16),
    })
    expect(await tenor.plan(id)).toMatchObject({ paid_amount: 0, next_billing_at: due })
    const look = async () => {
      const plan = await tenor.plan(id)
      return plan.paid_amount > 0 ? plan : undefined
    }
    const plan = await tenor.until('the first charge', look, 150_000)
    expect(plan).toMatchObject({ status: 'active', paid_amount: 10_000, next_billing_at: plan.installments[1]?.due_at })
    expect(plan.installments[0]).toMatchObject({ due_at: due, attempts: [{ number: 1, outcome: 'succeeded' }] })
    expect(Date.parse(plan.installments[0]?.attempts[0]?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(due))
    await tenor.cancel(id)
  }, 180_000)
})
