import Stripe from 'stripe'
import { KeyConflict, NoAnswer } from '../payments.ts'
import { ask, chargeOutcome, chargeRefused, paymentState, refundOutcome } from './outcomes.ts'

type RawError = ConstructorParameters<typeof Stripe.errors.StripeError>[0]
type Recorded = { status: number; type: string; code?: string; decline_code?: string; headers?: Record<string, string> }

function failing({ status, ...error }: Recorded): Promise<never> {
  const raw = { message: 'no', statusCode: status, ...error } as RawError
  return Promise.reject(Stripe.errors.StripeError.generate(raw as never))
}

async function outcomeOf(recorded: Recorded) {
  const answer = await ask(() => failing(recorded))
  return chargeRefused(answer)
}

const card = (code: string, decline_code?: string): Recorded => ({
  status: 402,
  type: 'card_error',
  code,
  ...(decline_code && { decline_code }),
})

describe('a charge that Stripe did not make', () => {
  it.each([
    [card('card_declined', 'insufficient_funds'), { result: 'declined', severity: 'soft', code: 'insufficient_funds' }],
    [card('card_declined'), { result: 'declined', severity: 'soft', code: 'card_declined' }],
    [card('card_declined', 'stolen_card'), { result: 'declined', severity: 'hard', code: 'stolen_card' }],
    [card('expired_card'), { result: 'declined', severity: 'hard', code: 'expired_card' }],
    [card('expired_card', 'generic_decline'), { result: 'declined', severity: 'hard', code: 'expired_card' }],
    [card('account_closed'), { result: 'declined', severity: 'hard', code: 'account_closed' }],
    [
      card('authentication_required', 'authentication_required'),
      { result: 'requires_action', code: 'authentication_required', url: null },
    ],
    [
      { status: 400, type: 'invalid_request_error', code: 'amount_too_small' },
      { result: 'rejected', code: 'amount_too_small' },
    ],
    [
      { status: 404, type: 'invalid_request_error', code: 'resource_missing' },
      { result: 'rejected', code: 'resource_missing' },
    ],
    [
      { status: 400, type: 'invalid_request_error' },
      { result: 'rejected', code: 'invalid_request_error' },
    ],
  ])('%j', async (recorded, outcome) => {
    expect(await outcomeOf(recorded)).toEqual(outcome)
  })
})

describe('no answer', () => {
  it.each([
    { status: 500, type: 'api_error' },
    { status: 503, type: 'api_error' },
    { status: 429, type: 'invalid_request_error', code: 'rate_limit' },
    { status: 429, type: 'invalid_request_error', code: 'lock_timeout' },
    { status: 409, type: 'idempotency_error', code: 'idempotency_key_in_use' },
    { status: 409, type: 'invalid_request_error' },
    { status: 401, type: 'invalid_request_error' },
    { status: 403, type: 'invalid_request_error' },
  ])('is neither a decline nor a success: %j', async (recorded) => {
    const error = await outcomeOf(recorded).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(NoAnswer)
    expect(error).not.toBeInstanceOf(KeyConflict)
  })

  it('says how long Stripe wants to be left alone', async () => {
    const limited = outcomeOf({ status: 429, type: 'invalid_request_error', headers: { 'retry-after': '3' } })
    await expect(limited).rejects.toMatchObject({ name: 'NoAnswer', retryAfterMs: 3000 })
  })

  it('is a connection that breaks', async () => {
    const broken = ask(() => Promise.reject(new Stripe.errors.StripeConnectionError({ message: 'gone' })))
    await expect(broken).rejects.toBeInstanceOf(NoAnswer)
    await expect(broken).rejects.toMatchObject({ isOutage: true })
  })

  const replayed = { headers: { 'idempotent-replayed': 'true' } }
  it.each([
    [{ status: 500, type: 'api_error' }, true],
    [{ status: 503, type: 'api_error' }, true],
    [{ status: 500, type: 'api_error', ...replayed }, false],
    [{ status: 429, type: 'invalid_request_error', code: 'rate_limit' }, false],
    [{ status: 409, type: 'idempotency_error', code: 'idempotency_key_in_use' }, false],
    [{ status: 401, type: 'invalid_request_error' }, false],
    [{ status: 400, type: 'idempotency_error' }, false],
  ])('says whether Stripe itself fails: %j', async (recorded, isOutage) => {
    await expect(outcomeOf(recorded)).rejects.toMatchObject({ isOutage })
  })

  it('says "stop and look" when the key was used for something else', async () => {
    await expect(outcomeOf({ status: 400, type: 'idempotency_error' })).rejects.toBeInstanceOf(KeyConflict)
  })

  it('leaves alone what is not an error of Stripe', async () => {
    await expect(ask(() => Promise.reject(new RangeError('ours')))).rejects.toBeInstanceOf(RangeError)
  })
})

const intent = (fields: object) =>
  ({ latest_charge: null, next_action: null, last_payment_error: null, ...fields }) as never
const dispute = (fields: object) => ({ status: 'needs_response', reason: 'fraudulent', ...fields }) as never

describe('a payment as Stripe holds it', () => {
  it.each([
    [{ status: 'succeeded' }, { result: 'succeeded' }],
    [{ status: 'processing' }, { result: 'processing' }],
    [{ status: 'requires_confirmation' }, { result: 'unconfirmed' }],
    [{ status: 'requires_payment_method' }, { result: 'unconfirmed' }],
    [{ status: 'canceled' }, { result: 'canceled' }],
    [
      { status: 'requires_payment_method', last_payment_error: { code: 'account_closed' } },
      { result: 'declined', severity: 'hard', code: 'account_closed' },
    ],
    [
      { status: 'requires_action', next_action: { redirect_to_url: { url: 'https://bank.example/3ds' } } },
      { result: 'requires_action', code: 'authentication_required', url: 'https://bank.example/3ds' },
    ],
    [
      { status: 'succeeded', latest_charge: { status: 'failed', failure_code: 'insufficient_funds' } },
      { result: 'returned', severity: 'soft', code: 'insufficient_funds' },
    ],
    [
      { status: 'succeeded', latest_charge: { status: 'failed', failure_code: 'account_closed' } },
      { result: 'returned', severity: 'hard', code: 'account_closed' },
    ],
  ])('%j', (fields, state) => {
    expect(paymentState(intent(fields))).toEqual(state)
  })

  it.each([
    [{ reason: 'insufficient_funds' }, { result: 'returned', severity: 'soft', code: 'insufficient_funds' }],
    [
      { reason: 'bank_cannot_process', network_reason_code: 'R01' },
      { result: 'returned', severity: 'soft', code: 'bank_cannot_process' },
    ],
    [{ reason: 'debit_not_authorized' }, { result: 'returned', severity: 'hard', code: 'debit_not_authorized' }],
    [{ status: 'lost' }, { result: 'returned', severity: 'hard', code: 'fraudulent' }],
    [{ status: 'won' }, { result: 'succeeded' }],
    [{ status: 'warning_needs_response' }, { result: 'succeeded' }],
  ])('disputed: %j', (fields, state) => {
    expect(paymentState(intent({ status: 'succeeded' }), [dispute(fields)])).toEqual(state)
  })

  it('answers "charge it" by what it has become', () => {
    expect(chargeOutcome({ result: 'returned', severity: 'hard', code: 'x' })).toEqual({ result: 'succeeded' })
    expect(chargeOutcome({ result: 'canceled' })).toEqual({ result: 'rejected', code: 'payment_intent_canceled' })
    expect(() => chargeOutcome({ result: 'unconfirmed' })).toThrow(NoAnswer)
  })
})

describe('a refund', () => {
  it.each([
    [{ status: 'succeeded' }, { result: 'succeeded' }],
    [{ status: 'pending' }, { result: 'processing' }],
    [{ status: 'requires_action' }, { result: 'processing' }],
    [
      { status: 'failed', failure_reason: 'expired_or_canceled_card' },
      { result: 'failed', code: 'expired_or_canceled_card' },
    ],
    [{ status: 'canceled' }, { result: 'failed', code: 'canceled' }],
  ])('%j', (refund, outcome) => {
    expect(refundOutcome(refund as never)).toEqual(outcome)
  })
})
