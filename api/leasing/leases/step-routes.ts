import { z } from 'zod'
import { gone, keptEarly } from '../../../domain/leasing/end.ts'
import { isUndelivered } from '../../../domain/leasing/order.ts'
import type { Plan } from '../../../domain/plans/plan.ts'
import * as messages from '../../../workflows/leasing/messages.ts'
import type { ApiDeps } from '../../deps.ts'
import type { App } from '../../http/app-type.ts'
import { line } from '../../http/fields.ts'
import { NothingBody } from '../../plans/action-routes.ts'
import { send } from '../../plans/commands.ts'
import { withUnit } from './held-unit.ts'
import { step, weightyStep } from './step.ts'

/** What is done with a lease beside what is done with every plan: from its dispatch to its end. */
export function leaseSteps(app: App, deps: ApiDeps): void {
  delivering(app, deps)
  ending(app, deps)
}

function delivering(app: App, deps: ApiDeps): void {
  step(app, deps, {
    name: 'dispatched',
    summary: 'The device is on its way',
    body: z.strictObject({ tracking: line(200).optional() }).meta({ id: 'DispatchedBody' }),
    send: (_, { plan }, command, { tracking = null }) =>
      send(deps, plan.workflowId, messages.dispatch, { ...command, tracking }),
  })
  step(app, deps, {
    name: 'delivered',
    summary: 'The device has arrived: the term begins today',
    body: NothingBody,
    send: (_, { plan }, command) => send(deps, plan.workflowId, messages.deliver, command),
  })
  step(app, deps, {
    name: 'out_of_stock',
    summary: 'The unit cannot be sent: another one takes its place, or the lease is terminated and nothing is charged',
    body: NothingBody,
    send: (asking, { plan }, command) => {
      const sent = (substitute: string | null) =>
        send(deps, plan.workflowId, messages.markOutOfStock, { ...command, substitute })
      const { lease } = plan.state
      // What is on its way already is refused by the rules, and needs no other unit.
      if (!lease || !isUndelivered(plan.state as Plan)) return sent(null)
      const wanted = { lease: plan.id, modelCode: lease.device.code, insteadOf: lease.unit }
      return withUnit(asking, command.id, wanted, sent)
    },
  })
}

const EndChoiceBody = z
  .discriminatedUnion('choice', [
    z.strictObject({ choice: z.literal('return') }),
    z.strictObject({ choice: z.literal('buy_out') }),
    z.strictObject({ choice: z.literal('extend'), months: z.int().min(1).max(60) }),
  ])
  .meta({ id: 'EndChoiceBody', description: 'What is to come at the end of the term; may be chosen anew until then.' })

function ending(app: App, deps: ApiDeps): void {
  step(app, deps, {
    name: 'end_choice',
    summary: 'Choose what is to come at the end of the term',
    body: EndChoiceBody,
    send: (_, { plan }, command, end) => send(deps, plan.workflowId, messages.chooseEnd, { ...command, end }),
  })
  weightyStep(app, deps, {
    name: 'lost',
    summary:
      'The device is lost or stolen: covered, nothing more is owed; else what was to come and the residual value',
    body: z.strictObject({ how: z.enum(['lost', 'stolen']) }).meta({ id: 'LostBody' }),
    decide: (plan, { how }, now) => gone(plan, how, now),
    send: (_, { plan }, command, { how }) => send(deps, plan.workflowId, messages.reportGone, { ...command, how }),
  })
  weightyStep(app, deps, {
    name: 'buy_out',
    summary: 'Keep the device: what was to come and the residual value are charged at once',
    body: NothingBody,
    decide: (plan, _, now) => keptEarly(plan, 'buy_out', now),
    send: (_, { plan }, command) => send(deps, plan.workflowId, messages.buyOut, command),
  })
}
