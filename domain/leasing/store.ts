import type { Problem } from '../errors.ts'
import { chargeStep, isChargeable } from '../money.ts'
import { cancellationTermsProblem, isPercent, PERCENT } from '../plans/cancellation.ts'
import type { CancellationTerms } from '../plans/terms.ts'
import type { OffboardingRule, Payer } from './lease.ts'

/** What a company's store offers, and on which terms. Amounts in minor units of the client's currency. */
export type StoreSettings = {
  /** Codes of the models on offer; `null` for all there are. */
  models: string[] | null
  payers: Payer[]
  termMonths: number[]
  /** Of the employer, off the price of each lease. */
  subsidy: number
  /** Leases that an employee may have at once. */
  maximumPerEmployee: number
  residualPercent: number
  extensionPercent: number
  dispatchDays: number
  /** Day of the month on which leases are charged or deducted. */
  billingDay: number
  cancellationTerms: CancellationTerms
  offboarding: OffboardingRule
}

export const DEFAULT_STORE: StoreSettings = {
  models: null,
  payers: ['payroll'],
  termMonths: [12, 24, 36],
  subsidy: 0,
  maximumPerEmployee: 2,
  residualPercent: 10,
  extensionPercent: 50,
  dispatchDays: 5,
  billingDay: 1,
  cancellationTerms: { type: 'none' },
  offboarding: 'return',
}

/**
 * What is wrong with store settings, as pointers into what is asked; empty when they can be agreed. Amounts must be such
 * that can be charged in `currency`. Keeps Leasing.
 */
export function storeProblems(store: StoreSettings, currency: string): Problem[] {
  const { payers, termMonths, subsidy, residualPercent, extensionPercent, cancellationTerms } = store
  const problems: Problem[] = []
  const add = (isWrong: boolean, field: string, message: string) => {
    if (isWrong) problems.push({ pointer: `/${field}`, message: `${field} ${message}` })
  }
  add(!isDistinct(store.models ?? []), 'models', 'must not name a model twice')
  add(!isDistinct(payers), 'payers', 'must not name a payer twice')
  add(!isDistinct(termMonths), 'term_months', 'must not name a term twice')
  add(!isChargeable(subsidy, currency), 'subsidy', `must be in steps of ${chargeStep(currency)}`)
  add(!isPercent(residualPercent), 'residual_percent', PERCENT)
  add(!isPercent(extensionPercent), 'extension_percent', PERCENT)
  return [...problems, ...cancellationTermsProblem(cancellationTerms, currency)]
}

function isDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}

/** When a client's statement is closed: at midnight in its zone at the end of each period. */
export type StatementSettings = {
  period: 'weekly' | 'monthly' | 'quarterly'
  /** Day of the month (1 to 31, clamped), or of the week (1, Monday, to 7) for weekly ones, that begins with the closing. */
  day: number
  timezone: string
}
