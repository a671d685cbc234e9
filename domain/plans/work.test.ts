import { cancel } from './cancel.ts'
import { attemptHeard, openAttempt, settleInstallment } from './collect.ts'
import { nsf, Played } from './example-plan.ts'
import { findInstallment } from './figures.ts'
import type { Plan } from './plan.ts'
import { attemptsBegun, dueNow, isUnderWay, workOpen } from './work.ts'

const nine = '2027-01-15T09:00:00Z'
const asked = (p = new Played()): Plan => attemptsBegun(p.plan, nine)

describe('what is asked of the world', () => {
  it('one attempt for what is due, under the key of plan, instalment and attempt, and no second beside it', () => {
    const plan = asked()
    expect(workOpen(plan, nine, new Set())).toEqual([{ do: 'collect', key: 'collect:1', installment: 1 }])
    expect(openAttempt(plan, 1)).toMatchObject({ transaction: 'txn_x_1_1', amount: 10000, cause: 'due' })
    expect(attemptsBegun(plan, nine)).toBe(plan)
    expect(attemptsBegun(plan, '2027-01-20T09:00:00Z')).toBe(plan)
  })

  it('a processing charge when it is time to ask, or when there is news of it', () => {
    const p = new Played({ method: 'us_bank_account' }).plan
    const begun = attemptsBegun(p, nine)
    const { installment } = settleInstallment(begun, findInstallment(begun, 1), { result: 'processing' }, nine)
    const plan = { ...begun, installments: begun.installments.map((i) => (i.number === 1 ? installment : i)) }
    expect(workOpen(plan, '2027-01-16T08:59:59Z', new Set())).toEqual([])
    expect(workOpen(plan, '2027-01-16T09:00:00Z', new Set())).toHaveLength(1)
    expect(workOpen(plan, '2027-01-15T10:00:00Z', new Set(['txn_x_1_1']))).toHaveLength(1)
    expect(workOpen(plan, '2027-01-15T10:00:00Z', new Set(['txn_x_2_1']))).toEqual([])
  })
})

describe('news of a transaction', () => {
  const dueWith = (...news: string[]) => dueNow(new Played().plan, nine, { news: new Set(news), isLooking: false })

  it('that is over is looked at before anything is charged', () => {
    const { plan, work } = dueWith('txn_x_p1')
    expect(work.map(({ key }) => key)).toEqual(['look:txn_x_p1'])
    expect(openAttempt(plan, 1)).toBeNull()
  })

  it('that is about to be asked for does not hold it up: it was begun before, by somebody who was lost', () => {
    const { plan, work } = dueWith('txn_x_1_1')
    expect(work.map(({ key }) => key)).toEqual(['collect:1'])
    expect(openAttempt(plan, 1)).toMatchObject({ transaction: 'txn_x_1_1' })
  })

  it('that is asked for, or of an earlier attempt on the same instalment meanwhile, is about what is under way', () => {
    const p = new Played({}, { '1_1': nsf }).to('2027-01-15T12:00:00Z')
    expect(isUnderWay(p.plan, 'txn_x_1_1')).toBe(false)
    const plan = attemptsBegun(p.plan, '2027-01-16T09:00:00Z')
    expect([isUnderWay(plan, 'txn_x_1_2'), isUnderWay(plan, 'txn_x_1_1')]).toEqual([true, true])
    expect(['txn_x_2_1', 'txn_x_11_1', 'txn_x_p1', 'txn_x_r1_1'].map((t) => isUnderWay(plan, t))).toEqual(
      new Array(4).fill(false),
    )
  })
})

describe('an attempt that was settled and written before the plan heard of it', () => {
  const hear = (plan: Plan) => {
    const before = asked()
    const { installment: written } = settleInstallment(before, findInstallment(before, 1), nsf, nine)
    return attemptHeard(plan, 1, nsf, { at: nine, written })
  }

  it('is taken over as it was written', () => {
    const { plan, effects } = hear(asked())
    expect(findInstallment(plan, 1)).toMatchObject({ status: 'retrying', retryOn: '2027-01-16', open: null })
    expect(effects).toEqual([])
  })

  it('is dropped when the plan was cancelled meanwhile, and the ledger is told so', () => {
    const { plan, effects } = hear(cancel(asked(), nine).plan)
    expect(findInstallment(plan, 1)).toMatchObject({ status: 'canceled', retryOn: null })
    expect(effects).toMatchObject([
      { write: 'entry', postings: [{ account: 'income', amount: 10000 }, { account: 'receivable' }] },
    ])
  })
})
