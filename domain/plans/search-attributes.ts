/**
 * What ops can search plans by in Temporal's UI, and the type of each. Registered at start, set by the plan's workflow.
 * Ids and codes only: search attributes are stored unencrypted.
 */
export const SEARCH_ATTRIBUTES = {
  TenorPlanKind: 'Keyword',
  TenorPlanStatus: 'Keyword',
  TenorCustomer: 'Keyword',
  /** The employer, of leases and statements. */
  TenorClient: 'Keyword',
  TenorTenant: 'Keyword',
  TenorNextBillingAt: 'Datetime',
  TenorOutstanding: 'Int',
  TenorCurrency: 'Keyword',
  TenorEscalated: 'Bool',
} as const

export type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES
