import { z } from 'zod'
import { AuditLog, type AuditRow } from '../../db/identity/audit-log.ts'
import { given, type Keyset, pageOf as readPage } from '../../db/pages.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { instant, listQuery, pageOf } from '../http/fields.ts'
import { callerOf } from './caller.ts'

const AuditEntry = z
  .object({
    audit_entry_id: z.string(),
    at: instant,
    actor: z.string().meta({ description: "The subject of the caller's token." }),
    roles: z.array(z.string()),
    action: z.string().meta({ example: 'POST /payment_terms/:id/pause' }),
    object_id: z.string().nullable(),
    request_id: z.string().nullable(),
    status: z.int().meta({ description: 'Of the answer: below 400, it was done.' }),
    code: z.string().nullable().meta({ description: 'Of the problem, if one was answered.' }),
  })
  .meta({ id: 'AuditEntry' })
const text = z.string().min(1).max(300).optional()
const query = z.strictObject({ ...listQuery.shape, actor: text, object_id: text, request_id: text })

const BY_TIME: Keyset = [
  { property: 'at', column: 'at', is: 'instant' },
  { property: 'id', column: 'id', is: 'number' },
]

/** Who did what when. */
export function auditRoutes(app: App, { orm }: ApiDeps): void {
  const schema = {
    tags: [TAGS.identity],
    summary: 'Every write through this API: by whom, on what, and how it ended; newest first',
    querystring: query,
    response: answers({ 200: json(pageOf(AuditEntry, 'AuditEntry'), 'One page.') }),
  }
  app.get('/audit_entries', { schema }, async (request) => {
    const { limit, cursor, actor, object_id: subjectId, request_id: requestId } = request.query
    const where = { tenantId: callerOf(request).tenant, ...given({ actor, subjectId, requestId }) }
    const page = await readPage(orm.em.fork(), AuditLog, where, BY_TIME, { order: 'desc', limit, cursor })
    return { data: page.data.map(show), next_cursor: page.nextCursor }
  })
}

function show(row: AuditRow): z.output<typeof AuditEntry> {
  return {
    audit_entry_id: String(row.id),
    at: row.at,
    actor: row.actor,
    roles: row.role.split(','),
    action: row.action,
    object_id: row.subjectId ?? null,
    request_id: row.requestId ?? null,
    status: row.status,
    code: row.code ?? null,
  }
}
