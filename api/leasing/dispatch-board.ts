import { z } from 'zod'
import { instantOf } from '../../db/columns.ts'
import { type Dispatch, listDispatches } from '../../db/leasing/read-board.ts'
import { civilOf, daysBetween } from '../../domain/calendar.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { date, instant, listQuery, pageOf } from '../http/fields.ts'
import { callerOf } from '../identity/caller.ts'
import { atOneMoment } from '../plans/queries.ts'
import { deviceCode, employeeId } from './leases/bodies.ts'

const status = z.enum(['init', 'dispatched'])
const Row = z
  .object({
    lease_id: z.string(),
    status,
    employee: z.object({
      employee_id: z.string(),
      name: z.string().nullable(),
      email: z.string().nullable(),
      phone: z.string().nullable(),
    }),
    client: z.object({
      client_id: z.string(),
      name: z.string().nullable(),
      office_address: z.string().nullable().meta({ description: 'Where the device goes.' }),
    }),
    device: z.object({ code: z.string(), name: z.string() }),
    unit: z.object({ device_id: z.string(), imei: z.string() }).nullable(),
    ordered_at: instant,
    dispatch_by: date,
    dispatched_at: instant.nullable(),
    tracking: z.string().nullable(),
    days_late: z.int().meta({ description: 'Since the day by which it was to be dispatched; 0 once it is.' }),
    escalated: z.boolean(),
  })
  .meta({ id: 'Dispatch', description: 'A device that is ordered and not with its employee yet.' })
const query = z.strictObject({
  ...listQuery.shape,
  status: status.optional(),
  client_id: employeeId.optional(),
  employee_id: employeeId.optional(),
  device_code: deviceCode.optional(),
})

/** What the back office has to send, and what is on its way. */
export function dispatchBoardRoute(app: App, deps: ApiDeps): void {
  const schema = {
    tags: [TAGS.leases],
    summary: 'Devices to dispatch, and those that are on their way; the most urgent first',
    querystring: query,
    response: answers({ 200: json(pageOf(Row, 'Dispatch'), 'One page.') }),
  }
  app.get('/dispatch_board', { schema }, async (request) => {
    const {
      limit,
      cursor,
      status,
      client_id: clientId,
      employee_id: employeeId,
      device_code: modelCode,
    } = request.query
    const filter = { status, clientId, employeeId, modelCode }
    const page = await atOneMoment(deps.orm.em.fork(), (em) =>
      listDispatches(em, callerOf(request).tenant, filter, { limit, cursor }),
    )
    const now = instantOf(deps.now())
    return { data: page.data.map((row) => showDispatch(row, row.clock ?? now)), next_cursor: page.nextCursor }
  })
}

function showDispatch(
  { lease, plan, unit, employee, client, officeAddress }: Dispatch,
  now: Instant,
): z.output<typeof Row> {
  const { terms, lease: { device, order } = lacking(plan.id) } = plan.state
  const late = daysBetween(lease.dispatchBy, civilOf(now, terms.timezone))
  return {
    lease_id: plan.id,
    status: order.dispatchedAt === null ? 'init' : 'dispatched',
    employee: {
      employee_id: lease.employeeId,
      name: employee?.name ?? null,
      email: employee?.email ?? null,
      phone: employee?.phone ?? null,
    },
    client: { client_id: lease.clientId, name: client?.name ?? null, office_address: officeAddress },
    device: { code: device.code, name: device.name },
    unit: unit && { device_id: unit.id, imei: unit.imei },
    ordered_at: order.orderedAt,
    dispatch_by: lease.dispatchBy,
    dispatched_at: order.dispatchedAt,
    tracking: order.tracking,
    days_late: order.dispatchedAt === null ? Math.max(late, 0) : 0,
    escalated: plan.escalated ?? false,
  }
}

function lacking(id: string): never {
  throw new Error(`Plan ${id} is no lease`)
}
