import { z } from 'zod'
import { instantOf } from '../../../db/columns.ts'
import { listPayroll } from '../../../db/leasing/read-payroll.ts'
import { TestClocks } from '../../../db/plans/test-clocks.ts'
import { addMonthsClamped, civilOf } from '../../../domain/calendar.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { listQuery, pathId } from '../../http/fields.ts'
import { callerOf } from '../../identity/caller.ts'
import { atOneMoment } from '../../plans/queries.ts'
import { clientFor } from './find.ts'
import { showPayroll } from './present.ts'
import { PayrollMonth } from './shapes.ts'

const MONTH = '[0-2]\\d{3}-(0[1-9]|1[0-2])'
const query = z.strictObject({
  ...listQuery.shape,
  month: z
    .string()
    .regex(new RegExp(`^${MONTH}$`), 'must be a month, YYYY-MM')
    .optional()
    .meta({ description: 'The present one, where the client is, when it is left out.', example: '2027-03' }),
})

/** What the payroll of a month is to take from whom. */
export function payrollRoute(app: App, deps: ApiDeps): void {
  const schema = {
    tags: [TAGS.statements],
    summary: 'What is and will be deducted in a month, by employee',
    params: pathId,
    querystring: query,
    response: answers({ 200: json(PayrollMonth, 'One page.') }, 404),
  }
  app.get('/clients/:id/payroll_deductions', { schema }, async (request) => {
    const em = deps.orm.em.fork()
    const client = await clientFor(em, callerOf(request), request.params.id)
    const clock = client.testClockId ? await em.findOne(TestClocks, { id: client.testClockId }) : null
    const now = clock?.now ?? instantOf(deps.now())
    const today = civilOf(now, client.statement.timezone)
    const { month = today.slice(0, 7), limit, cursor } = request.query
    const from = `${month}-01`
    const asked = { tenant: client.tenantId, client: client.id, from, before: addMonthsClamped(from, 1), now }
    const found = await atOneMoment(em, (tx) => listPayroll(tx, asked, { limit, cursor }))
    const page = { data: found.data.map(showPayroll), next_cursor: found.nextCursor }
    return { client_id: client.id, month, currency: client.currency, ...page }
  })
}
