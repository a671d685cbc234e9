import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { instantOf } from '../../db/columns.ts'
import { findCustomer } from '../../db/customers/people.ts'
import { Clients } from '../../db/leasing/clients.ts'
import { Employees } from '../../db/leasing/employees.ts'
import { lockEmployee, pendingOrders } from '../../db/leasing/orders.ts'
import { openLeases } from '../../db/leasing/read-leases.ts'
import type { EmployeeId } from '../../db/leasing/staff.ts'
import type { OffboardingRule } from '../../domain/leasing/lease.ts'
import type { PaymentMethod } from '../../domain/plans/plan.ts'
import { offboard } from '../../workflows/leasing/messages.ts'
import { planWorkflowId } from '../../workflows/plans/messages.ts'
import type { ApiDeps } from '../deps.ts'
import { json, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { problemOf } from '../http/errors.ts'
import { refuseStale } from '../http/etag.ts'
import { pathId, paymentMethodId } from '../http/fields.ts'
import { actionHeaders } from '../http/headers.ts'
import { send } from '../plans/commands.ts'
import type { Asking } from '../plans/kind.ts'
import { methodOf } from '../plans/start.ts'
import { askingOf } from './leases/step.ts'
import { showEmployee } from './people/employee-shapes.ts'
import { employeeFor } from './people/find.ts'

const OffboardBody = z.strictObject({ payment_method: paymentMethodId.optional() }).meta({
  id: 'OffboardBody',
  description:
    "The employee's own payment method, where the rule is `transfer`; their default one, unless it is given.",
})
const Ended = z
  .object({
    lease_id: z.string(),
    outcome: z.enum(['return', 'buy_out', 'transfer', 'canceled', 'unchanged']).nullable().meta({
      description:
        '`canceled`: it was not delivered yet; `unchanged`: it was over, and nothing of it is open. Null with a problem.',
    }),
    problem: z
      .object({
        code: z.string(),
        detail: z.string(),
        errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
      })
      .nullable(),
  })
  .meta({ id: 'OffboardedLease' })
const Offboarded = z
  .object({ employee_id: z.string(), status: z.literal('offboarded'), leases: z.array(Ended) })
  .meta({ id: 'Offboarded', description: 'What became of each lease. With problems mended, it can be repeated.' })

/** An employee leaves: no new orders, and every lease is ended by the rule of the company. */
export function offboardRoute(app: App, deps: ApiDeps): void {
  const schema = {
    tags: [TAGS.leases],
    summary: 'An employee leaves: each lease is ended by the rule of the company',
    params: pathId,
    headers: actionHeaders,
    body: OffboardBody,
    response: writeAnswers({ 200: json(Offboarded, 'What became of each lease.') }, 404, 409, 412, 422),
  }
  app.post('/employees/:id/offboard', { schema }, async (request) => {
    const asking = askingOf(request, deps)
    const employee = await employeeFor(asking.em, asking.caller, request.params.id)
    refuseStale(request, showEmployee(employee))
    const { store } = await asking.em.findOneOrFail(Clients, { tenantId: employee.tenantId, id: employee.clientId })
    const paymentMethod = await ownMethod(asking, employee, store.offboarding, request.body.payment_method)
    const { since, pending } = await markOffboarded(asking.em, employee, instantOf(deps.now()))
    const ended = await endAll(asking, employee, { since, rule: store.offboarding, paymentMethod })
    return { employee_id: employee.id, status: 'offboarded', leases: [...ended, ...pending.map(stillOrdered)] }
  })
}

/** Null when there is none: each lease that needs one then says so. */
async function ownMethod(
  asking: Asking,
  { tenantId, id }: EmployeeId,
  rule: OffboardingRule,
  asked: string | undefined,
): Promise<PaymentMethod | null> {
  if (rule !== 'transfer') return null
  const customer = await findCustomer(asking.em, { tenantId, id })
  if (!customer || (asked === undefined && !customer.defaultPaymentMethod)) return null
  return methodOf(asking, customer, asked ?? null)
}

/**
 * From here on nothing is ordered for them. Answers since when, and the leases that were ordered before and are not on
 * record yet.
 */
function markOffboarded(em: EntityManager, { tenantId, id }: EmployeeId, at: string) {
  return em.transactional(async (tx) => {
    await lockEmployee(tx, tenantId, id)
    const left = { status: 'offboarded' as const, offboardedAt: at, updatedAt: at }
    await tx.nativeUpdate(Employees, { tenantId, id, status: 'active' }, left)
    const { offboardedAt: since } = await tx.findOneOrFail(Employees, { tenantId, id }, { refresh: true })
    return { since: since ?? at, pending: await pendingOrders(tx, tenantId, id) }
  })
}

type EndedLease = z.output<typeof Ended>

/** `since` is of this leaving: whoever came back may leave again. */
type Leaving = { since: string; rule: OffboardingRule; paymentMethod: PaymentMethod | null }

/** One command for each lease, the same one when it is repeated. Throws what leaves the end of one unknown, after all were tried. */
async function endAll(asking: Asking, { tenantId, id }: EmployeeId, how: Leaving): Promise<EndedLease[]> {
  const ended: EndedLease[] = []
  let unknown: unknown = null
  for (const planId of await openLeases(asking.em, { tenantId, employeeId: id })) {
    try {
      ended.push({ lease_id: planId, outcome: await end(asking, planId, how), problem: null })
    } catch (error) {
      const { status, code, message: detail, errors = [] } = problemOf(error)
      if (status >= 500) unknown ??= error
      // The lease came to its own end meanwhile.
      else if (code === 'plan_not_active') ended.push({ lease_id: planId, outcome: 'unchanged', problem: null })
      else ended.push({ lease_id: planId, outcome: null, problem: { code, detail, errors } })
    }
  }
  if (unknown !== null) throw unknown
  return ended
}

async function end(
  { deps, caller }: Asking,
  lease: string,
  { since, ...how }: Leaving,
): Promise<EndedLease['outcome']> {
  const workflow = planWorkflowId({ id: lease, kind: 'lease' })
  const answer = await send(deps, workflow, offboard, { id: `offboard_${since}`, by: caller.sub, ...how })
  return answer.outcome
}

function stillOrdered(lease: string): EndedLease {
  const detail = 'It is being ordered at this moment: repeat this in a moment.'
  return { lease_id: lease, outcome: null, problem: { code: 'order_under_way', detail, errors: [] } }
}
