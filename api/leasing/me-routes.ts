import { z } from 'zod'
import { listLeases } from '../../db/leasing/read-leases.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { listQuery } from '../http/fields.ts'
import { callerOf } from '../identity/caller.ts'
import { shown } from '../plans/present.ts'
import { atOneMoment, withRows } from '../plans/queries.ts'
import { PlanStatus } from '../plans/shapes.ts'
import { LEASING } from './leases/kind.ts'

const query = z.strictObject({ ...listQuery.shape, status: PlanStatus.optional() })

/** What an employee has of their own. */
export function meRoutes(app: App, deps: ApiDeps): void {
  const schema = {
    tags: [TAGS.leases],
    summary: 'My past and present leases, newest first',
    querystring: query,
    response: answers({ 200: json(LEASING.shapes.list, 'One page.') }),
  }
  app.get('/me/leases', { schema }, async (request) => {
    const { tenant, customer } = callerOf(request)
    const { limit, cursor, status } = request.query
    return atOneMoment(deps.orm.em.fork(), async (em) => {
      const page = await listLeases(em, tenant, { employeeId: customer ?? '', status }, { limit, cursor })
      const rows = await withRows(em, page.data)
      return { data: rows.map(shown(LEASING, deps)), next_cursor: page.nextCursor }
    })
  })
}
