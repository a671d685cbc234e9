import { z } from 'zod'
import { PROOF_CHECKS } from '../../domain/plans/proof.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { pathId } from '../http/fields.ts'
import { notFound } from '../http/problem.ts'
import { callerOf } from '../identity/caller.ts'
import type { PlanApi } from './kind.ts'
import { proofOf } from './proof.ts'
import { planFor } from './queries.ts'

const STATUSES = ['ok', 'in_flight', 'unread', 'different'] as const
const status = z.enum(STATUSES).meta({
  description:
    '`in_flight` will come right by itself, `unread` could not be looked at, `different` is a difference to look into.',
})
const difference = z.object({
  kind: z.enum(['in_flight', 'unread', 'different']),
  detail: z.string().meta({ description: 'What differs, in words and with amounts.' }),
  mendable: z.boolean().meta({ description: 'Only what answers read is wrong; no money is.' }),
})
const check = z.object({
  name: z.string().meta({ description: `One of ${PROOF_CHECKS.join(', ')}.` }),
  status,
  differences: z.array(difference),
})
const Proof = z.object({ plan_id: z.string(), status, checks: z.array(check) }).meta({
  id: 'Proof',
  description: 'What PostgreSQL, the gateway and the workflow hold of a plan, compared. Changes nothing.',
})

/** The proof of a plan: that ledger, gateway, workflow and receipts say the same, or what they differ in. */
export function planProof(app: App, { kind, path, tag }: PlanApi, deps: ApiDeps): void {
  const schema = {
    tags: [tag],
    summary: 'Compare ledger, gateway, workflow and receipts, and explain each difference',
    params: pathId,
    response: answers({ 200: json(Proof, 'What was compared, and how it came out.') }, 404),
  }
  app.get(`${path}/:id/proof`, { schema }, async (request) => {
    const row = await planFor(deps.orm.em.fork(), callerOf(request), kind, request.params.id)
    const proven = await proofOf(deps, row.id)
    if (!proven) throw notFound('plan')
    const { plan, status: whole, checks } = proven.proof
    return { plan_id: plan, status: whole, checks }
  })
}
