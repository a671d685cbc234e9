import { type Bench, errorOf, startBench } from './testing.ts'

let bench: Bench
beforeAll(async () => {
  bench = await startBench()
})
afterAll(() => bench.sandbox.close())

type Answer = { status: number; headers: Headers; body: { error?: Record<string, unknown>; [name: string]: unknown } }
async function call(path: string, form?: string, authorization = 'Bearer sk_test_abc'): Promise<Answer> {
  const response = await fetch(bench.sandbox.url + path, {
    method: form === undefined ? 'GET' : 'POST',
    headers: { ...(authorization ? { authorization } : {}), 'content-type': 'application/x-www-form-urlencoded' },
    ...(form === undefined ? {} : { body: form }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] }
}

describe('who may ask', () => {
  it.each([
    ['', 401],
    ['Bearer sk_live_123', 401],
    ['Bearer ', 401],
    [`Basic ${btoa('pk_test_1:')}`, 401],
    [`Basic ${btoa('sk_test_1:')}`, 200],
    ['Bearer sk_test_anything', 200],
    ['Bearer rk_test_anything', 200],
  ])('%s is answered with %i', async (authorization, status) => {
    const answer = await call('/v1/customers', undefined, authorization)
    expect(answer.status).toBe(status)
    if (status === 401) expect(answer.body.error).toMatchObject({ type: 'invalid_request_error' })
  })
})

describe('answers', () => {
  it('carry the headers of Stripe', async () => {
    const { headers } = await call('/v1/customers', 'name=Ada')
    expect(headers.get('request-id')).toMatch(/^req_/)
    expect(headers.get('stripe-version')).toBe('2026-10-28.endive')
    expect(headers.get('content-type')).toContain('application/json')
  })

  it('say 404 in the shape of Stripe for what there is not', async () => {
    expect(await call('/v1/payment_intents/pi_no')).toMatchObject({
      status: 404,
      body: { error: { code: 'resource_missing', message: "No such payment_intent: 'pi_no'" } },
    })
    expect(await call('/v1/nothing')).toMatchObject({ status: 404, body: { error: { type: 'invalid_request_error' } } })
  })
})

describe('wrong parameters', () => {
  it.each([
    ['amount=5000&currency=usd&amout=1', 'parameter_unknown', 'amout'],
    [
      'amount=5000&currency=usd&automatic_payment_methods[enable]=true',
      'parameter_unknown',
      'automatic_payment_methods[enable]',
    ],
    ['currency=usd', 'parameter_missing', 'amount'],
    ['amount=5000', 'parameter_missing', 'currency'],
    ['amount=50.5&currency=usd', 'parameter_invalid_integer', 'amount'],
    ['amount=abc&currency=usd', 'parameter_invalid_integer', 'amount'],
    ['amount=-50&currency=usd', 'amount_too_small', 'amount'],
    ['amount=49&currency=usd', 'amount_too_small', 'amount'],
    ['amount=29&currency=gbp', 'amount_too_small', 'amount'],
    ['amount=100000000&currency=usd', 'amount_too_large', 'amount'],
    ['amount=5000&currency=zzz', undefined, 'currency'],
    ['amount=5001&currency=kwd', undefined, 'amount'],
    ['amount=500050&currency=ugx', undefined, 'amount'],
    ['amount=500050&currency=isk', undefined, 'amount'],
    ['amount=5000&currency=usd&customer=', 'parameter_invalid_empty', 'customer'],
    ['amount=5000&currency=usd&confirm=maybe', undefined, 'confirm'],
    ['amount=5000&currency=usd&off_session=true', undefined, 'off_session'],
    ['amount=5000&currency=usd&customer=cus_no', 'resource_missing', 'customer'],
    ['amount=5000&currency=usd&payment_method=pm_no', 'resource_missing', 'payment_method'],
    [
      'amount=5000&currency=usd&payment_method_types[]=sepa_debit',
      'payment_intent_invalid_parameter',
      'payment_method_types',
    ],
    ['amount=5000&currency=usd&capture_method=manual', undefined, 'capture_method'],
    [`amount=5000&currency=usd&metadata[${'k'.repeat(41)}]=v`, undefined, undefined],
  ])('%s: %s %s', async (form, code, param) => {
    const { status, body } = await call('/v1/payment_intents', form)
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ type: 'invalid_request_error', message: expect.stringMatching(/./) })
    expect(body.error?.code).toBe(code)
    if (param !== undefined) expect(body.error?.param).toBe(param)
  })

  it.each([
    'amount=5000&currency=kwd',
    'amount=500000&currency=ugx',
    'amount=50&currency=jpy',
    'amount=5000&currency=USD',
  ])('%s is fine', async (form) => {
    expect(await call('/v1/payment_intents', form)).toMatchObject({
      status: 200,
      body: { status: 'requires_payment_method' },
    })
  })

  it('are refused in lists too', async () => {
    expect((await call('/v1/payment_intents?limit=101')).body.error).toMatchObject({ param: 'limit' })
    expect((await call('/v1/payment_intents?starting_after=pi_no')).body.error).toMatchObject({
      code: 'resource_missing',
    })
    expect((await call('/v1/payment_intents?colour=red')).body.error).toMatchObject({ code: 'parameter_unknown' })
  })
})

describe('customers and their payment methods', () => {
  it('are made, changed, found by e-mail, and deleted', async () => {
    const { customers } = bench.stripe
    const made = await customers.create({ name: 'Ada', email: 'ada@example.com', metadata: { a: '1', b: '2' } })
    const changed = await customers.update(made.id, { phone: '+250788000000', metadata: { a: '', c: '3' } })
    expect(changed).toMatchObject({ name: 'Ada', phone: '+250788000000', metadata: { b: '2', c: '3' } })
    expect(changed.metadata).not.toHaveProperty('a')
    expect((await customers.list({ email: 'ada@example.com' })).data).toMatchObject([{ id: made.id }])
    expect(await customers.del(made.id)).toMatchObject({ deleted: true })
    expect(await customers.retrieve(made.id)).toMatchObject({ deleted: true })
    expect(await errorOf(customers.update(made.id, { name: 'Eve' }))).toMatchObject({ code: 'resource_missing' })
    expect(await errorOf(customers.create({ email: 'nonsense' }))).toMatchObject({ code: 'email_invalid' })
  })

  it('are attached, listed, made the default, and detached', async () => {
    const { customers, paymentMethods } = bench.stripe
    const customer = await customers.create({})
    const card = await paymentMethods.attach('pm_card_visa', { customer: customer.id })
    const bank = await paymentMethods.attach('pm_usBankAccount_success', { customer: customer.id })
    expect(card).toMatchObject({ customer: customer.id, type: 'card', card: { brand: 'visa', last4: '4242' } })
    expect((await customers.listPaymentMethods(customer.id)).data.map(({ id }) => id)).toEqual([bank.id, card.id])
    const cards = await paymentMethods.list({ customer: customer.id, type: 'card' })
    expect(cards.data.map(({ id }) => id)).toEqual([card.id])
    const settled = await customers.update(customer.id, { invoice_settings: { default_payment_method: card.id } })
    expect(settled.invoice_settings.default_payment_method).toBe(card.id)

    const other = await customers.create({})
    expect(await errorOf(paymentMethods.attach(card.id, { customer: other.id }))).toMatchObject({ statusCode: 400 })
    const foreign = { invoice_settings: { default_payment_method: card.id } }
    expect(await errorOf(customers.update(other.id, foreign))).toMatchObject({ code: 'resource_missing' })
    expect((await paymentMethods.detach(card.id)).customer).toBeNull()
    expect((await customers.listPaymentMethods(customer.id)).data.map(({ id }) => id)).toEqual([bank.id])
    expect(await errorOf(paymentMethods.attach('pm_no', { customer: customer.id }))).toMatchObject({ statusCode: 404 })
  })
})
