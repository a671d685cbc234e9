import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { EscalationReason, Resolution } from '../../domain/plans/effects.ts'
import { amount, instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'
import { Plans } from './plans.ts'

/** The brokers' queue. While `caseVersion` is behind `version`, the case at Salesforce has yet to be told. */
export const Escalations = defineEntity({
  ...ofTenant,
  name: 'Escalation',
  tableName: 'escalations',
  properties: {
    id: text().primary(),
    tenantId: text(),
    planId: () => p.manyToOne(Plans).mapToPk().joinColumn('plan_id').index(false),
    customerId: text(),
    installmentNumber: p.integer().nullable(),
    refundNumber: p.integer().nullable(),
    reason: p.text().$type<EscalationReason>(),
    code: text().nullable(),
    amount: amount('amount'),
    currency: text(),
    status: p.enum(['open', 'resolved']),
    openedAt: instant(),
    resolvedAt: instant().nullable(),
    resolution: p.json<Resolution>().nullable(),
    version: p.integer(),
    caseVersion: p.integer().default(0),
    salesforceCaseId: text().nullable(),
    caseAttempts: p.integer().default(0),
    /** In real time. */
    caseNextAttemptAt: instant().nullable(),
    caseLastError: text().nullable(),
    testClockId: text().nullable(),
  },
  checks: [
    {
      name: 'escalations_about_check',
      expression: `case when reason = 'not_dispatched' then installment_number is null and refund_number is null
        else (installment_number is null) <> (refund_number is null) end`,
    },
    { name: 'escalations_resolved_check', expression: `(status = 'resolved') = (resolved_at is not null)` },
  ],
  indexes: [
    { name: 'escalations_tenant', properties: ['tenantId', 'openedAt', 'id'] },
    { name: 'escalations_status', properties: ['tenantId', 'status', 'openedAt', 'id'] },
    { name: 'escalations_plan', properties: ['planId', 'openedAt', 'id'] },
    { name: 'escalations_untold', properties: ['caseNextAttemptAt'], where: 'case_version < version' },
  ],
  uniques: [
    {
      name: 'escalations_open_installment',
      properties: ['planId', 'installmentNumber'],
      where: `status = 'open' and installment_number is not null`,
    },
    {
      name: 'escalations_open_order',
      properties: ['planId'],
      where: `status = 'open' and reason = 'not_dispatched'`,
    },
    {
      name: 'escalations_open_refund',
      properties: ['planId', 'refundNumber'],
      where: `status = 'open' and refund_number is not null`,
    },
  ],
})

export type EscalationRow = InferEntity<typeof Escalations>
