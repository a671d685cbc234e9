import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** Who did what when, and how it ended: one row for each write through the API. Never changed, never deleted. */
export const AuditLog = defineEntity({
  ...ofTenant,
  name: 'AuditRecord',
  tableName: 'audit_log',
  properties: {
    id: p.bigint('number').primary().autoincrement(),
    tenantId: text(),
    at: instant(),
    /** The subject of the caller's token. */
    actor: text(),
    /** The caller's roles, separated by commas. */
    role: text(),
    /** Method and route, such as `POST /payment_terms/:id/pause`. */
    action: text(),
    /** The id of what was written, where the request names or makes one. */
    subjectId: text().nullable(),
    requestId: text().nullable(),
    /** The HTTP status of the answer. */
    status: p.integer(),
    /** The code of the problem that was answered, if one was. */
    code: text().nullable(),
  },
  indexes: [
    { name: 'audit_log_tenant', properties: ['tenantId', 'at', 'id'] },
    { name: 'audit_log_subject', properties: ['tenantId', 'subjectId', 'at', 'id'], where: 'subject_id is not null' },
  ],
})

export type AuditRow = InferEntity<typeof AuditLog>
