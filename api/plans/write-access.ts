import type { FastifyRequest } from 'fastify'
import type { ApiDeps } from '../deps.ts'
import { refuseStale } from '../http/etag.ts'
import { callerOf } from '../identity/caller.ts'
import type { PlanApi } from './kind.ts'
import { type PlanRows, shown } from './present.ts'
import { wholePlanFor } from './queries.ts'

/** The plan that is to be changed, for who may see it. Throws a 404, and a 412 when it is not the one that was read. */
export async function planToChange(
  request: FastifyRequest,
  id: string,
  kind: PlanApi,
  deps: ApiDeps,
): Promise<PlanRows> {
  const rows = await wholePlanFor(deps.orm.em.fork(), callerOf(request), kind.kind, id)
  refuseStale(request, shown(kind, deps)(rows))
  return rows
}
