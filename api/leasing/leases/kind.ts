import type { z } from 'zod'
import { Clients } from '../../../db/leasing/clients.ts'
import { listLeases } from '../../../db/leasing/read-leases.ts'
import { DeviceModels } from '../../../db/leasing/stock.ts'
import { NOTHING } from '../../../db/pages.ts'
import type { PlanRow } from '../../../db/plans/plans.ts'
import { waiverAdded } from '../../../domain/leasing/change.ts'
import { isUndelivered } from '../../../domain/leasing/order.ts'
import type { Plan, PlanStatus } from '../../../domain/plans/plan.ts'
import { addWaiver } from '../../../workflows/leasing/messages.ts'
import { TAGS } from '../../http/docs.ts'
import { conflict, Problem, unprocessable } from '../../http/problem.ts'
import { type Caller, onlyClient, onlyCustomer } from '../../identity/caller.ts'
import { totalChanged } from '../../plans/change-routes.ts'
import { send } from '../../plans/commands.ts'
import type { Asking, PlanApi, PlanChange } from '../../plans/kind.ts'
import type { PlanRows } from '../../plans/present.ts'
import { isStaff } from '../staff.ts'
import { deviceCode, employeeId, LeaseBody, LeaseChangeBody, LeaseQuoteBody, type OrderBody } from './bodies.ts'
import { orderLease, quoteLease } from './create.ts'
import { LeaseQuote, leaseShapes, showLease } from './shapes.ts'

/** Devices on lease: an employee has one for a term, paid for by pay or by themselves. */
export const LEASING: PlanApi = {
  kind: 'lease',
  path: '/leases',
  idField: 'lease_id',
  idPrefix: 'ls_',
  tag: TAGS.leases,
  one: 'lease',
  shapes: leaseShapes,
  createBody: LeaseBody,
  quoteBody: LeaseQuoteBody,
  quoteShape: LeaseQuote,
  quote: (asking, body) => quoteLease(asking, body as OrderBody),
  create: (asking, body, creation) => orderLease(asking, body as OrderBody, creation),
  more: showLease,
  listQuery: {
    client_id: employeeId.optional(),
    employee_id: employeeId.optional(),
    device_code: deviceCode.optional(),
  },
  list: async (em, caller, query, page) => {
    const filter = leaseFilter(caller, query)
    return filter ? listLeases(em, caller.tenant, filter, page) : NOTHING
  },
  changeBody: LeaseChangeBody,
  change: (asking, rows, body) => leaseChange(asking, rows, body as z.output<typeof LeaseChangeBody>),
  refuse: refuseForLease,
}

/** What the caller asks for within what they may see; `null` when that is nothing. */
function leaseFilter(caller: Caller, query: Record<string, unknown>) {
  const text = (name: string) => query[name] as string | undefined
  const clientId = narrowed(onlyClient(caller), text('client_id'))
  const ofCustomer = narrowed(onlyCustomer(caller), text('customer_id'))
  const employee = ofCustomer === null ? null : narrowed(ofCustomer ?? null, text('employee_id'))
  if (clientId === null || employee === null) return null
  const status = text('status') as PlanStatus | undefined
  return { clientId, employeeId: employee, modelCode: text('device_code'), status, testClockId: text('test_clock') }
}

/** The one that both allow: `undefined` for any, `null` for none. */
function narrowed(only: string | null, asked: string | undefined): string | undefined | null {
  if (only === null || asked === undefined) return only ?? asked
  return only === asked ? only : null
}

async function leaseChange(
  asking: Asking,
  { plan }: PlanRows,
  body: z.output<typeof LeaseChangeBody>,
): Promise<PlanChange> {
  const { deps, caller } = asking
  if (body.total_amount !== undefined) {
    if (!isStaff(caller)) throw new Problem(403, 'forbidden', 'Your role does not allow this.')
    return totalChanged(deps, plan.workflowId, body.total_amount)
  }
  const monthly = await waiverOf(asking, plan)
  return {
    decide: (found, now) => waiverAdded(found, { monthly }, now),
    send: (command) => send(deps, plan.workflowId, addWaiver, { ...command, monthly }),
  }
}

async function waiverOf({ em }: Asking, plan: PlanRow): Promise<number> {
  const model = await em.findOne(DeviceModels, { tenantId: plan.tenantId, code: plan.state.lease?.device.code ?? '' })
  if (model?.waiverMonthly != null) return model.waiverMonthly
  throw unprocessable('not_offered', 'There is no damage cover for this model.', '/damage_waiver')
}

function refuseForLease(action: 'cancel' | 'payment_method', caller: Caller, { state }: PlanRow): void {
  if (action === 'payment_method' && state.lease?.payer === 'payroll') {
    throw conflict('lease_step_wrong', 'It is deducted from pay: there is no payment method to replace.')
  }
  if (action === 'cancel' && onlyCustomer(caller) !== null && !isUndelivered(state as Plan)) {
    throw new Problem(403, 'forbidden', 'The device has been delivered: your company can end the lease.')
  }
}

export function clientOf({ em }: Pick<Asking, 'em'>, { tenantId, state }: PlanRow) {
  return em.findOneOrFail(Clients, { tenantId, id: state.lease?.client ?? '' })
}
