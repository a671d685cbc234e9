import { type Bench, errorOf, startBench } from './testing.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.sandbox.close())

const ask = (customer_id: string, ...outcomes: string[]) =>
  bench.control('POST', '/_sandbox/outcomes', { customer_id, outcomes })
const settle = (payment: string) =>
  bench.control<{ data: Array<{ payment: string; status: string }> }>('POST', '/_sandbox/settle', { payment })
const read = (id: string) => bench.stripe.paymentIntents.retrieve(id)

describe('outcomes that were asked for', () => {
  it('come in order, for this customer only; after them the payment method decides', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const other = await bench.customerWith('pm_card_visa')
    await ask(
      who.customer,
      'insufficient_funds',
      'succeeded',
      'expired_card',
      'do_not_honor',
      'authentication_required',
    )

    expect(await errorOf(bench.charge(who))).toMatchObject({
      code: 'card_declined',
      decline_code: 'insufficient_funds',
    })
    expect((await bench.charge(other)).status).toBe('succeeded')
    expect((await bench.charge(who)).status).toBe('succeeded')
    expect(await errorOf(bench.charge(who))).toMatchObject({ code: 'expired_card' })
    expect(await errorOf(bench.charge(who))).toMatchObject({ code: 'card_declined', decline_code: 'do_not_honor' })
    expect(await errorOf(bench.charge(who))).toMatchObject({ code: 'authentication_required' })
    expect((await bench.charge(who)).status).toBe('succeeded')
  })

  it('may be asked by the id the caller gave the customer in its metadata', async () => {
    const customer = await bench.stripe.customers.create({ metadata: { tenor_customer_id: 'c-17' } })
    const method = await bench.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
    await ask('c-17', 'lost_card')
    const who = { customer: customer.id, method: method.id }
    expect(await errorOf(bench.charge(who))).toMatchObject({ decline_code: 'lost_card' })
    expect(await bench.payments('c-17')).toHaveLength(1)
  })

  it.each([
    [{ customer_id: 'c', outcomes: ['Succeeded!'] }],
    [{ customer_id: 'c', outcomes: ['insufficient_funds_then_succeeded'] }],
    [{ customer_id: 'c', outcomes: [] }],
    [{ customer_id: '', outcomes: ['succeeded'] }],
    [{ outcomes: ['succeeded'] }],
    [{ customer_id: 'c', outcomes: ['succeeded'], more: 1 }],
  ])('that make no sense are refused: %j', async (body) => {
    await expect(bench.control('POST', '/_sandbox/outcomes', body)).rejects.toThrow('400')
    expect(await bench.control('GET', '/_sandbox/outcomes')).toEqual({ data: [] })
  })
})

describe('what is processing', () => {
  it.each([
    ['pm_usBankAccount_success', 'usd', 'succeeded', null],
    ['pm_usBankAccount_insufficientFunds', 'usd', 'requires_payment_method', 'insufficient_funds'],
    ['pm_usBankAccount_accountClosed', 'usd', 'requires_payment_method', 'account_closed'],
    ['pm_usBankAccount_noAccount', 'usd', 'requires_payment_method', 'no_account'],
    ['pm_sepaDebit_success', 'eur', 'succeeded', null],
    ['pm_sepaDebit_insufficientFunds', 'eur', 'requires_payment_method', 'insufficient_funds'],
  ])('%s stays so until it settles as %s', async (test, currency, status, code) => {
    const who = await bench.customerWith(test)
    const intent = await bench.charge(who, { currency, expand: ['latest_charge'] })
    expect(intent).toMatchObject({ status: 'processing', amount_received: 0, latest_charge: { status: 'pending' } })
    expect(await bench.payments(who.customer)).toMatchObject([{ charges_made: 0, net: 0 }])
    await expect(bench.stripe.paymentIntents.cancel(intent.id)).rejects.toMatchObject({ statusCode: 400 })

    expect(await settle('all')).toMatchObject({ data: [{ payment: intent.id, status }] })
    const settled = await read(intent.id)
    expect(settled.status).toBe(status)
    expect(settled.last_payment_error?.code ?? null).toBe(code)
    expect((await settle('all')).data).toEqual([])
  })

  it('stays so for ever with pm_usBankAccount_processing, unless it is named', async () => {
    const intent = await bench.charge(await bench.customerWith('pm_usBankAccount_processing'))
    expect((await settle('all')).data).toEqual([])
    expect((await read(intent.id)).status).toBe('processing')
    expect((await settle(intent.id)).data).toMatchObject([{ payment: intent.id, status: 'succeeded' }])
  })

  it('happens to cards and debits as asked, one payment or one customer at a time', async () => {
    const card = await bench.customerWith('pm_card_visa')
    const debit = await bench.customerWith('pm_usBankAccount_success')
    await ask(card.customer, 'processing_then_insufficient_funds', 'processing_then_succeeded')
    await ask(debit.customer, 'insufficient_funds')
    const [one, two, three] = [await bench.charge(card), await bench.charge(card), await bench.charge(debit)]
    expect([one.status, two.status, three.status]).toEqual(['processing', 'processing', 'processing'])

    await settle(two.id)
    expect([(await read(one.id)).status, (await read(two.id)).status]).toEqual(['processing', 'succeeded'])
    await bench.control('POST', '/_sandbox/settle', { customer_id: debit.customer })
    expect((await read(three.id)).last_payment_error?.code).toBe('insufficient_funds')
    await settle('all')
    expect((await read(one.id)).last_payment_error?.decline_code).toBe('insufficient_funds')
  })

  it('settles by itself when the sandbox is told so', async () => {
    await bench.sandbox.close()
    bench = await startBench({ settleAfterMs: 40 })
    const intent = await bench.charge(await bench.customerWith('pm_usBankAccount_success'))
    while ((await read(intent.id)).status !== 'succeeded') await new Promise((done) => setTimeout(done, 20))
    expect(await bench.payments()).toMatchObject([{ charges_made: 1, net: 5000 }])
  })
})

describe('money taken back', () => {
  const disputesOf = (payment: string) => bench.stripe.disputes.list({ payment_intent: payment })

  it('a debit that succeeded is returned: the dispute is lost at once and the money gone', async () => {
    const who = await bench.customerWith('pm_usBankAccount_success')
    await ask(who.customer, 'succeeded_then_returned')
    const intent = await bench.charge(who, { expand: ['latest_charge'] })
    await settle('all')
    expect((await read(intent.id)).status).toBe('succeeded')
    expect(await bench.payments(who.customer)).toMatchObject([{ net: 5000, disputed: false }])
    await settle('all')

    expect((await disputesOf(intent.id)).data).toMatchObject([
      { reason: 'insufficient_funds', status: 'lost', amount: 5000 },
    ])
    const paid = await bench.stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] })
    expect(paid).toMatchObject({ status: 'succeeded', latest_charge: { disputed: true } })
    expect(await bench.payments(who.customer)).toMatchObject([{ charges_made: 1, net: 0, amount_returned: 5000 }])
    await expect(bench.stripe.refunds.create({ payment_intent: intent.id })).rejects.toMatchObject({
      code: 'charge_disputed',
    })
    expect((await settle('all')).data).toEqual([])
  })

  it('a card that succeeded is returned by the next settle', async () => {
    const who = await bench.customerWith('pm_card_visa')
    await ask(who.customer, 'succeeded_then_returned_debit_not_authorized')
    const intent = await bench.charge(who)
    expect(intent.status).toBe('succeeded')
    await settle(intent.id)
    expect((await disputesOf(intent.id)).data).toMatchObject([{ reason: 'debit_not_authorized', status: 'lost' }])
  })

  it.each([
    [undefined, 'insufficient_funds'],
    ['account_closed', 'incorrect_account_details'],
    ['debit_not_authorized', 'debit_not_authorized'],
    ['bank_ownership_changed', 'bank_cannot_process'],
  ])('by POST /_sandbox/return because of %s', async (reason, disputeReason) => {
    const intent = await bench.charge(await bench.customerWith('pm_usBankAccount_success'))
    await expect(bench.control('POST', '/_sandbox/return', { payment: intent.id })).rejects.toThrow('400')
    await settle('all')
    await bench.control('POST', '/_sandbox/return', { payment: intent.id, reason })
    expect((await disputesOf(intent.id)).data).toMatchObject([{ reason: disputeReason, status: 'lost' }])
    await expect(bench.control('POST', '/_sandbox/return', { payment: intent.id })).rejects.toThrow('400')
  })

  it('a dispute of a card is open until it is decided; won, the money is back', async () => {
    const who = await bench.customerWith('pm_card_visa')
    const intent = await bench.charge(who)
    const made = await bench.control<{ id: string }>('POST', '/_sandbox/dispute', { payment: intent.id })
    expect(await bench.stripe.disputes.retrieve(made.id)).toMatchObject({
      status: 'needs_response',
      reason: 'fraudulent',
    })
    expect(await bench.payments(who.customer)).toMatchObject([{ net: 0 }])
    await bench.control('POST', `/_sandbox/disputes/${made.id}/close`, { status: 'won' })
    expect(await bench.payments(who.customer)).toMatchObject([{ net: 5000, disputed: false }])
    await expect(bench.control('POST', '/_sandbox/dispute', { payment: 'pi_nothing' })).rejects.toThrow('404')
  })
})
