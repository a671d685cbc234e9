import fc from 'fast-check'
import { allocateRefund, type RefundablePayment } from './refunds.ts'

const payment = (transaction: string | null, left: number, month: number, refundable = true): RefundablePayment => ({
  transaction,
  left,
  refundable,
  paidAt: `2027-0${month}-15T14:00:00Z`,
})
const three = [payment('jan', 10000, 1), payment('feb', 10000, 2), payment('mar', 10000, 3)]

describe('a refund', () => {
  it.each<[string, number, RefundablePayment[], ReturnType<typeof allocateRefund>]>([
    ['is taken from the newest', 4000, three, { pieces: [{ transaction: 'mar', amount: 4000 }], outside: [] }],
    [
      'goes on to the one before',
      27123,
      three,
      {
        pieces: [
          { transaction: 'mar', amount: 10000 },
          { transaction: 'feb', amount: 10000 },
          { transaction: 'jan', amount: 7123 },
        ],
        outside: [],
      },
    ],
    [
      'takes no more than is left of each',
      12000,
      [payment('jan', 10000, 1), payment('feb', 2500, 2), payment('mar', 0, 3)],
      {
        pieces: [
          { transaction: 'feb', amount: 2500 },
          { transaction: 'jan', amount: 9500 },
        ],
        outside: [],
      },
    ],
    [
      'leaves what was paid outside the gateway to a broker',
      15000,
      [payment('jan', 10000, 1), payment('cash', 10000, 2, false)],
      { pieces: [{ transaction: 'jan', amount: 5000 }], outside: [{ transaction: 'cash', amount: 10000 }] },
    ],
    [
      'cannot ask a gateway for a payment without a transaction',
      500,
      [payment(null, 10000, 1)],
      { pieces: [], outside: [{ transaction: null, amount: 500 }] },
    ],
    [
      'leaves what nobody paid to a broker as well',
      11000,
      [payment('jan', 10000, 1)],
      { pieces: [{ transaction: 'jan', amount: 10000 }], outside: [{ transaction: null, amount: 1000 }] },
    ],
    ['of nothing is nothing', 0, three, { pieces: [], outside: [] }],
    [
      'takes the later in the list of two at one moment',
      100,
      [payment('first', 100, 1), payment('second', 100, 1)],
      { pieces: [{ transaction: 'second', amount: 100 }], outside: [] },
    ],
  ])('%s', (_name, amount, payments, expected) => {
    expect(allocateRefund(amount, payments)).toEqual(expected)
  })

  it('is allocated whole, never above what is left, newest first', () => {
    const payments = fc
      .array(
        fc.record({
          left: fc.integer({ min: 0, max: 50_000 }),
          refundable: fc.boolean(),
          month: fc.integer({ min: 1, max: 9 }),
        }),
        { maxLength: 30 },
      )
      .map((rows) => rows.map(({ left, refundable, month }, k) => payment(`t${k}`, left, month, refundable)))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500_000 }), payments, (amount, those) => {
        const before = structuredClone(those)
        const { pieces, outside } = allocateRefund(amount, those)
        expect(those).toEqual(before)
        const all = [...pieces, ...outside]
        expect(all.reduce((total, piece) => total + piece.amount, 0)).toBe(amount)
        const taken = new Map(all.map((piece) => [piece.transaction, piece.amount]))
        expect(taken.size).toBe(all.length)
        for (const { transaction, left, refundable } of those) {
          expect(taken.get(transaction) ?? 0).toBeLessThanOrEqual(left)
          if (!refundable) expect(pieces.some((piece) => piece.transaction === transaction)).toBe(false)
        }
        const oldestTaken =
          those
            .filter((p) => taken.has(p.transaction))
            .map((p) => p.paidAt)
            .sort()[0] ?? ''
        for (const newer of those.filter((p) => p.paidAt > oldestTaken && oldestTaken !== '')) {
          expect(taken.get(newer.transaction) ?? 0).toBe(newer.left)
        }
      }),
    )
  })
})
