import { attemptSettled, openAttempt } from '../plans/collect.ts'
import { balances } from '../plans/ledger.ts'
import { changePaymentMethod } from '../plans/method.ts'
import { isOver, nextWake, timePassed } from '../plans/time.ts'
import { attemptsBegun } from '../plans/work.ts'
import { makeStatementPlan, type StatementOwed } from './statement-plan.ts'

const NOW = '2027-03-14T05:00:00Z'
const owed: StatementOwed = {
  id: 'sp_globex_3',
  tenant: 'acme',
  client: 'cli_globex',
  currency: 'USD',
  timezone: 'America/New_York',
  total: 123_456,
  paymentMethod: { id: 'pm_1', type: 'card' },
  clock: null,
  clockTick: 0,
  now: NOW,
}

describe('the plan of a statement', () => {
  it('owes the total by one instalment that is due at once, takes it over from payroll and tells nobody by itself', () => {
    const { plan, effects } = makeStatementPlan(owed)
    expect(plan).toMatchObject({ kind: 'statement', customer: 'cli_globex', lifecycle: 'active', total: 123_456 })
    expect(plan.installments).toMatchObject([{ number: 1, amount: 123_456, dueDate: '2027-03-14', atOnce: NOW }])
    const entries = effects.filter((effect) => effect.write === 'entry')
    expect(balances(entries)).toMatchObject({ receivable: 123_456, payroll: -123_456, income: 0 })
    expect(effects.filter(({ write }) => write === 'notice')).toEqual([])
    expect(openAttempt(attemptsBegun(plan, NOW), 1)).toMatchObject({ amount: 123_456, cause: 'due' })
  })

  it('is over when it is paid', () => {
    const begun = attemptsBegun(makeStatementPlan(owed).plan, NOW)
    const paid = attemptSettled(begun, 1, { result: 'succeeded' }, NOW).plan
    const ended = timePassed(paid, NOW).plan
    expect(ended.lifecycle).toBe('completed')
    expect(isOver(ended, NOW)).toBe(true)
  })

  it('is tried again on the next day at nine, and then escalated', () => {
    const declined = { result: 'declined', severity: 'soft', code: 'insufficient_funds' } as const
    const once = attemptSettled(attemptsBegun(makeStatementPlan(owed).plan, NOW), 1, declined, NOW).plan
    expect(nextWake(once, NOW)).toBe('2027-03-15T13:00:00Z')
    const again = attemptsBegun(once, '2027-03-15T13:00:00Z')
    const { plan, effects } = attemptSettled(again, 1, declined, '2027-03-15T13:00:00Z')
    expect(plan.installments[0]?.status).toBe('escalated')
    expect(effects).toContainEqual(expect.objectContaining({ write: 'escalation', reason: 'insufficient_funds' }))
  })

  it('without a payment method is escalated as that, and charged when there is one', () => {
    const begun = attemptsBegun(makeStatementPlan({ ...owed, paymentMethod: null }).plan, NOW)
    const missing = { result: 'declined', severity: 'hard', code: 'payment_method_missing' } as const
    const { plan, effects } = attemptSettled(begun, 1, missing, NOW)
    expect(effects).toContainEqual(expect.objectContaining({ write: 'escalation', reason: 'payment_method_invalid' }))
    expect(effects).toContainEqual(expect.objectContaining({ write: 'notice', type: 'payment_method.required' }))
    const method = { id: 'pm_2', type: 'card' }
    const retried = attemptsBegun(changePaymentMethod(plan, method).plan, NOW)
    expect(openAttempt(retried, 1)).toMatchObject({ paymentMethod: method, amount: 123_456 })
  })
})
