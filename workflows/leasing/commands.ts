import { exchanged, offboarded, waiverAdded } from '../../domain/leasing/change.ts'
import { endChosen, gone, keptEarly } from '../../domain/leasing/end.ts'
import { delivered, dispatched, outOfStock } from '../../domain/leasing/order.ts'
import { hear, method, oneOf } from '../plans/commands.ts'
import type { Run } from '../plans/run.ts'
import * as messages from './messages.ts'

/** Hears what is said to a lease besides. To be called before the workflow first waits. */
export function hearLeaseCommands(run: Run): void {
  hear(run, messages.dispatch, (plan, { tracking }, at) => ({
    ...dispatched(plan, { tracking: tracking ?? null }, at),
    answer: {},
  }))
  hear(run, messages.deliver, (plan, _, at) => ({ ...delivered(plan, at), answer: {} }))
  hear(run, messages.markOutOfStock, (plan, { substitute }, at) => ({
    ...outOfStock(plan, { substitute: substitute ?? null }, at),
    answer: {},
  }))
  hear(run, messages.chooseEnd, (plan, { end }) => ({ ...endChosen(plan, end), answer: {} }))
  hear(run, messages.exchange, exchanged)
  hear(run, messages.addWaiver, waiverAdded)
  hear(run, messages.reportGone, (plan, { how }, at) => ({
    ...gone(plan, oneOf('how', how, ['lost', 'stolen']), at),
    answer: {},
  }))
  hear(run, messages.buyOut, (plan, _, at) => ({ ...keptEarly(plan, 'buy_out', at), answer: {} }))
  hear(run, messages.offboard, (plan, { rule, paymentMethod }, at) =>
    offboarded(
      plan,
      {
        rule: oneOf('rule', rule, ['return', 'buy_out', 'transfer']),
        paymentMethod: paymentMethod && method(paymentMethod),
      },
      at,
    ),
  )
}
