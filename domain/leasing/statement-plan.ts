import { civilOf, parseCivil } from '../calendar.ts'
import type { Minor } from '../money.ts'
import type { Decision } from '../plans/effects.ts'
import { makePlan } from '../plans/make.ts'
import { NO_METHOD, type PaymentMethod, type TestClock } from '../plans/plan.ts'
import type { Instant, Terms } from '../plans/terms.ts'

export type StatementOwed = {
  /** The plan's id. */
  id: string
  tenant: string
  client: string
  currency: string
  timezone: string
  total: Minor
  /** The client's default one; without any the charge is handed to a broker at once. */
  paymentMethod: PaymentMethod | null
  clock: TestClock | null
  /** Of the clock, when this is made. */
  clockTick: number
  now: Instant
}

/**
 * What a client owes by one closed statement, as a plan of one instalment that is due at once (keeps Statements): what
 * becomes of it when it is not paid is what becomes of every plan. The statement itself tells the client of it.
 */
export function makeStatementPlan({ client, clockTick, paymentMethod, ...asked }: StatementOwed): Decision {
  const made = makePlan({
    ...asked,
    kind: 'statement',
    customer: client,
    terms: termsOf(asked),
    paymentMethod: paymentMethod ?? NO_METHOD,
  })
  const installments = made.plan.installments.map((i) => ({ ...i, atOnce: asked.now, reminded: true }))
  const sequence = { ...made.plan.sequence, clockTick }
  return {
    plan: { ...made.plan, installments, sequence },
    effects: made.effects.filter((effect) => effect.write !== 'notice'),
  }
}

function termsOf({ now, timezone, currency }: Pick<StatementOwed, 'now' | 'timezone' | 'currency'>): Terms {
  const today = civilOf(now, timezone)
  return {
    currency,
    timezone,
    // Of retries; the first attempt is made at once.
    billingTime: '09:00',
    cadence: { every: 'month', day: parseCivil(today).day },
    startDate: today,
    // Complete as soon as it is paid.
    endDate: today,
    termMonths: 0,
    count: 1,
    discount: 0,
    cancellation: { type: 'none' },
    adjustmentPolicy: 'spread',
    retryPolicy: { retries: 1, everyDays: [1] },
    reminderDays: 0,
  }
}
