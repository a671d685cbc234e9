import { z } from 'zod'
import { findCustomer } from '../../db/customers/people.ts'
import type { PlanRow } from '../../db/plans/plans.ts'
import { Transactions } from '../../db/plans/transactions.ts'
import { isCivil, parseInstant, startOfDay } from '../../domain/calendar.ts'
import type { PaymentMethod } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { changePaymentMethod, pause, pay, resume } from '../../workflows/plans/messages.ts'
import { attachTo } from '../customers/at-gateway.ts'
import type { ApiDeps } from '../deps.ts'
import { json, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { dateOrTimestamp, pathId, paymentMethodId, positiveAmount } from '../http/fields.ts'
import { actionHeaders, ifMatchHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { notFound, unprocessable } from '../http/problem.ts'
import { callerOf } from '../identity/caller.ts'
import { send } from './commands.ts'
import { answerWithPlan } from './create-routes.ts'
import type { PlanApi } from './kind.ts'
import { showTransaction } from './present.ts'
import { Transaction } from './shapes.ts'
import { planToChange } from './write-access.ts'

const PaymentMethodBody = z.strictObject({ payment_method: paymentMethodId }).meta({ id: 'PaymentMethodBody' })
const PaymentBody = z
  .strictObject({ amount: positiveAmount.optional(), payment_method: paymentMethodId.optional() })
  .meta({ id: 'PaymentBody', description: 'All that is due, by the method of the plan, unless it says otherwise.' })
const PauseBody = z.strictObject({ mode: z.enum(['extend', 'catch_up']), until: dateOrTimestamp.optional() }).meta({
  id: 'PauseBody',
  description: 'Without `until`, a moment or the date whose first moment it is, the holiday lasts until it is ended.',
})
export const NothingBody = z.strictObject({}).meta({ id: 'NothingBody', description: 'No body is needed.' })

/** What can be done with a plan beside changing what was agreed: pay, pay by other means, take a holiday. */
export function planActions(app: App, kind: PlanApi, deps: ApiDeps): void {
  methods(app, kind, deps)
  payments(app, kind, deps)
  holidays(app, kind, deps)
}

function methods(app: App, kind: PlanApi, deps: ApiDeps): void {
  const schema = {
    tags: [kind.tag],
    summary: 'Replace the payment method; what is retrying or escalated is tried at once',
    params: pathId,
    headers: ifMatchHeader,
    body: PaymentMethodBody,
    response: writeAnswers({ 200: json(kind.shapes.plan, 'The plan.') }, 404, 409, 412, 422),
  }
  app.put(`${kind.path}/:id/payment_method`, { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const { plan } = await planToChange(request, request.params.id, kind, deps)
    kind.refuse?.('payment_method', caller, plan)
    const paymentMethod = await ownMethod(deps, plan, request.body.payment_method)
    const command = { id: idFor(request, 'cmd_'), by: caller.sub, paymentMethod }
    await send(deps, plan.workflowId, changePaymentMethod, command)
    return answerWithPlan(reply, deps, caller, kind, plan.id)
  })
}

function payments(app: App, kind: PlanApi, deps: ApiDeps): void {
  const schema = {
    tags: [kind.tag],
    summary: 'Pay ahead, or what is owed now',
    params: pathId,
    headers: actionHeaders,
    body: PaymentBody,
    response: writeAnswers({ 201: json(Transaction, 'The payment; it may still be under way.') }, 404, 409, 412, 422),
  }
  app.post(`${kind.path}/:id/payments`, { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const { plan } = await planToChange(request, request.params.id, kind, deps)
    const { amount = null, payment_method } = request.body
    const paymentMethod = payment_method === undefined ? null : await ownMethod(deps, plan, payment_method)
    const command = { id: idFor(request, 'cmd_'), by: caller.sub, amount, paymentMethod }
    const answer = await send(deps, plan.workflowId, pay, command)
    const made = await deps.orm.em.fork().findOne(Transactions, { id: answer.transaction, planId: plan.id })
    if (!made) throw notFound('transaction')
    return reply.code(201).header('location', `${kind.path}/${plan.id}/transactions`).send(showTransaction(made))
  })
}

function holidays(app: App, kind: PlanApi, deps: ApiDeps): void {
  const schema = (summary: string) => ({
    tags: [kind.tag],
    summary,
    params: pathId,
    headers: actionHeaders,
    response: writeAnswers({ 200: json(kind.shapes.plan, 'The plan.') }, 404, 409, 412, 422),
  })
  app.post(
    `${kind.path}/:id/pause`,
    { schema: { ...schema('A payment holiday'), body: PauseBody } },
    async (request, reply) => {
      const caller = callerOf(request)
      const { plan } = await planToChange(request, request.params.id, kind, deps)
      const { mode, until } = request.body
      const command = {
        id: idFor(request, 'cmd_'),
        by: caller.sub,
        mode,
        until: until ? momentIn(until, plan.state.terms.timezone) : null,
      }
      await send(deps, plan.workflowId, pause, command)
      return answerWithPlan(reply, deps, caller, kind, plan.id)
    },
  )
  const resuming = { ...schema('End a payment holiday'), body: NothingBody }
  app.post(`${kind.path}/:id/resume`, { schema: resuming }, async (request, reply) => {
    const caller = callerOf(request)
    const { plan } = await planToChange(request, request.params.id, kind, deps)
    await send(deps, plan.workflowId, resume, { id: idFor(request, 'cmd_'), by: caller.sub })
    return answerWithPlan(reply, deps, caller, kind, plan.id)
  })
}

function momentIn(until: string, timezone: string): Instant {
  return isCivil(until) ? startOfDay(until, timezone) : parseInstant(until)
}

async function ownMethod(deps: ApiDeps, plan: PlanRow, method: string): Promise<PaymentMethod> {
  const em = deps.orm.em.fork()
  const customer = await findCustomer(em, { tenantId: plan.tenantId, id: plan.customerId })
  if (!customer) throw unprocessable('unknown_customer', 'The customer of the plan is not there any more.')
  const { id, type } = await attachTo(em, deps, customer, method)
  return { id, type }
}
