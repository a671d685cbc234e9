import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { RECIPIENTS } from '../../domain/plans/effects.ts'
import { instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'
import { Plans } from './plans.ts'

/** What customers are told, one row for each channel; those that are `queued` are the outbox. */
export const Notifications = defineEntity({
  ...ofTenant,
  name: 'Notification',
  tableName: 'notifications',
  properties: {
    id: text().primary(),
    tenantId: text(),
    /** Null for what is told of a statement. */
    planId: () => p.manyToOne(Plans).mapToPk().joinColumn('plan_id').nullable().deleteRule('no action').index(false),
    statementId: text().nullable(),
    /** Whose plan it is; with another `recipient`, not who is written to. */
    customerId: text(),
    recipient: p.enum(RECIPIENTS).default('customer'),
    type: text(),
    channel: p.enum(['email']),
    data: p.json<Record<string, unknown>>(),
    status: p.enum(['queued', 'sent', 'failed']),
    attempts: p.integer().default(0),
    /** In real time, also for a plan on a test clock; null once it is over. */
    nextAttemptAt: instant().nullable(),
    createdAt: instant(),
    sentAt: instant().nullable(),
    lastError: text().nullable(),
    testClockId: text().nullable(),
  },
  checks: [{ name: 'notifications_about_check', expression: '(plan_id is null) <> (statement_id is null)' }],
  indexes: [
    { name: 'notifications_plan', properties: ['planId', 'createdAt', 'id'] },
    { name: 'notifications_tenant', properties: ['tenantId', 'createdAt', 'id'] },
    { name: 'notifications_customer', properties: ['tenantId', 'customerId', 'createdAt', 'id'] },
    { name: 'notifications_queued', properties: ['nextAttemptAt'], where: `status = 'queued'` },
  ],
})

export type NotificationRow = InferEntity<typeof Notifications>
