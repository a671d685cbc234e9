import { defineSearchAttributeKey, type SearchAttributePair, TypedSearchAttributes } from '@temporalio/common'
import { describeDate } from '../../domain/calendar.ts'
import { clientOf } from '../../domain/leasing/lease.ts'
import { formatMoney } from '../../domain/money.ts'
import { nextBillingAt } from '../../domain/plans/coming.ts'
import { outstanding, statusOf } from '../../domain/plans/figures.ts'
import type { Plan } from '../../domain/plans/plan.ts'

/** What Temporal's UI shows of a plan from its first moment on; later its workflow keeps it up to date. */
export function searchAttributesOf(plan: Plan): TypedSearchAttributes {
  const keyword = (name: string, value: string): SearchAttributePair => ({
    key: defineSearchAttributeKey(name, 'KEYWORD'),
    value,
  })
  const next = nextBillingAt(plan)
  const client = clientOf(plan)
  return new TypedSearchAttributes([
    keyword('TenorPlanKind', plan.kind),
    keyword('TenorPlanStatus', statusOf(plan)),
    keyword('TenorCustomer', plan.customer),
    ...(client === null ? [] : [keyword('TenorClient', client)]),
    keyword('TenorTenant', plan.tenant),
    keyword('TenorCurrency', plan.terms.currency),
    { key: defineSearchAttributeKey('TenorOutstanding', 'INT'), value: outstanding(plan) },
    { key: defineSearchAttributeKey('TenorEscalated', 'BOOL'), value: false },
    ...(next ? [{ key: defineSearchAttributeKey('TenorNextBillingAt', 'DATETIME'), value: new Date(next) }] : []),
  ])
}

const KINDS = { financing: 'Financing term', lease: 'Lease', rent_to_own: 'Rent-to-own plan', statement: 'Statement' }

export function describePlan(plan: Plan): { staticSummary: string; staticDetails: string } {
  const { terms, installments } = plan
  const total = formatMoney(plan.total, terms.currency)
  const every = terms.cadence.every === 'month' ? 'monthly' : 'weekly'
  return {
    staticSummary: `${KINDS[plan.kind]}: ${total} in ${installments.length}, ${every}`,
    staticDetails: [
      `**${total}** in ${installments.length} instalments, ${every}, charged at ${terms.billingTime} in ${terms.timezone}`,
      `Agreed for ${describeDate(terms.startDate)} to ${describeDate(terms.endDate)}`,
      `Customer \`${plan.customer.replaceAll('`', "'")}\` of \`${plan.tenant.replaceAll('`', "'")}\``,
    ].join('  \n'),
  }
}
