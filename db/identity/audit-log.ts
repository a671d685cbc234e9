import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'

/** Who did what when; never changed, never deleted. */
export const AuditLog = defineEntity({
  name: 'AuditRecord',
  tableName: 'audit_log',
  properties: {
    id: p.bigint('number').primary().autoincrement(),
    tenantId: text(),
    at: instant(),
    /** Subject and role of the caller's token. */
    actor: text(),
    role: text(),
    action: text(),
    subjectType: text().nullable(),
    subjectId: text().nullable(),
    requestId: text().nullable(),
    data: p.json<Record<string, unknown>>().nullable(),
  },
  indexes: [
    { name: 'audit_log_tenant', properties: ['tenantId', 'at'] },
    { name: 'audit_log_subject', properties: ['tenantId', 'subjectId', 'at'], where: 'subject_id is not null' },
  ],
})

export type AuditRow = InferEntity<typeof AuditLog>
