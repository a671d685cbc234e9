import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import type { EscalationRow } from '../../db/plans/escalations.ts'
import { findEscalation, findPlan, listEscalations } from '../../db/plans/read.ts'
import { ESCALATION_REASONS } from '../../domain/plans/effects.ts'
import { refuseWithoutReference } from '../../domain/plans/resolve.ts'
import { resolve } from '../../workflows/plans/messages.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json, unchanged, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { isHeld, refuseStale, setTag } from '../http/etag.ts'
import { amount, customerId, instant, line, listQuery, pageOf, paragraph, pathId } from '../http/fields.ts'
import { actionHeaders, ifNoneMatchHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { notFound } from '../http/problem.ts'
import { callerOf } from '../identity/caller.ts'
import { send } from '../plans/commands.ts'

const Escalation = z
  .object({
    escalation_id: z.string(),
    plan_id: z.string(),
    installment_number: z.int().nullable(),
    reason: z.enum(ESCALATION_REASONS),
    amount,
    status: z.enum(['open', 'resolved']),
    salesforce_case_id: z.string().nullable(),
    opened_at: instant,
    resolved_at: instant.nullable(),
    resolution: z
      .object({
        action: z.string(),
        reference: z.string().nullable(),
        note: z.string().nullable(),
        by: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Escalation' })

const query = z.strictObject({
  ...listQuery.shape,
  status: z.enum(['open', 'resolved']).optional(),
  plan_id: z.string().min(1).max(64).optional(),
  customer_id: customerId.optional(),
  reason: z.enum(ESCALATION_REASONS).optional(),
})
const ResolutionBody = z
  .strictObject({
    action: z.enum(['retry', 'mark_paid', 'waive', 'cancel_plan']),
    reference: line(255).optional().meta({ description: 'Of the payment made by other means; `mark_paid` needs it.' }),
    note: paragraph(2000),
  })
  .meta({ id: 'ResolutionBody' })

/** The brokers' queue. */
export function escalationRoutes(app: App, deps: ApiDeps): void {
  const tags = [TAGS.escalations]
  const list = { tags, summary: "The brokers' queue, newest first", querystring: query }
  const page = answers({ 200: json(pageOf(Escalation, 'Escalation'), 'One page.') })
  app.get('/escalations', { schema: { ...list, response: page } }, async (request) => {
    const { limit, cursor, status, plan_id: planId, customer_id: customerId, reason } = request.query
    const filter = { status, planId, customerId, reason }
    const found = await listEscalations(deps.orm.em.fork(), callerOf(request).tenant, filter, { limit, cursor })
    return { data: found.data.map(showEscalation), next_cursor: found.nextCursor }
  })

  const one = { tags, summary: 'One escalation', params: pathId, headers: ifNoneMatchHeader }
  const found = answers({ 200: json(Escalation, 'The escalation.'), ...unchanged }, 404)
  app.get('/escalations/:id', { schema: { ...one, response: found } }, async (request, reply) => {
    const escalation = showEscalation(await find(deps.orm.em.fork(), callerOf(request).tenant, request.params.id))
    return isHeld(request, reply, escalation) ? reply.code(304).send() : reply.send(escalation)
  })
  resolving(app, deps)
}

function resolving(app: App, deps: ApiDeps): void {
  const schema = {
    tags: [TAGS.escalations],
    summary: 'Settle it: try again, paid by other means, written off, or the whole plan cancelled',
    params: pathId,
    headers: actionHeaders,
    body: ResolutionBody,
    response: writeAnswers({ 200: json(Escalation, 'As it is now.') }, 404, 409, 412, 422),
  }
  app.post('/escalations/:id/resolve', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const em = deps.orm.em.fork()
    const escalation = await find(em, caller.tenant, request.params.id)
    const plan = await findPlan(em, caller.tenant, escalation.planId)
    if (!plan) throw notFound('escalation')
    refuseStale(request, showEscalation(escalation))
    const { action, reference, note } = request.body
    refuseWithoutReference(request.body)
    const command = { id: idFor(request, 'cmd_'), by: caller.sub, escalation: escalation.id, action, note }
    await send(deps, plan.workflowId, resolve, reference === undefined ? command : { ...command, reference })
    const now = showEscalation(await find(deps.orm.em.fork(), caller.tenant, escalation.id))
    setTag(reply, now)
    return reply.send(now)
  })
}

async function find(em: EntityManager, tenant: string, id: string): Promise<EscalationRow> {
  const escalation = await findEscalation(em, tenant, id)
  if (!escalation) throw notFound('escalation')
  return escalation
}

function showEscalation(row: EscalationRow) {
  const { resolution } = row
  return {
    escalation_id: row.id,
    plan_id: row.planId,
    installment_number: row.installmentNumber || null,
    reason: row.reason,
    amount: row.amount,
    status: row.status,
    salesforce_case_id: row.salesforceCaseId ?? null,
    opened_at: row.openedAt,
    resolved_at: row.resolvedAt ?? null,
    resolution: resolution
      ? {
          action: resolution.action,
          reference: resolution.reference ?? null,
          note: resolution.note ?? null,
          by: resolution.by ?? null,
        }
      : null,
  }
}
