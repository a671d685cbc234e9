import { z } from 'zod'
import { exchanged } from '../../../domain/leasing/change.ts'
import type { LeasedDevice } from '../../../domain/leasing/lease.ts'
import { agreedMonths, leasePrice } from '../../../domain/leasing/pricing.ts'
import { installmentAmounts } from '../../../domain/plans/schedule.ts'
import * as messages from '../../../workflows/leasing/messages.ts'
import type { AdjustAnswer, Command } from '../../../workflows/plans/messages.ts'
import type { ApiDeps } from '../../deps.ts'
import { json, writeAnswers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { line, positiveAmount } from '../../http/fields.ts'
import { conflict, Problem } from '../../http/problem.ts'
import { answerAdjusted, previewQuery } from '../../plans/change-routes.ts'
import { send } from '../../plans/commands.ts'
import type { Asking } from '../../plans/kind.ts'
import type { PlanRows } from '../../plans/present.ts'
import { planToChange } from '../../plans/write-access.ts'
import { isStaff } from '../staff.ts'
import { deviceCode } from './bodies.ts'
import { wasCarriedOut, withUnit } from './held-unit.ts'
import { clientOf, LEASING } from './kind.ts'
import { offeredModel } from './order.ts'
import { askingOf, schemaOf } from './step.ts'

const ExchangeBody = z
  .strictObject({
    device_code: deviceCode,
    reason: line(500).optional(),
    total_amount: positiveAmount.optional().meta({
      description: 'What the new device comes to for the whole term, in place of what the store makes of its price.',
    }),
  })
  .meta({ id: 'ExchangeBody', description: 'Another device instead, at its monthly amount for what is to come.' })

/** Another device in mid-term; the old one is to come back. */
export function exchangeRoute(app: App, deps: ApiDeps): void {
  const schema = {
    ...schemaOf('Exchange the device for another one'),
    querystring: previewQuery,
    body: ExchangeBody,
    response: writeAnswers(
      { 200: json(LEASING.shapes.adjusted, 'The lease, as it is or would be.') },
      404,
      409,
      412,
      422,
    ),
  }
  app.post(`${LEASING.path}/:id/exchange`, { schema }, async (request, reply) => {
    const rows = await planToChange(request, request.params.id, LEASING, deps)
    const asking = askingOf(request, deps)
    const { device, monthly, waiver } = await newDevice(asking, rows, request.body)
    const change = {
      decide: (plan: Parameters<typeof exchanged>[0], now: string) =>
        exchanged(plan, { unit: '', device, monthly, waiver }, now),
      send: (command: Command) =>
        exchange(asking, rows, { ...command, device, monthly, waiver, reason: request.body.reason ?? null }),
    }
    return answerAdjusted(request, reply, { kind: LEASING, deps, rows, change, preview: request.query.preview })
  })
}

type Exchange = Omit<messages.ExchangeCommand, 'unit'>

function exchange(asking: Asking, { plan }: PlanRows, command: Exchange): Promise<AdjustAnswer> {
  const wanted = { lease: plan.id, modelCode: command.device.code }
  return withUnit(asking, command.id, wanted, async (unit) => {
    if (unit === null && !(await wasCarriedOut(asking, plan.workflowId, command.id))) {
      throw conflict('out_of_stock', 'There is no unit of this device left.')
    }
    return send(asking.deps, plan.workflowId, messages.exchange, { ...command, unit: unit ?? '' })
  })
}

/**
 * The device, what it costs a month by the store of the lease's client over the term as it was agreed, and its cover within
 * that: none when there is none for the model.
 */
async function newDevice(
  asking: Asking,
  { plan }: PlanRows,
  { device_code, total_amount }: z.output<typeof ExchangeBody>,
): Promise<{ device: LeasedDevice; monthly: number; waiver: number }> {
  if (total_amount !== undefined && !isStaff(asking.caller)) {
    throw new Problem(403, 'forbidden', 'The amount is agreed with the company.')
  }
  const client = await clientOf(asking, plan)
  const model = await offeredModel(asking, client, device_code)
  const { terms, lease } = plan.state
  const termMonths = agreedMonths(plan.state)
  const { price, subsidy, residual, waiver, total } = leasePrice({
    price: model.price,
    subsidy: client.store.subsidy,
    residualPercent: client.store.residualPercent,
    waiverMonthly: lease?.waiver ? (model.waiverMonthly ?? 0) : 0,
    termMonths,
    currency: terms.currency,
  })
  const [monthly = 0] = installmentAmounts(total_amount ?? total, termMonths, terms.currency)
  return { device: { code: model.code, name: model.name, price, subsidy, residual }, monthly, waiver }
}
