import { cancel } from './cancel.ts'
import { Played } from './example-plan.ts'
import { statusOf } from './figures.ts'
import { type PastRefund, refundCameBack, refundToBeRead } from './refund-back.ts'
import { refundProgressed } from './refunding.ts'
import { resolve } from './resolve.ts'

const AMOUNT = 10000
const PIECE: PastRefund = {
  transaction: 'txn_x_r1_1',
  payment: 'txn_x_1_1',
  amount: AMOUNT,
  parts: [{ installment: 1, amount: AMOUNT }],
  cause: 'cancellation',
}

/** Cancelled with everything given back, which then comes back. */
function cameBack(): Played {
  const p = new Played({ cancellation: { type: 'full' } }).to('2027-01-20')
  p.says(cancel)
  p.effects.push({ write: 'entry', key: 'given', description: '', transaction: 'txn_x_r1_1', postings: GIVEN })
  p.givenBack()
  expect(p.plan.lifecycle).toBe('canceled')
  p.says((plan) => refundCameBack(plan, PIECE, 'lost_or_stolen_card'))
  return p
}
const GIVEN = [
  { account: 'receivable' as const, amount: AMOUNT },
  { account: 'cash' as const, amount: -AMOUNT },
]
const broker = (p: Played, action: 'retry' | 'mark_paid', reference = 'WIRE-1') =>
  p.says((plan, now) =>
    resolve(plan, { escalation: 'esc_x_r2_1', action, note: '', ...(action === 'mark_paid' && { reference }) }, now),
  )

describe('a refund that its bank could not credit', () => {
  it('is to be given back again: failed, reversed, and a broker’s', () => {
    const p = cameBack()
    expect(p.told('transaction_changed').at(-1)).toMatchObject({
      id: 'txn_x_r1_1',
      status: 'failed',
      declineCode: 'lost_or_stolen_card',
      returned: AMOUNT,
    })
    expect(p.accounts()).toMatchObject({ cash: AMOUNT, receivable: -AMOUNT })
    expect(p.told('escalation')).toMatchObject([
      { id: 'esc_x_r2_1', about: { refund: 2 }, reason: 'refund_failed', amount: AMOUNT },
    ])
    expect(p.told('refund.failed').map((e) => e.write)).toEqual(['event', 'notice'])
    // What was decided is decided once.
    expect(p.told('refund.created')).toHaveLength(1)
    expect(statusOf(p.plan)).toBe('canceled')
  })

  it('is asked for again under a new number, and so under new keys', () => {
    const p = cameBack()
    broker(p, 'retry')
    expect(p.plan.refunds).toMatchObject([{ number: 2, round: 2, state: 'wanted', amount: AMOUNT }])
    p.givenBack()
    expect(p.plan.refunds).toEqual([])
  })

  it('is recorded as given back elsewhere, of the payment that it was of', () => {
    const p = cameBack()
    broker(p, 'mark_paid')
    expect(p.plan.refunds).toEqual([])
    expect(p.told('transaction')).toMatchObject([{ of: 'txn_x_1_1', amount: AMOUNT, reference: 'WIRE-1' }])
    expect(p.accounts()).toMatchObject({ cash: 0, receivable: 0 })
  })

  it('holds a plan open that would have been over, and lets go of it when it is settled', () => {
    const p = cameBack()
    broker(p, 'retry')
    p.says((plan, now) => refundProgressed(plan, 2, { underWay: 0, stuck: [], code: null, outside: false }, now))
    expect(p.told('escalation_resolved')).toHaveLength(1)
  })
})

it('a refund that is on its way is read when its bank has ended it; no other one is', () => {
  const p = new Played({ cancellation: { type: 'full' } }).to('2027-01-20')
  p.says(cancel)
  expect(refundToBeRead(p.plan, 1).plan).toBe(p.plan)
  p.says((plan, now) => refundProgressed(plan, 1, { underWay: AMOUNT, stuck: [], code: null, outside: false }, now))
  expect(refundToBeRead(p.plan, 1).plan.refunds).toMatchObject([{ state: 'wanted', round: 1 }])
  expect(refundToBeRead(p.plan, 7).plan).toBe(p.plan)
})
