import type { UpdateDefinition } from '@temporalio/common'
import { condition, defineSignal, log, setHandler, uuid4 } from '@temporalio/workflow'
import { parseInstant } from '../../domain/calendar.ts'
import { RuleBroken } from '../../domain/errors.ts'
import { adjust } from '../../domain/plans/adjust.ts'
import { cancel } from '../../domain/plans/cancel.ts'
import { chargeOfTheDay } from '../../domain/plans/coming.ts'
import type { Decision } from '../../domain/plans/effects.ts'
import { hasOpenCharge } from '../../domain/plans/figures.ts'
import { changePaymentMethod } from '../../domain/plans/method.ts'
import { pause, resume } from '../../domain/plans/pause.ts'
import { pay } from '../../domain/plans/pay.ts'
import type { PaymentMethod, Plan } from '../../domain/plans/plan.ts'
import { resolve } from '../../domain/plans/resolve.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { timePassed } from '../../domain/plans/time.ts'
import { doWhatIsDue } from './due.ts'
import * as messages from './messages.ts'
import { record } from './record.ts'
import { apply, asFailure, now, type Run } from './run.ts'

/** A command's decision: pure, so that the validator can ask it before anything is accepted. */
type Decide<C, A> = (plan: Plan, command: C, at: Instant) => Decision & { answer: Omit<A, keyof messages.Decided> }

const REMEMBERED = 20

/** Hears every command, as an Update and as a Signal of the same name. To be called before the workflow first waits. */
export function hearCommands(run: Run): void {
  hear(run, messages.adjust, (plan, { totalAmount }, at) => adjust(plan, { totalAmount }, at))
  hear(run, messages.cancel, (plan, _, at) => cancel(plan, at))
  hear(run, messages.changePaymentMethod, (plan, { paymentMethod }) => changePaymentMethod(plan, method(paymentMethod)))
  hear(run, messages.pay, (plan, { amount = null, paymentMethod = null }, at) =>
    pay(plan, { amount, paymentMethod: paymentMethod && method(paymentMethod) }, at),
  )
  hear(run, messages.pause, (plan, { mode, until }, at) => {
    const decision = pause(
      plan,
      { mode: oneOf('mode', mode, ['extend', 'catch_up']), until: until ? parseInstant(until) : null },
      at,
    )
    return { ...decision, answer: { pause: decision.plan.pause } }
  })
  hear(run, messages.resume, (plan, _, at) => ({ ...resume(plan, at), answer: { pause: null } }))
  hear(run, messages.resolve, (plan, command, at) =>
    resolve(
      plan,
      { ...command, action: oneOf('action', command.action, ['retry', 'mark_paid', 'waive', 'cancel_plan']) },
      at,
    ),
  )
}

/** One command, as an Update with a validator and as a Signal of the same name. */
export function hear<C extends messages.Command, A extends messages.Decided>(
  run: Run,
  update: UpdateDefinition<A, [C]>,
  decide: Decide<C, A>,
): void {
  setHandler(update, (command: C) => carryOut(run, command, decide), {
    validator: (command: C) => {
      if (answered(run, command.id) !== undefined) return
      decided(run, command, decide)
    },
  })
  setHandler(defineSignal<[C]>(update.name), async (command: C) => {
    const named = { ...command, id: command?.id ?? uuid4() }
    try {
      await carryOut(run, named, decide)
    } catch (error) {
      // A signal has nobody to tell: throwing here would fail the plan's workflow.
      log.warn('A command was refused', { command: update.name, error: String(error) })
    }
  })
}

/** Decides, and answers when the decision is durable. A repeat of a command gets the first answer. */
async function carryOut<C extends messages.Command, A extends messages.Decided>(
  run: Run,
  command: C,
  decide: Decide<C, A>,
): Promise<A> {
  await condition(() => run.isRecorded)
  const before = answered(run, command.id)
  if (before !== undefined) {
    await record(run)
    return before as A
  }
  const at = now(run)
  // Time may have passed that the main loop has not seen yet. Somebody waits now, so a charge is none of this task's.
  run.byTime = false
  doWhatIsDue(run)
  const facts: messages.Decided = { provisional: hasOpenCharge(run.plan), chargeOfTheDay: chargeOfTheDay(run.plan, at) }
  const { answer: told, ...decision } = decided(run, command, decide)
  const answer = { ...facts, ...told } as A
  apply(run, decision)
  if (command.id) {
    const handled = [...run.plan.handled, { id: command.id, answer }]
    run.plan = { ...run.plan, handled: handled.slice(-REMEMBERED) }
  }
  await record(run)
  return answer
}

function decided<C, A>(run: Run, command: C, decide: Decide<C, A>): ReturnType<Decide<C, A>> {
  try {
    const at = now(run)
    return decide(timePassed(run.plan, at).plan, command, at)
  } catch (error) {
    throw asFailure(error)
  }
}

function answered(run: Run, id: string | undefined): unknown {
  return id === undefined ? undefined : run.plan.handled.find((handled) => handled.id === id)?.answer
}

// --- Shapes: people type signals by hand ----------------------------------------------------------------------------

export function method(given: PaymentMethod): PaymentMethod {
  if (typeof given?.id === 'string' && typeof given.type === 'string') return { id: given.id, type: given.type }
  throw unfit('payment_method', 'needs an id and a type')
}

export function oneOf<T extends string>(field: string, given: T, allowed: readonly T[]): T {
  if (allowed.includes(given)) return given
  throw unfit(field, `must be one of ${allowed.join(', ')}`)
}

function unfit(field: string, message: string): RuleBroken {
  return new RuleBroken('invalid_request', `${field} ${message}.`, [
    { pointer: `/${field}`, message: `${field} ${message}` },
  ])
}
