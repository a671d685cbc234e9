import { type Bench, errorOf, startBench } from './testing.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.sandbox.close())

describe('a card charged off session', () => {
  it('succeeds, with one charge that can be read', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const intent = await bench.charge(who, { metadata: { plan: 'p1' }, expand: ['latest_charge'] })

    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 5000, metadata: { plan: 'p1' } })
    expect(intent.latest_charge).toMatchObject({ object: 'charge', status: 'succeeded', amount: 5000 })
    const again = await bench.stripe.paymentIntents.retrieve(intent.id)
    const charge = await bench.stripe.charges.retrieve(again.latest_charge as string)
    expect(charge).toMatchObject({ payment_intent: intent.id, paid: true, payment_method_details: { type: 'card' } })
    expect(await bench.payments(who.customer)).toMatchObject([
      { payment: intent.id, customer_id: who.customer, amount: 5000, charges_made: 1, confirm_count: 1, net: 5000 },
    ])
  })

  it('is shown to people: by customer, and on a page of its own with what was asked', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const intent = await bench.charge(who, { description: 'Instalment <1> of 12' })
    await bench.charge(await bench.customerWith('pm_card_visa'), { description: "another's" })
    const text = async (path: string) => (await fetch(bench.sandbox.url + path)).text()

    const theirs = await text(`/?customer_id=${who.customer}`)
    expect(theirs).toContain('Instalment &lt;1&gt; of 12')
    expect(theirs).not.toContain('another')
    expect(theirs).toContain(`href="/payments/${intent.id}"`)
    expect(await text(`/payments/${intent.id}`)).toMatch(/50\.00 USD, once[\s\S]*\/v1\/payment_intents/)
    expect((await fetch(`${bench.sandbox.url}/payments/pi_nobodys`)).status).toBe(404)
  })

  it.each([
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeCustomerFail', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', ''],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', ''],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', ''],
    ['pm_card_authenticationRequired', 'authentication_required', 'authentication_required'],
  ])('%s is declined with %s %s, and takes no money', async (test, code, declineCode) => {
    const who = await bench.customerWith(test)
    const error = await errorOf(bench.charge(who))

    expect(error).toMatchObject({ type: 'StripeCardError', statusCode: 402, code, decline_code: declineCode })
    const intent = await bench.stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '')
    expect(intent).toMatchObject({ status: 'requires_payment_method', amount_received: 0, payment_method: null })
    expect(intent.last_payment_error).toMatchObject({ code, payment_method: { id: who.method } })
    expect(await bench.stripe.charges.retrieve(String(intent.latest_charge))).toMatchObject({ status: 'failed' })
    expect(await bench.payments(who.customer)).toMatchObject([{ charges_made: 0, amount_charged: 0, net: 0 }])
  })

  it.each([
    'pm_card_mastercard',
    'pm_card_amex',
    'pm_card_visa_debit',
    'pm_card_discover',
    'pm_card_authenticationRequiredOnSetup',
  ])('%s succeeds', async (test) => {
    const intent = await bench.charge(await bench.customerWith(test))
    expect(intent.status).toBe('succeeded')
  })

  it('takes a well-known id without attaching it, as a new payment method', async () => {
    const intent = await bench.stripe.paymentIntents.create({
      amount: 5000,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
    })
    expect(intent.status).toBe('succeeded')
    expect(intent.payment_method).toMatch(/^pm_[0-9A-Za-z]{24}$/)
  })
})

describe('the life of a payment intent', () => {
  it('goes from created over a decline to success with another card', async () => {
    const { customer, method } = await bench.customerWith('pm_card_chargeDeclined')
    const { stripe } = bench
    const made = await stripe.paymentIntents.create({ amount: 5000, currency: 'usd', customer })
    expect(made.status).toBe('requires_payment_method')
    await expect(stripe.paymentIntents.confirm(made.id)).rejects.toMatchObject({
      statusCode: 400,
      code: 'payment_intent_unexpected_state',
    })
    const ready = await stripe.paymentIntents.update(made.id, { payment_method: method, amount: 6000 })
    expect(ready).toMatchObject({ status: 'requires_confirmation', amount: 6000 })
    await expect(stripe.paymentIntents.confirm(made.id)).rejects.toMatchObject({ code: 'card_declined' })

    const paid = await stripe.paymentIntents.confirm(made.id, { payment_method: 'pm_card_visa' })
    expect(paid).toMatchObject({ status: 'succeeded', amount_received: 6000, last_payment_error: null })
    const again = await errorOf(stripe.paymentIntents.confirm(made.id))
    expect(again).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' })
    expect(again.payment_intent?.status).toBe('succeeded')
    expect(await bench.payments(customer)).toMatchObject([{ confirm_count: 2, charges_made: 1 }])
  })

  it('can be canceled until it is paid, and then neither confirmed nor canceled again', async () => {
    const { stripe } = bench
    const made = await stripe.paymentIntents.create({ amount: 5000, currency: 'usd', payment_method: 'pm_card_visa' })
    const canceled = await stripe.paymentIntents.cancel(made.id, { cancellation_reason: 'requested_by_customer' })
    expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'requested_by_customer' })
    const wrong = { code: 'payment_intent_unexpected_state' }
    await expect(stripe.paymentIntents.confirm(made.id)).rejects.toMatchObject(wrong)
    await expect(stripe.paymentIntents.cancel(made.id)).rejects.toMatchObject(wrong)
    const paid = await bench.charge(await bench.customerWith('pm_card_visa'))
    await expect(stripe.paymentIntents.cancel(paid.id)).rejects.toMatchObject(wrong)
  })

  it('refuses a payment method of another customer, and one that is not allowed', async () => {
    const { method } = await bench.customerWith('pm_card_visa')
    const other = await bench.customerWith('pm_card_visa')
    await expect(bench.charge({ customer: other.customer, method })).rejects.toMatchObject({ statusCode: 400 })
    await expect(bench.charge({ ...other, customer: 'cus_nobody' })).rejects.toMatchObject({ code: 'resource_missing' })
    const bank = await bench.customerWith('pm_usBankAccount_success')
    await expect(bench.charge(bank, { currency: 'eur' })).rejects.toMatchObject({
      code: 'payment_intent_invalid_parameter',
    })
    expect((await bench.payments()).filter((one) => one.charges_made > 0)).toEqual([])
  })
})

describe('lists', () => {
  it('are newest first, of one customer, and paged by the client', async () => {
    const who = await bench.customerWith('pm_card_visa')
    await bench.charge(await bench.customerWith('pm_card_visa'))
    const made: string[] = []
    for (let i = 0; i < 7; i++) made.unshift((await bench.charge(who, { metadata: { i: String(i) } })).id)

    const found: string[] = []
    const filter = { customer: who.customer, limit: 3, created: { gte: 1 } }
    for await (const intent of bench.stripe.paymentIntents.list(filter)) found.push(intent.id)
    expect(found).toEqual(made)
    const future = await bench.stripe.paymentIntents.list({ created: { gt: 4_000_000_000 } })
    expect(future.data).toEqual([])
    const newer = await bench.stripe.paymentIntents.list({ ending_before: made[3] ?? '', limit: 2 })
    expect(newer.data.map(({ id }) => id)).toEqual(made.slice(1, 3))
  })
})

describe('what a customer does on the authentication page', () => {
  const open = async (test: string) => {
    const { customer, method } = await bench.customerWith(test)
    const intent = await bench.stripe.paymentIntents.create({
      amount: 5000,
      currency: 'usd',
      customer,
      payment_method: method,
      confirm: true,
      return_url: 'https://example.com/back?plan=1',
    })
    expect(intent).toMatchObject({ status: 'requires_action', next_action: { type: 'redirect_to_url' } })
    return { id: intent.id, url: intent.next_action?.redirect_to_url?.url ?? '' }
  }
  const press = (url: string, answer: string) =>
    fetch(url, { method: 'POST', body: new URLSearchParams({ answer }), redirect: 'manual' })

  it('shows the amount; agreeing pays and goes back', async () => {
    const { id, url } = await open('pm_card_authenticationRequired')
    expect(await (await fetch(url)).text()).toContain('50.00 USD')
    const back = await press(url, 'authenticate')
    expect(back.status).toBe(303)
    expect(new URL(back.headers.get('location') ?? '').search).toMatch(/plan=1.*redirect_status=succeeded/)
    expect(await bench.stripe.paymentIntents.retrieve(id)).toMatchObject({ status: 'succeeded', next_action: null })
    expect((await press(url, 'authenticate')).status).toBe(400)
  })

  it('refusing fails the payment', async () => {
    const { id, url } = await open('pm_card_authenticationRequired')
    expect((await press(url, 'refuse')).headers.get('location')).toContain('redirect_status=failed')
    expect(await bench.stripe.paymentIntents.retrieve(id)).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    })
  })

  it('the bank may still decline afterwards', async () => {
    const { id, url } = await open('pm_card_authenticationRequiredChargeDeclinedInsufficientFunds')
    await press(url, 'authenticate')
    expect(await bench.stripe.paymentIntents.retrieve(id)).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { decline_code: 'insufficient_funds' },
    })
  })
})
