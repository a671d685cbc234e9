import { cancel, cancellationQuote } from './cancel.ts'
import { hard, nsf, Played, paid, processing } from './example-plan.ts'
import { pause } from './pause.ts'
import { pay } from './pay.ts'
import { refundProgressed } from './refunding.ts'
import { resolve } from './resolve.ts'

/** Six paid and 100 days used cannot both come from a schedule, so one-off payments bring what is paid to 60000. */
function sixtyThousandOnDay100(terms = {}, answers = {}) {
  const p = new Played(terms, answers).to('2027-04-20')
  p.says((plan, now) => pay(plan, { amount: 20000, paymentMethod: null }, now))
  return p.to('2027-04-25')
}

describe('120000 over 365 days, 60000 paid, cancelled after 100', () => {
  const shortRate = { type: 'short_rate' as const, penaltyPercent: 10 }
  it.each([
    ['pro_rata', { type: 'pro_rata' as const }, { earned: 32877, penalty: 0, refund: 27123 }],
    ['short_rate', shortRate, { earned: 32877, penalty: 8712, refund: 18411 }],
    ['full', { type: 'full' as const }, { earned: 0, penalty: 0, refund: 60000 }],
    ['none', { type: 'none' as const }, { earned: 60000, penalty: 0, refund: 0 }],
  ])('%s', (_name, cancellation, expected) => {
    const p = sixtyThousandOnDay100({ cancellation })
    const quoted = cancellationQuote(p.plan, p.now)
    const { answer } = p.says(cancel)
    expect(answer).toEqual(quoted)
    expect(answer.cancellation).toMatchObject({
      ...expected,
      usedDays: 100,
      termDays: 365,
      effectiveDate: '2027-04-25',
    })
    expect(p.plan.lifecycle).toBe(expected.refund > 0 ? 'pending_cancellation' : 'canceled')
    expect(p.accounts().receivable + expected.refund).toBe(0)
    p.givenBack()
    expect(p.plan.lifecycle).toBe('canceled')
  })

  it('the penalty is in the ledger as a fee that was earned', () => {
    const p = sixtyThousandOnDay100({ cancellation: shortRate })
    p.says(cancel)
    expect(p.accounts()).toMatchObject({ income: -32877, fees: -8712 })
  })
})

describe('nothing is charged after it', () => {
  it('not what is scheduled, retrying or escalated; cases are closed', () => {
    const p = new Played({ retryPolicy: { retries: 1, everyDays: [5] } }, { '1_1': hard, '2_1': nsf }).to('2027-02-15')
    const id = p.installment(1).escalation
    p.says(cancel)
    const charged = p.charges.length
    expect(p.effects).toContainEqual({ write: 'escalation_resolved', id, resolution: { action: 'plan_canceled' } })
    p.to('2028-03-01')
    expect(p.charges).toHaveLength(charged)
    expect(new Set(p.statuses())).toEqual(new Set(['canceled']))
    expect(p.plan.lifecycle).toBe('canceled')
  })

  it('a balance is charged once, when the terms say so', () => {
    const cancellation = { type: 'pro_rata' as const, collectBalance: true }
    const p = new Played({ cancellation }).to('2027-03-20')
    p.to('2027-04-14')
    p.says(cancel)
    // 89 of 365 days: 29260 earned, 30000 paid.
    expect(p.plan.balance).toBeNull()
    const q = new Played({ cancellation }, { '1_1': hard }).to('2027-04-14')
    q.says(cancel)
    expect(q.charges.at(-1)).toBe('2027-04-14T23:59:59Z 0_1 9260')
    expect(q.accounts()).toMatchObject({ cash: 29260, income: -29260, receivable: 0 })
  })

  it.each([
    ['softly', nsf],
    ['hard', hard],
  ] as const)('a balance declined %s is escalated at once', (_how, outcome) => {
    const cancellation = { type: 'pro_rata' as const, collectBalance: true }
    const p = new Played({ cancellation }, { '1_1': hard, '0_1': outcome }).to('2027-04-14')
    p.says(cancel)
    expect(p.told('escalation').at(-1)).toMatchObject({
      about: { installment: 0 },
      reason: 'balance_unpaid',
      amount: 9260,
    })
    p.to('2028-01-01')
    expect(p.charges.filter((c) => c.includes(' 0_'))).toHaveLength(1)
  })

  it('a balance that is not to be collected is not', () => {
    const p = new Played({}, { '1_1': hard }).to('2027-04-14')
    p.says(cancel)
    expect(p.plan).toMatchObject({ balance: null, lifecycle: 'canceled' })
  })
})

describe('a charge in flight', () => {
  const flying = () => {
    const p = new Played({ method: 'us_bank_account' }, { '3_1': processing }).to('2027-03-20')
    const { answer } = p.says(cancel)
    return { p, answer }
  }

  it('makes the answer provisional and keeps the plan pending', () => {
    const { p, answer } = flying()
    // 64 of 365 days: 21041 earned of 20000 paid.
    expect(answer).toMatchObject({ provisional: true, cancellation: { refund: 0, earned: 21041 } })
    expect(p.plan.lifecycle).toBe('pending_cancellation')
  })

  it('counts as paid when it succeeds, and the refund is computed again', () => {
    const { p } = flying()
    p.settles(3, paid)
    expect(p.plan.refunds).toMatchObject([{ amount: 8959, cause: 'cancellation' }])
    expect(p.givenBack().plan).toMatchObject({ lifecycle: 'canceled', cancellation: { refund: 8959 } })
    expect(p.accounts()).toMatchObject({ income: -21041, receivable: -8959 })
  })

  it('takes no NSF path when it is declined', () => {
    const { p } = flying()
    p.settles(3, nsf)
    expect(p.installment(3)).toMatchObject({ status: 'canceled', retryOn: null })
    expect(p.plan).toMatchObject({ lifecycle: 'canceled', refunds: [] })
    expect(p.accounts().receivable).toBe(0)
    expect(p.told('payment.failed')).toEqual([])
  })
})

describe('neighbours', () => {
  it('before the start date everything paid is refunded, without fee', () => {
    const cancellation = { type: 'short_rate' as const, penaltyPercent: 50, fee: 500, collectBalance: true }
    const p = new Played({ cancellation, startDate: '2027-02-01' })
    p.says((plan, now) => pay(plan, { amount: 10000, paymentMethod: null }, now))
    expect(p.says(cancel).answer.cancellation).toMatchObject({
      refund: 10000,
      fee: 0,
      penalty: 0,
      balance: 0,
      usedDays: 0,
    })
  })

  it('twice is one cancellation', () => {
    const p = sixtyThousandOnDay100()
    const first = p.says(cancel)
    const again = cancel(p.to('2027-05-10').plan, p.now)
    expect(again.effects).toEqual([])
    expect(again.plan).toBe(p.plan)
    expect(again.answer.cancellation).toEqual(first.answer.cancellation)
  })

  it('while it is paused', () => {
    const p = new Played().to('2027-03-20')
    p.says((plan, now) => pause(plan, { mode: 'extend', until: null }, now))
    p.to('2027-04-25')
    expect(p.says(cancel).answer.cancellation.refund).toBe(0)
    expect(p.plan).toMatchObject({ lifecycle: 'canceled', pause: null })
  })

  it('of a completed plan is refused', () => {
    const p = new Played().to('2028-01-15')
    expect(p.plan.lifecycle).toBe('completed')
    expect(() => cancel(p.plan, p.now)).toThrow(expect.objectContaining({ code: 'plan_not_active' }))
  })

  it('what an adjustment gave back is not given back again', () => {
    const p = sixtyThousandOnDay100({ cancellation: { type: 'full' } })
    const q = { ...p.plan, refundsDecided: 10000, refundedByAdjustment: 10000 }
    expect(cancellationQuote(q, p.now).cancellation.refund).toBe(50000)
  })

  it('the refund that a broker gives back elsewhere ends the cancellation', () => {
    const p = sixtyThousandOnDay100()
    p.says(cancel)
    const stuck = {
      underWay: 0,
      stuck: [{ payment: 'txn_x_1_1', amount: 27123, parts: [] }],
      code: 'charge_not_refundable',
      outside: false,
    }
    p.says((plan, now) => refundProgressed(plan, 1, stuck, now))
    const escalation = p.plan.refunds[0]?.escalation ?? ''
    expect(p.told('escalation').at(-1)).toMatchObject({ id: escalation, reason: 'refund_failed', amount: 27123 })
    for (const action of ['waive', 'cancel_plan'] as const) {
      const asked = { escalation, action, note: '' }
      expect(() => resolve(p.plan, asked, p.now)).toThrow(expect.objectContaining({ code: 'action_not_allowed' }))
    }
    p.says((plan, now) => resolve(plan, { escalation, action: 'mark_paid', reference: 'WIRE', note: '' }, now))
    expect(p.plan).toMatchObject({ lifecycle: 'canceled', refunds: [] })
    expect(p.accounts().receivable).toBe(0)
  })

  it('what is still under way besides what a broker gave back is awaited', () => {
    const p = sixtyThousandOnDay100()
    p.says(cancel)
    p.says((plan, now) =>
      refundProgressed(
        plan,
        1,
        { underWay: 7123, stuck: [{ payment: null, amount: 20000, parts: [] }], code: 'x', outside: false },
        now,
      ),
    )
    const escalation = p.plan.refunds[0]?.escalation ?? ''
    p.says((plan, now) => resolve(plan, { escalation, action: 'mark_paid', reference: 'WIRE', note: '' }, now))
    expect(p.plan.lifecycle).toBe('pending_cancellation')
    expect(p.plan.refunds).toMatchObject([{ state: 'processing', escalation: null }])
    expect(p.givenBack().plan.lifecycle).toBe('canceled')
  })
})
