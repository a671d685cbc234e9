import { worthTelling } from './worth-telling.ts'

const charge = (
  status: 'pending' | 'processing' | 'succeeded' | 'failed' | 'unknown',
  returnedAt: string | null = null,
) => ({ type: 'charge', status, returnedAt }) as const

const refund = (status: 'pending' | 'succeeded' | 'failed') => ({ type: 'refund', status, returnedAt: null }) as const

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
    ['refund.failed', refund('succeeded'), 'now'],
    ['refund.failed', refund('pending'), 'later'],
    ['refund.failed', refund('failed'), 'never'],
    ['charge.dispute.funds_reinstated', charge('succeeded', '2027-02-01T00:00:00Z'), 'now'],
    ['charge.dispute.created', charge('succeeded', '2027-02-01T00:00:00Z'), 'now'],
    ['charge.dispute.funds_withdrawn', charge('succeeded', '2027-02-01T00:00:00Z'), 'never'],
    ['charge.refunded', charge('succeeded'), 'never'],
  ] as const)('%s of %j: %s', (type, known, expected) => {
    expect(worthTelling({ type }, known)).toBe(expected)
  })

  it.each([
    ['charge.refund.updated', 'failed', refund('succeeded'), 'now'],
    ['refund.updated', 'canceled', refund('succeeded'), 'now'],
    ['refund.updated', 'succeeded', refund('succeeded'), 'never'],
    ['refund.updated', 'failed', refund('failed'), 'never'],
    ['charge.dispute.closed', 'won', charge('succeeded', '2027-02-01T00:00:00Z'), 'now'],
    ['charge.dispute.closed', 'lost', charge('succeeded', '2027-02-01T00:00:00Z'), 'never'],
  ] as const)('%s, which says %s, of %j: %s', (type, status, known, expected) => {
    expect(worthTelling({ type, status }, known)).toBe(expected)
  })
})
