import { type Begun, sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const DUE = '2027-01-15T12:00:00Z'
const net = async (begun: Begun) => (await tenor.payments(begun.customer.id)).reduce((sum, p) => sum + p.net, 0)
type Proof = { checks: { name: string; differences: { kind: string; detail: string }[] }[] }
/** What is still on its way comes right; what is different does not. */
async function expectProven(begun: Begun): Promise<void> {
  const { checks } = await tenor.must<Proof>('GET', `/payment_terms/${begun.id}/proof`)
  const found = checks.flatMap(({ differences }) => differences).filter(({ kind }) => kind !== 'in_flight')
  expect(found).toEqual([])
}
const statusOf = (plan: Plan, number = 1) => plan.installments[number - 1]?.status
const openEscalation = (begun: Begun) =>
  tenor.until('an open escalation', async () => (await tenor.escalations(begun.id)).find((e) => e.status === 'open'))

describe('a refund that its bank could not credit', () => {
  /** Cancelled with everything given back, and over; then the refund comes back. */
  async function cameBack(): Promise<Begun> {
    const begun = await tenor.begin({ cancellation_terms: { type: 'full' } })
    await tenor.advance(begun.clock, DUE)
    await tenor.outcomes(begun.customer.id, ['refund_succeeded_then_failed'])
    await tenor.cancel(begun.id)
    const ended = await tenor.untilPlan(begun.id, (plan) => plan.status === 'canceled')
    expect(ended.refunded_amount).toBe(10_000)
    await tenor.advance(begun.clock, '2027-02-20T12:00:00Z')
    await tenor.settle(begun.customer.id)
    await tenor.untilPlan(begun.id, (plan) => plan.refunded_amount === 0)
    return begun
  }

  it('is a broker’s, weeks after the plan was over, and is asked for again under a new key', async () => {
    const begun = await cameBack()
    expect(await tenor.balances(begun.id)).toMatchObject({ cash: 10_000, receivable: -10_000 })
    const escalation = await openEscalation(begun)
    expect(escalation).toMatchObject({ reason: 'refund_failed', amount: 10_000 })
    expect((await tenor.resolve(escalation.escalation_id, { action: 'retry' })).status).toBe(200)
    await tenor.untilPlan(begun.id, (plan) => plan.refunded_amount === 10_000)
    const refunds = (await tenor.transactions(begun.id)).filter((t) => t.type === 'refund')
    expect(refunds.map((t) => t.status)).toEqual(['failed', 'succeeded'])
    expect(await net(begun)).toBe(0)
    expect(await tenor.balances(begun.id)).toMatchObject({ cash: 0, receivable: 0 })
    await expectProven(begun)
  })

  it('may have been given back elsewhere', async () => {
    const begun = await cameBack()
    const { escalation_id } = await openEscalation(begun)
    expect((await tenor.resolve(escalation_id, { action: 'mark_paid', reference: 'WIRE-7' })).status).toBe(200)
    const plan = await tenor.untilPlan(begun.id, ({ refunded_amount }) => refunded_amount === 10_000)
    expect(plan.installments[0]).toMatchObject({ refunded_amount: 10_000 })
    expect(await net(begun)).toBe(10_000)
    await expectProven(begun)
  })
})

describe('a dispute that is won', () => {
  it('pays its instalment again, also when it is disputed and won once more', async () => {
    const begun = await tenor.begin({ outcomes: ['succeeded_then_disputed_then_won_then_disputed_then_won'] })
    await tenor.advance(begun.clock, DUE)
    for (let times = 0; times < 2; times++) {
      await tenor.settle(begun.customer.id)
      await tenor.untilPlan(begun.id, (plan) => statusOf(plan) === 'escalated')
      await tenor.settle(begun.customer.id)
      await tenor.untilPlan(begun.id, (plan) => statusOf(plan) === 'paid')
    }
    expect(await tenor.plan(begun.id)).toMatchObject({ status: 'active', paid_amount: 10_000 })
    expect((await tenor.escalations(begun.id)).map((e) => e.status)).toEqual(['resolved', 'resolved'])
    expect(await tenor.transactions(begun.id)).toMatchObject([{ status: 'succeeded', returned_at: null }])
    expect(await tenor.receipts(begun.id)).toHaveLength(1)
    expect(await tenor.balances(begun.id)).toEqual({ receivable: 110_000, income: -120_000, cash: 10_000 })
    expect(await net(begun)).toBe(10_000)
    await expectProven(begun)
  })

  it('is given back when everything was paid otherwise meanwhile', async () => {
    const begun = await tenor.begin({
      outcomes: ['succeeded_then_disputed_then_won'],
      term_duration: 1,
      total_amount: 10_000,
    })
    await tenor.advance(begun.clock, DUE)
    await tenor.settle(begun.customer.id)
    const { escalation_id } = await openEscalation(begun)
    await tenor.resolve(escalation_id, { action: 'mark_paid', reference: 'CHQ-1' })
    await tenor.advance(begun.clock, '2027-03-01T12:00:00Z')
    await tenor.untilPlan(begun.id, (plan) => plan.status === 'completed')
    await tenor.settle(begun.customer.id)
    await tenor.untilPlan(begun.id, (plan) => plan.refunded_amount === 10_000)
    expect(await net(begun)).toBe(0)
    expect((await tenor.balances(begun.id)).receivable).toBe(0)
    await expectProven(begun)
  })
})
