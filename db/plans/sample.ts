import type { Decision } from '../../domain/plans/effects.ts'
import { exampleTerms } from '../../domain/plans/example-plan.ts'
import { makePlan } from '../../domain/plans/make.ts'

/** A financing term for tests: 120000 in 12 from 2027-01-15 in New York, on a test clock. */
export function samplePlan(id = 'pt_sample', overrides: { tenant?: string; customer?: string } = {}): Decision {
  return makePlan({
    id,
    tenant: overrides.tenant ?? 'tenant_a',
    kind: 'financing',
    customer: overrides.customer ?? 'cus_1',
    terms: exampleTerms({ timezone: 'America/New_York' }),
    total: 120_000,
    paymentMethod: { id: 'pm_card_visa', type: 'card' },
    clock: { id: 'clk_1', now: '2027-01-10T12:00:00Z' },
    now: '2027-01-10T12:00:00Z',
  })
}
