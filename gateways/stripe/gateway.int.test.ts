import { randomUUID } from 'node:crypto'
import { type StripeSandbox, startStripeSandbox } from '../../sandbox/stripe/index.ts'
import { KeyConflict, NoAnswer, type PaymentGateway, PaymentMethodRefused } from '../payments.ts'
import { stripeGateway } from './gateway.ts'

let sandbox: StripeSandbox
let gateway: PaymentGateway
let customer: string
let count = 0

beforeAll(async () => {
  sandbox = await startStripeSandbox({ port: 0, webhookSecret: 'whsec_test' })
  gateway = stripeGateway({
    secretKey: 'sk_test_tenor',
    apiUrl: sandbox.url,
    returnUrl: 'https://tenor.example/back',
    timeoutMs: 5000,
  })
})

afterAll(() => sandbox.close())

beforeEach(async () => {
  await control('POST', 'reset')
  const key = `customer-${randomUUID()}`
  const data = { gatewayId: null, reference: 'customer-1', name: 'Ada Obi', email: 'ada@example.com', phone: null }
  customer = (await gateway.saveCustomer(data, key)).id
})

async function control(method: string, path: string, body: object = {}): Promise<{ data: Record<string, unknown>[] }> {
  const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, {
    method,
    ...(method === 'POST' && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as { data: Record<string, unknown>[] }
}

const outcomes = (...all: string[]) => control('POST', 'outcomes', { customer_id: customer, outcomes: all })
const fault = (mode: string, path: string, times = 1) => control('POST', 'faults', { mode, path, count: times })
const reallyMade = async () => (await control('GET', 'payments')).data

async function charge(method = 'pm_card_visa', over: object = {}) {
  count += 1
  const reference = `term-1/${count}/1`
  const paymentMethod = (await gateway.attachMethod(method, customer)).id
  return {
    reference,
    key: reference,
    amount: 8333,
    currency: 'USD',
    customer,
    paymentMethod,
    description: 'Instalment',
    metadata: { plan: 'term-1' },
    ...over,
  }
}

async function made(method?: string, over?: object): Promise<string> {
  const created = await gateway.create(await charge(method, over))
  if (!('id' in created)) throw new Error(`refused: ${created.code}`)
  return created.id
}

describe('a charge', () => {
  it('is made unconfirmed, and charged once however often it is confirmed', async () => {
    const id = await made()
    expect(await gateway.read(id)).toEqual({ result: 'unconfirmed' })
    for (const key of ['one', 'one', 'two']) expect(await gateway.confirm(id, key)).toEqual({ result: 'succeeded' })
    expect(await gateway.read(id)).toEqual({ result: 'succeeded' })
    expect(await reallyMade()).toMatchObject([{ amount_charged: 8333, charges_made: 1, metadata: { plan: 'term-1' } }])
  })

  it.each([
    ['pm_card_chargeDeclinedInsufficientFunds', { result: 'declined', severity: 'soft', code: 'insufficient_funds' }],
    ['pm_card_visa_chargeDeclined', { result: 'declined', severity: 'soft', code: 'generic_decline' }],
    ['pm_card_chargeDeclinedExpiredCard', { result: 'declined', severity: 'hard', code: 'expired_card' }],
    ['pm_card_visa_chargeDeclinedStolenCard', { result: 'declined', severity: 'hard', code: 'stolen_card' }],
    ['pm_usBankAccount_processing', { result: 'processing' }],
  ])('on %s: %j', async (method, outcome) => {
    const id = await made(method)
    expect(await gateway.confirm(id, `${id}/confirm`)).toEqual(outcome)
    expect(await gateway.read(id)).toEqual(outcome)
    expect(await gateway.confirm(id, `${id}/confirm`)).toEqual(outcome)
  })

  it.each([
    [{ amount: 1 }, 'amount_too_small'],
    [{ currency: 'KWD', amount: 5124 }, 'invalid_charge_amount'],
    [{ paymentMethod: 'pm_nobody' }, 'resource_missing'],
  ])('refused as invalid: %j', async (over, code) => {
    expect(await gateway.create(await charge('pm_card_visa', over))).toEqual({ result: 'rejected', code })
    expect(await reallyMade()).toEqual([])
  })

  it('that no one knows is rejected', async () => {
    expect(await gateway.read('pi_nobody')).toEqual({ result: 'rejected', code: 'resource_missing' })
    expect(await gateway.confirm('pi_nobody', 'key')).toEqual({ result: 'rejected', code: 'resource_missing' })
  })

  it('can be canceled while it is open, and says what it became otherwise', async () => {
    const open = await made()
    expect(await gateway.cancel(open)).toEqual({ result: 'canceled' })
    expect(await gateway.confirm(open, 'late')).toEqual({ result: 'rejected', code: 'payment_intent_canceled' })
    const paid = await made()
    await gateway.confirm(paid, paid)
    expect(await gateway.cancel(paid)).toEqual({ result: 'succeeded' })
  })

  it('is charged in the units that Stripe counts in', async () => {
    await gateway.confirm(await made('pm_card_visa', { currency: 'UGX', amount: 20_000 }), 'ugx')
    expect(await reallyMade()).toMatchObject([{ currency: 'ugx', amount_charged: 2_000_000 }])
  })
})

describe('a charge for which the bank wants the customer', () => {
  it('gives the page where they answer, the same one each time, and takes the answer', async () => {
    const id = await made('pm_card_authenticationRequired')
    const asked = await gateway.confirm(id, 'key')
    expect(asked).toEqual({
      result: 'requires_action',
      code: 'authentication_required',
      url: expect.stringContaining(id),
    })
    expect(await gateway.confirm(id, 'key')).toEqual(asked)
    expect(await gateway.read(id)).toEqual(asked)
    const url = (asked as { url: string }).url
    await fetch(url, { method: 'POST', body: new URLSearchParams({ answer: 'authenticate' }), redirect: 'manual' })
    expect(await gateway.read(id)).toEqual({ result: 'succeeded' })
    expect(await gateway.confirm(id, 'key')).toEqual({ result: 'succeeded' })
  })
})

describe('a bank debit', () => {
  it.each([
    ['processing_then_succeeded', { result: 'succeeded' }],
    ['processing_then_insufficient_funds', { result: 'declined', severity: 'soft', code: 'insufficient_funds' }],
    ['processing_then_account_closed', { result: 'declined', severity: 'hard', code: 'account_closed' }],
  ])('%s', async (outcome, state) => {
    await outcomes(outcome)
    const id = await made('pm_usBankAccount_success')
    expect(await gateway.confirm(id, id)).toEqual({ result: 'processing' })
    await control('POST', 'settle', { payment: id })
    expect(await gateway.read(id)).toEqual(state)
  })

  it.each([
    ['return', 'insufficient_funds', 'soft'],
    ['return', 'debit_not_authorized', 'hard'],
    ['dispute', 'fraudulent', 'hard'],
  ])('taken back after success (%s, %s) is %s', async (how, reason, severity) => {
    const id = await made('pm_usBankAccount_success')
    await gateway.confirm(id, id)
    await control('POST', 'settle', { payment: id })
    await control('POST', how, { payment: id, reason })
    expect(await gateway.read(id)).toMatchObject({ result: 'returned', severity })
  })
})

describe('when an answer is lost', () => {
  it('the payment is found by our reference', async () => {
    const request = await charge()
    await fault('lose_answer', 'POST /v1/payment_intents', 2)
    await expect(gateway.create(request)).rejects.toBeInstanceOf(NoAnswer)
    const [payment] = await reallyMade()
    expect(await gateway.find(request.reference, customer, '2026-01-01T00:00:00Z')).toBe(payment?.payment)
    expect(await gateway.find('term-1/unknown', customer)).toBeNull()
    expect(await gateway.create(request)).toEqual({ id: payment?.payment })
    expect(await reallyMade()).toHaveLength(1)
  })

  it('the payment is found beyond the first hundred of the customer', async () => {
    const request = await charge()
    const first = await gateway.create(request)
    for (let n = 0; n < 105; n += 1) {
      await gateway.create({ ...request, key: `other-${n}`, reference: `other-${n}` })
    }
    expect(await gateway.find(request.reference, customer)).toBe('id' in first && first.id)
  })

  it.each(['rate_limit', 'error_500', 'error_500_after', 'down', 'lose_answer'])('%s on confirming', async (mode) => {
    const id = await made()
    await fault(mode, '/confirm', 2)
    await expect(gateway.confirm(id, 'key')).rejects.toBeInstanceOf(NoAnswer)
    await control('DELETE', 'faults')
    expect(await gateway.confirm(id, 'key')).toEqual({ result: 'succeeded' })
    expect(await reallyMade()).toMatchObject([{ charges_made: 1 }])
  })

  it.each(['error_500', 'error_500_after'])('%s on creating is not answered for a day', async (mode) => {
    const request = await charge()
    await fault(mode, 'POST /v1/payment_intents')
    await expect(gateway.create(request)).rejects.toBeInstanceOf(NoAnswer)
    const created = await gateway.create(request)
    const all = await reallyMade()
    expect(all.map(({ payment }) => payment)).toEqual(['id' in created && created.id])
  })

  it('a key that was used for something else stops everything', async () => {
    const request = await charge()
    await gateway.create(request)
    await expect(gateway.create({ ...request, amount: 9999 })).rejects.toBeInstanceOf(KeyConflict)
    expect(await reallyMade()).toHaveLength(1)
  })
})

describe('a refund', () => {
  async function paid() {
    const id = await made()
    await gateway.confirm(id, id)
    return { reference: `${id}/r1`, key: `${id}/r1`, payment: id, amount: 500, currency: 'USD', metadata: {} }
  }

  it('gives back once what was asked, and is found again', async () => {
    const request = await paid()
    const refund = await gateway.refund(request)
    expect(refund).toEqual({ id: expect.stringMatching(/^re_/), outcome: { result: 'succeeded' } })
    expect(await gateway.refund(request)).toEqual(refund)
    expect(await gateway.findRefund(request.reference, request.payment)).toEqual(refund)
    expect(await gateway.findRefund('another', request.payment)).toBeNull()
    expect(await gateway.readRefund('id' in refund ? refund.id : '')).toEqual({ result: 'succeeded' })
    expect(await reallyMade()).toMatchObject([{ amount_refunded: 500 }])
  })

  it('of more than is left fails', async () => {
    const request = { ...(await paid()), amount: 9000 }
    expect(await gateway.refund(request)).toMatchObject({ result: 'failed' })
  })

  it.each(['error_500', 'error_500_after', 'lose_answer'])('is made once after %s', async (mode) => {
    const request = await paid()
    await fault(mode, 'POST /v1/refunds', 2)
    await expect(gateway.refund(request)).rejects.toBeInstanceOf(NoAnswer)
    await control('DELETE', 'faults')
    expect(await gateway.refund(request)).toMatchObject({ outcome: { result: 'succeeded' } })
    expect(await reallyMade()).toMatchObject([{ amount_refunded: 500 }])
  })

  it('that may fail later is read later', async () => {
    await outcomes('refund_pending_then_failed')
    const request = await paid()
    const refund = await gateway.refund(request)
    expect(refund).toMatchObject({ outcome: { result: 'processing' } })
    await control('POST', 'settle', { payment: 'all' })
    expect(await gateway.readRefund('id' in refund ? refund.id : '')).toMatchObject({ result: 'failed' })
  })
})

describe('customers and their payment methods', () => {
  it('are saved, changed and read', async () => {
    const change = { gatewayId: customer, reference: 'customer-1', name: 'Ada O.', email: 'o@example.com', phone: null }
    expect(await gateway.saveCustomer(change, 'unused')).toEqual({ id: customer })
    expect(await gateway.readCustomer(customer)).toMatchObject({ name: 'Ada O.', email: 'o@example.com' })
    expect(await gateway.readCustomer('cus_nobody')).toBeNull()
    await expect(gateway.saveCustomer({ ...change, gatewayId: 'cus_nobody' }, 'k')).rejects.toMatchObject({
      name: 'CustomerRefused',
      code: 'resource_missing',
    })
  })

  it.each(['error_500', 'error_500_after'])('a new one is saved once after %s, and not a day later', async (mode) => {
    const data = { gatewayId: null, reference: `customer-${mode}`, name: 'Bo', email: 'bo@example.com', phone: null }
    await fault(mode, 'POST /v1/customers')
    await expect(gateway.saveCustomer(data, `key-${mode}`)).rejects.toBeInstanceOf(NoAnswer)
    const { id } = await gateway.saveCustomer(data, `key-${mode}`)
    expect(await gateway.saveCustomer(data, `key-${mode}`)).toEqual({ id })
    expect(await gateway.readCustomer(id)).toMatchObject({ email: 'bo@example.com' })
  })

  it('a method is attached once and says what it is', async () => {
    const card = await gateway.attachMethod('pm_card_visa', customer)
    expect(card).toMatchObject({ type: 'card', label: 'Visa •••• 4242' })
    expect(await gateway.attachMethod(card.id, customer)).toEqual(card)
    expect(await gateway.attachMethod('pm_usBankAccount_success', customer)).toMatchObject({ type: 'us_bank_account' })
  })

  it('a method of somebody else, or of nobody, is refused', async () => {
    const card = await gateway.attachMethod('pm_card_visa', customer)
    const data = { gatewayId: null, reference: 'customer-2', name: 'Bo', email: 'bo@example.com', phone: null }
    const other = await gateway.saveCustomer(data, `other-${customer}`)
    await expect(gateway.attachMethod(card.id, other.id)).rejects.toBeInstanceOf(PaymentMethodRefused)
    await expect(gateway.attachMethod('pm_nobody', customer)).rejects.toBeInstanceOf(PaymentMethodRefused)
  })
})
