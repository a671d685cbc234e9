import { type Bench, startBench } from './testing.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.sandbox.close())

const settleAll = () => bench.control('POST', '/_sandbox/settle', { payment: 'all' })

describe('refunds', () => {
  it('give back part, then the rest, and never more', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const { id: payment_intent } = await bench.charge(who)
    const { refunds } = bench.stripe
    const first = await refunds.create({ payment_intent, amount: 2000, metadata: { plan: 'p1' } })
    expect(first).toMatchObject({ status: 'succeeded', amount: 2000, payment_intent, metadata: { plan: 'p1' } })
    await expect(refunds.create({ payment_intent, amount: 3001 })).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
      statusCode: 400,
      param: 'amount',
    })
    const rest = await refunds.create({ charge: String(first.charge) })
    expect(rest.amount).toBe(3000)
    await expect(refunds.create({ payment_intent })).rejects.toMatchObject({ code: 'charge_already_refunded' })

    expect((await refunds.list({ payment_intent })).data.map(({ id }) => id)).toEqual([rest.id, first.id])
    expect(await refunds.retrieve(first.id)).toMatchObject({ amount: 2000 })
    expect(await bench.stripe.charges.retrieve(String(first.charge))).toMatchObject({
      refunded: true,
      amount_refunded: 5000,
    })
    expect(await bench.payments(who.customer)).toMatchObject([{ amount_refunded: 5000, net: 0, refunds: [{}, {}] }])
  })

  it('of bank debits are pending until they settle', async () => {
    const who = await bench.customerWith('pm_usBankAccount_success')
    const { id: payment_intent } = await bench.charge(who)
    await expect(bench.stripe.refunds.create({ payment_intent })).rejects.toMatchObject({ statusCode: 400 })
    await settleAll()
    const refund = await bench.stripe.refunds.create({ payment_intent })
    expect(refund.status).toBe('pending')
    await settleAll()
    expect((await bench.stripe.refunds.retrieve(refund.id)).status).toBe('succeeded')
  })

  it('fail or are refused when asked to, and the money stays', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const { id: payment_intent } = await bench.charge(who)
    const outcomes = ['refund_failed', 'refund_refused', 'refund_succeeded_then_failed']
    await bench.control('POST', '/_sandbox/outcomes', { customer_id: who.customer, outcomes })
    const failed = await bench.stripe.refunds.create({ payment_intent })
    expect(failed).toMatchObject({ status: 'failed', failure_reason: 'declined' })
    await expect(bench.stripe.refunds.create({ payment_intent })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    })
    expect(await bench.payments(who.customer)).toMatchObject([{ amount_refunded: 0, net: 5000 }])

    const later = await bench.stripe.refunds.create({ payment_intent })
    expect(later.status).toBe('succeeded')
    await settleAll()
    expect((await bench.stripe.refunds.retrieve(later.id)).status).toBe('failed')
    expect(await bench.payments(who.customer)).toMatchObject([{ amount_refunded: 0, net: 5000 }])
    expect((await bench.stripe.refunds.create({ payment_intent })).status).toBe('succeeded')
  })
})
