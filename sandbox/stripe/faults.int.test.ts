import { type Bench, clientOf, errorOf, startBench } from './testing.ts'

let bench: Bench
let who: { customer: string; method: string }
beforeEach(async () => {
  bench = await startBench()
  who = await bench.customerWith('pm_card_visa')
})
afterEach(() => bench.sandbox.close())

const fault = (body: object) => bench.control<{ data: object[] }>('POST', '/_sandbox/faults', body)

describe('faults', () => {
  it('lose_answer charges, keeps the key, and cuts the connection', async () => {
    // The client itself repeats once when a connection is cut, even when told not to retry.
    await fault({ mode: 'lose_answer', count: 2, path: '/v1/payment_intents' })
    expect(await errorOf(bench.charge(who, {}, 'k'))).toMatchObject({ type: 'StripeConnectionError' })
    expect(await bench.payments(who.customer)).toMatchObject([{ status: 'succeeded', charges_made: 1 }])

    const replayed = await bench.charge(who, {}, 'k')
    expect(replayed.lastResponse.headers['idempotent-replayed']).toBe('true')
    expect(await bench.payments(who.customer)).toMatchObject([{ charges_made: 1, idempotency_keys: [{ times: 3 }] }])
  })

  it('down does nothing, until it is ended', async () => {
    await fault({ mode: 'down' })
    expect(await errorOf(bench.charge(who))).toMatchObject({ type: 'StripeConnectionError' })
    expect(await errorOf(bench.stripe.customers.retrieve(who.customer))).toMatchObject({
      type: 'StripeConnectionError',
    })
    expect(await bench.payments(who.customer)).toEqual([])
    expect(await bench.control('GET', '/_sandbox/faults')).toMatchObject({ data: [{ mode: 'down', left: null }] })
    await bench.control('DELETE', '/_sandbox/faults')
    expect((await bench.charge(who)).status).toBe('succeeded')
  })

  it('down ends by itself after for_ms', async () => {
    await fault({ mode: 'down', for_ms: 150 })
    const stripe = clientOf(bench.sandbox.url, { maxNetworkRetries: 5 })
    const intent = await stripe.paymentIntents.create({
      amount: 5000,
      currency: 'usd',
      customer: who.customer,
      payment_method: who.method,
      confirm: true,
      off_session: true,
    })
    expect(intent.status).toBe('succeeded')
    expect(await bench.payments(who.customer)).toHaveLength(1)
  })

  it('error_500 does nothing, error_500_after has done the work', async () => {
    await fault({ mode: 'error_500', count: 1 })
    await fault({ mode: 'error_500_after', count: 1 })
    expect(await errorOf(bench.charge(who, {}, 'a'))).toMatchObject({ type: 'StripeAPIError', statusCode: 500 })
    expect(await bench.payments(who.customer)).toEqual([])
    expect(await errorOf(bench.charge(who, {}, 'b'))).toMatchObject({ type: 'StripeAPIError', statusCode: 500 })
    expect(await bench.payments(who.customer)).toMatchObject([{ charges_made: 1, idempotency_keys: [{ key: 'b' }] }])
    expect(await errorOf(bench.charge(who, {}, 'b'))).toMatchObject({ statusCode: 500 })
  })

  it('rate_limit answers 429 and keeps no key', async () => {
    await fault({ mode: 'rate_limit', count: 1 })
    const error = await errorOf(bench.charge(who, {}, 'k'))
    expect(error).toMatchObject({ type: 'StripeRateLimitError', statusCode: 429, code: 'rate_limit' })
    expect((await bench.charge(who, {}, 'k')).status).toBe('succeeded')
  })

  it('slow outlasts the client, and the charge is made all the same', async () => {
    await fault({ mode: 'slow', ms: 300, count: 1, path: 'POST /v1/payment_intents' })
    const impatient = clientOf(bench.sandbox.url, { timeout: 50 })
    const paying = { customer: who.customer, payment_method: who.method, confirm: true, off_session: true }
    const error = await errorOf(
      impatient.paymentIntents.create({ amount: 700, currency: 'usd', ...paying }, { idempotencyKey: 'k' }),
    )
    expect(error.type).toBe('StripeConnectionError')
    const stripe = clientOf(bench.sandbox.url, { maxNetworkRetries: 5 })
    const paid = await stripe.paymentIntents.create(
      { amount: 700, currency: 'usd', ...paying },
      { idempotencyKey: 'k' },
    )
    expect(paid.status).toBe('succeeded')
    expect(await bench.payments(who.customer)).toMatchObject([{ amount: 700, charges_made: 1 }])
  })

  it('touch only the requests they name', async () => {
    await fault({ mode: 'error_500', path: '/refunds' })
    const intent = await bench.charge(who)
    expect(await errorOf(bench.stripe.refunds.create({ payment_intent: intent.id }))).toMatchObject({ statusCode: 500 })
    expect((await bench.stripe.paymentIntents.retrieve(intent.id)).status).toBe('succeeded')
  })

  it.each([{ mode: 'fire' }, { mode: 'slow', ms: -1 }, { mode: 'down', count: 0 }, { mode: 'down', when: 'now' }, {}])(
    'that make no sense are refused: %j',
    async (body) => {
      await expect(fault(body)).rejects.toThrow('400')
      expect(await bench.control('GET', '/_sandbox/faults')).toEqual({ data: [] })
    },
  )

  it('a limit of requests per second is kept, and the busiest second is known', async () => {
    await bench.sandbox.close()
    bench = await startBench({ requestsPerSecond: 3 })
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, () => bench.stripe.customers.create({ name: 'Ada' })),
    )
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason.statusCode] : []))
    expect(new Set(refused)).toEqual(new Set([429]))
    const stats = await bench.control<{ total: number; max_per_second: number }>('GET', '/_sandbox/stats')
    expect(stats).toMatchObject({ total: 20, requests: { 'POST /v1/customers': 20 } })
    expect(stats.max_per_second).toBeGreaterThan(3)
  })
})
