import { Played } from './example-plan.ts'
import type { Refund } from './plan.ts'
import { type Moved, piecesToAsk, roundProgress } from './refund-pieces.ts'
import { refundProgressed, refundWanted } from './refunding.ts'
import { resolve } from './resolve.ts'

const part = (installment: number, amount = 10000) => ({ installment, amount })
const payment = (number: number, more: Partial<Moved> = {}): Moved => ({
  id: `txn_x_${number}_1`,
  type: 'charge',
  amount: 10000,
  status: 'succeeded',
  isOutside: false,
  returned: 0,
  parts: [part(number)],
  paidAt: `2027-0${number}-15T09:00:00Z`,
  declineCode: null,
  refund: null,
  ...more,
})
const piece = (of: number | null, number: number, more: Partial<Moved> = {}): Moved => ({
  ...payment(of ?? 1),
  id: `txn_x_r${number}_1`,
  type: 'refund',
  parts: of === null ? [] : [part(of)],
  refund: { number, round: 1, of: of === null ? null : `txn_x_${of}_1` },
  ...more,
})
const refused = { status: 'failed', declineCode: 'lost_or_stolen_card' } as const
const refund = (amount: number, more: Partial<Refund> = {}): Refund => ({
  number: 1,
  amount,
  cause: 'cancellation',
  round: 1,
  state: 'wanted',
  stuck: [],
  of: null,
  escalation: null,
  pollAt: null,
  ...more,
})
const stuckOn = (of: number, amount = 10000) => ({
  payment: `txn_x_${of}_1`,
  amount,
  parts: [part(of, amount)],
})
const asked = (pieces: ReturnType<typeof piecesToAsk>) => pieces.map((p) => `${p.payment} ${p.amount}`)

describe('what the gateway is asked for', () => {
  it.each<[string, Refund, Refund[], Moved[], string[]]>([
    ['the newest payment', refund(4000), [], [payment(1), payment(2)], ['txn_x_2_1 4000']],
    [
      'not again what a broker gave back of a payment',
      refund(15000, { number: 2 }),
      [],
      [payment(1), payment(2), piece(2, 1, refused), piece(2, 1, { isOutside: true, amount: 4000 })],
      ['txn_x_2_1 6000', 'txn_x_1_1 9000'],
    ],
    [
      'not what another refund has left with a broker',
      refund(8000, { number: 2 }),
      [refund(10000, { stuck: [stuckOn(2)] })],
      [payment(1), payment(2), piece(2, 1, refused)],
      ['txn_x_1_1 8000'],
    ],
    [
      'nothing that was taken back',
      refund(8000),
      [],
      [payment(1), payment(2, { returned: 10000 })],
      ['txn_x_1_1 8000'],
    ],
    [
      'the payment first of which more came than was owed',
      refund(3000, { cause: 'overpaid', of: 'txn_x_1_1' }),
      [],
      [payment(1, { parts: [part(1, 7000)] }), payment(2)],
      ['txn_x_1_1 3000'],
    ],
    [
      'nothing more in a round that has its pieces',
      refund(10000),
      [],
      [payment(1), payment(2), piece(2, 1, refused)],
      [],
    ],
    [
      'in the next round what failed in the one before',
      refund(10000, { round: 2 }),
      [],
      [payment(1), payment(2), piece(2, 1, refused)],
      ['txn_x_2_1 10000'],
    ],
    [
      'never again what was given back and came back: that is another refund',
      refund(10000, { round: 2 }),
      [],
      [payment(1), payment(2), piece(2, 1, { ...refused, returned: 10000 })],
      [],
    ],
  ])('is %s', (_, wanted, others, rows, expected) => {
    expect(asked(piecesToAsk(wanted, others, rows))).toEqual(expected)
  })

  it('is counted on no instalment as far as none held it', () => {
    const rows = [payment(1, { parts: [part(1, 7000)] })]
    const overpaid = refund(4000, { cause: 'overpaid', of: 'txn_x_1_1' })
    expect(piecesToAsk(overpaid, [], rows)[0]?.parts).toEqual([part(1, 1000)])
  })
})

describe('what is left for a broker', () => {
  it.each<[string, Refund, Moved[], { payment: string | null; amount: number }[]]>([
    ['the payment whose piece failed', refund(10000), [payment(1), piece(1, 1, refused)], [stuckOn(1)]],
    [
      'what was paid outside the gateway, of that payment',
      refund(10000),
      [payment(1, { isOutside: true })],
      [stuckOn(1)],
    ],
    [
      'both, each of its own payment',
      refund(15000),
      [payment(1), payment(2, { isOutside: true }), piece(1, 1, { ...refused, amount: 5000, parts: [part(1, 5000)] })],
      [stuckOn(1, 5000), stuckOn(2)],
    ],
    ['what no payment covers, of none', refund(12000), [payment(1), piece(1, 1)], [{ payment: null, amount: 2000 }]],
    ['nothing that was given back', refund(10000), [payment(1), piece(1, 1)], []],
    [
      'nothing that was given back and came back: that is another refund',
      refund(10000),
      [payment(1), piece(1, 1, { ...refused, returned: 10000 })],
      [],
    ],
  ])('is %s', (_, wanted, rows, expected) => {
    expect(roundProgress(wanted, [], rows)).toMatchObject({ underWay: 0, stuck: expected })
  })
})

describe('what a broker gave back elsewhere', () => {
  it('is a transaction for each payment that it is of', () => {
    const p = new Played().to('2027-03-20')
    p.says((plan) => refundWanted(plan, 20000, 'adjustment'))
    const progress = { underWay: 0, stuck: [stuckOn(3), stuckOn(2)], code: 'x', outside: false }
    p.says((plan, now) => refundProgressed(plan, 1, progress, now))
    const escalation = p.plan.refunds[0]?.escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'mark_paid', reference: 'WIRE-1', note: '' }, now))
    expect(p.told('transaction')).toMatchObject([
      { id: 'txn_x_r1_1_external', amount: 10000, of: 'txn_x_3_1', parts: [part(3)], reference: 'WIRE-1' },
      { id: 'txn_x_r1_1_external_2', amount: 10000, of: 'txn_x_2_1', parts: [part(2)] },
    ])
    expect(p.plan.refunds).toEqual([])
    expect(p.accounts().cash).toBe(10000)
  })
})
