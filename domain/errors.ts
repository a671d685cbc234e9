/**
 * The rules a caller can break, by name. `conflict`: well-formed, but the plan's present state does not allow it.
 * `unprocessable`: no state of the plan would allow it. HTTP statuses are decided elsewhere.
 */
export const RULE_CODES = {
  amount_invalid: 'unprocessable',
  amount_too_large: 'unprocessable',
  currency_unknown: 'unprocessable',
  date_invalid: 'unprocessable',
  instant_invalid: 'unprocessable',
  time_invalid: 'unprocessable',
  timezone_unknown: 'unprocessable',
  cancellation_type_unknown: 'unprocessable',
  invalid_request: 'unprocessable',
  start_date_past: 'unprocessable',
  reference_missing: 'unprocessable',
  amount_over_outstanding: 'unprocessable',
  nothing_due: 'conflict',
  plan_not_active: 'conflict',
  already_canceled: 'conflict',
  already_paused: 'conflict',
  not_paused: 'conflict',
  escalation_resolved: 'conflict',
  action_not_allowed: 'conflict',
  charge_under_way: 'conflict',
  lease_step_wrong: 'conflict',
} as const satisfies Record<string, RuleKind>

export type RuleKind = 'conflict' | 'unprocessable'
export type RuleCode = keyof typeof RULE_CODES

/** One field that breaks a rule: a JSON pointer into the request as clients write it, and what is wrong there. */
export type Problem = { pointer: string; message: string }

/** A rule was broken by what was asked. Nothing has changed; `detail` is a sentence that the caller may be shown. */
export class RuleBroken extends Error {
  readonly code: RuleCode
  readonly detail: string
  readonly kind: RuleKind
  readonly errors: Problem[] | undefined

  constructor(code: RuleCode, detail: string, errors?: Problem[]) {
    super(detail)
    this.name = 'RuleBroken'
    this.code = code
    this.detail = detail
    this.kind = RULE_CODES[code]
    this.errors = errors
  }
}

/** Throws one RuleBroken for all problems at once, so that a caller can mend them together. Does nothing for none. */
export function refuse(problems: Problem[]): void {
  if (problems.length > 0) {
    throw new RuleBroken('invalid_request', problems.map(({ message }) => message).join('; '), problems)
  }
}
