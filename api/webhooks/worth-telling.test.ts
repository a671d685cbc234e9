import { worthTelling } from './worth-telling.ts'

const charge = (
  status: 'pending' | 'processing' | 'succeeded' | 'failed' | 'unknown',
  returnedAt: string | null = null,
) => ({ type: 'charge', status, returnedAt }) as const

describe('a webhook is passed on to the plan', () => {
  it.each([
    ['payment_intent.created', charge('processing'), 'never'],
    ['payment_intent.succeeded', charge('pending'), 'later'],
    ['payment_intent.succeeded', charge('unknown'), 'later'],
    ['payment_intent.succeeded', charge('succeeded'), 'never'],
    ['payment_intent.succeeded', charge('processing'), 'now'],
    ['payment_intent.succeeded', charge('failed'), 'now'],
    ['payment_intent.payment_failed', charge('failed'), 'never'],
    ['payment_intent.payment_failed', charge('processing'), 'now'],
    ['payment_intent.payment_failed', charge('succeeded'), 'now'],
    ['payment_intent.canceled', charge('failed'), 'never'],
    ['charge.dispute.created', charge('succeeded'), 'now'],
    ['charge.dispute.closed', charge('succeeded', '2027-02-01T00:00:00Z'), 'never'],
    ['charge.dispute.created', charge('processing'), 'later'],
    ['charge.failed', charge('failed'), 'never'],
    ['refund.updated', { type: 'refund', status: 'processing', returnedAt: null }, 'now'],
    ['refund.updated', { type: 'refund', status: 'succeeded', returnedAt: null }, 'never'],
  ] as const)('%s of %j: %s', (event, known, expected) => {
    expect(worthTelling(event, known)).toBe(expected)
  })
})
