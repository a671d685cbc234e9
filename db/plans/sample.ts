import type { Decision } from '../../domain/plans/effects.ts'
import { makePlan } from '../../domain/plans/make.ts'

/** A financing term for tests: 120000 in 12 from 2027-01-15 in New York, on a test clock. */
export function samplePlan(id = 'pt_sample', overrides: { tenant?: string; customer?: string } = {}): Decision {
  return makePlan({
    id,
    tenant: overrides.tenant ?? 'tenant_a',
    kind: 'financing',
    customer: overrides.customer ?? 'cus_1',
    terms: {
      currency: 'USD',
      timezone: 'America/New_York',
      billingTime: '09:00',
      cadence: { every: 'month', day: 15 },
      startDate: '2027-01-15',
      endDate: '2028-01-15',
      termMonths: 12,
      count: 12,
      discount: 0,
      cancellation: { type: 'pro_rata' },
      adjustmentPolicy: 'spread',
      retryPolicy: { retries: 1, everyDays: [1] },
      reminderDays: 3,
    },
    total: 120_000,
    paymentMethod: { id: 'pm_card_visa', type: 'card' },
    clock: { id: 'clk_1', now: '2027-01-10T12:00:00Z' },
    now: '2027-01-10T12:00:00Z',
  })
}
