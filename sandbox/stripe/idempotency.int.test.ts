import { type Bench, errorOf, startBench } from './testing.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.sandbox.close())

const keysOf = async (customer: string) =>
  (await bench.payments(customer)).flatMap(({ idempotency_keys }) => idempotency_keys)

describe('an idempotency key', () => {
  it('answers a repeat with the first result and charges once', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const first = await bench.charge(who, {}, 'plan/1/1')
    const second = await bench.charge(who, {}, 'plan/1/1')

    expect(second.id).toBe(first.id)
    expect(second.lastResponse.headers).toMatchObject({
      'idempotent-replayed': 'true',
      'original-request': first.lastResponse.requestId,
    })
    expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined()
    expect(await bench.payments(who.customer)).toHaveLength(1)
    expect(await keysOf(who.customer)).toEqual([{ key: 'plan/1/1', times: 2, path: '/v1/payment_intents' }])
  })

  it('replays a decline, though the card would pay by now', async () => {
    const who = await bench.customerWith('pm_card_visa')
    await bench.control('POST', '/_sandbox/outcomes', { customer_id: who.customer, outcomes: ['insufficient_funds'] })
    const first = await errorOf(bench.charge(who, {}, 'plan/1/1'))
    const second = await errorOf(bench.charge(who, {}, 'plan/1/1'))

    expect(first).toMatchObject({ statusCode: 402, decline_code: 'insufficient_funds' })
    expect(second).toMatchObject({ statusCode: 402, payment_intent: { id: first.payment_intent?.id } })
    expect(await bench.payments(who.customer)).toHaveLength(1)
    expect((await bench.charge(who, {}, 'plan/1/2')).status).toBe('succeeded')
  })

  it('replays a 500 for which nothing was done', async () => {
    const who = await bench.customerWith('pm_card_visa')
    await bench.control('POST', '/_sandbox/faults', { mode: 'error_500', count: 1 })
    await expect(bench.charge(who, {}, 'k')).rejects.toMatchObject({ statusCode: 500 })
    await expect(bench.charge(who, {}, 'k')).rejects.toMatchObject({ statusCode: 500 })
    expect(await bench.payments(who.customer)).toEqual([])
  })

  it('is refused with other parameters, and at another endpoint', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const first = await bench.charge(who, {}, 'k')
    const wrong = { type: 'StripeIdempotencyError', statusCode: 400, rawType: 'idempotency_error' }
    await expect(bench.charge(who, { amount: 5001 }, 'k')).rejects.toMatchObject(wrong)
    const refund = bench.stripe.refunds.create({ payment_intent: first.id }, { idempotencyKey: 'k' })
    await expect(refund).rejects.toMatchObject(wrong)
    expect(await bench.payments(who.customer)).toMatchObject([{ amount: 5000, amount_refunded: 0 }])
  })

  it('is refused while the first request is still at work', async () => {
    const who = await bench.customerWith('pm_card_visa')
    await bench.control('POST', '/_sandbox/faults', {
      mode: 'slow',
      ms: 300,
      count: 1,
      path: 'POST /v1/payment_intents',
    })
    const all = await Promise.allSettled([1, 2, 3].map(() => bench.charge(who, {}, 'k')))

    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused).toMatchObject([
      { statusCode: 409, code: 'idempotency_key_in_use' },
      { statusCode: 409, code: 'idempotency_key_in_use' },
    ])
    expect((await bench.charge(who, {}, 'k')).status).toBe('succeeded')
    expect(await bench.payments(who.customer)).toMatchObject([{ charges_made: 1, idempotency_keys: [{ times: 4 }] }])
  })

  it('remembers nothing of a request whose parameters were wrong', async () => {
    const who = await bench.customerWith('pm_card_visa')
    await expect(bench.charge(who, { amount: 49 }, 'k')).rejects.toMatchObject({ code: 'amount_too_small' })
    expect((await bench.charge(who, {}, 'k')).status).toBe('succeeded')
  })

  it('is new again when Stripe has pruned it: then only a look-up helps', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const first = await bench.charge(who, {}, 'k')
    await bench.control('DELETE', '/_sandbox/idempotency_keys')
    expect((await bench.charge(who, {}, 'k')).id).not.toBe(first.id)
    expect(await bench.payments(who.customer)).toHaveLength(2)
  })

  it('counts the keys of confirms and refunds on their payment', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const { stripe } = bench
    const created = await stripe.paymentIntents.create(
      { amount: 900, currency: 'usd', customer: who.customer, payment_method: who.method },
      { idempotencyKey: 'a' },
    )
    await stripe.paymentIntents.confirm(created.id, {}, { idempotencyKey: 'b' })
    await stripe.paymentIntents.confirm(created.id, {}, { idempotencyKey: 'b' })
    await stripe.refunds.create({ payment_intent: created.id }, { idempotencyKey: 'c' })
    expect(await keysOf(who.customer)).toEqual([
      { key: 'a', times: 1, path: '/v1/payment_intents' },
      { key: 'b', times: 2, path: `/v1/payment_intents/${created.id}/confirm` },
      { key: 'c', times: 1, path: '/v1/refunds' },
    ])
    expect(await bench.payments(who.customer)).toMatchObject([{ confirm_count: 1, charges_made: 1 }])
  })
})
