import type Stripe from 'stripe'
import { advance, fail, latestCharge, openDispute } from './confirm.ts'
import { decline } from './declines.ts'
import type { Step } from './outcomes.ts'
import type { Waiting } from './pending.ts'
import { settleRefund } from './refunds.ts'
import type { Sandbox } from './sandbox.ts'

export type Settled = { payment: string; refund?: string; status: string | null; disputed: boolean }

const TIMER_MS = 60_000

/** Takes the next step of one payment or refund that waits. To be called in a transaction. */
export function settle(sandbox: Sandbox, waiting: Waiting): Settled {
  const refund = sandbox.records.get<Stripe.Refund>('refund', waiting.id)
  if (refund) {
    settleRefund(sandbox, refund, waiting.steps[0] ?? { to: 'succeeded' })
    return { payment: String(refund.payment_intent), refund: refund.id, status: refund.status, disputed: false }
  }
  const intent = sandbox.records.get<Stripe.PaymentIntent>('payment_intent', waiting.id) as Stripe.PaymentIntent
  const isDispute = waiting.steps[0]?.to === 'disputed'
  // A payment that was disputed by hand meanwhile has nothing left to be taken back.
  if (isDispute && openDispute(sandbox, intent.id)) sandbox.pending.forget(intent.id)
  else advance(sandbox, intent, chargedMethod(sandbox, intent), waiting.steps)
  return settledState(sandbox, intent)
}

/** A payment that stays `processing` for ever unless someone names it: it then succeeds. */
export function settleByName(sandbox: Sandbox, intent: Stripe.PaymentIntent): Settled {
  advance(sandbox, intent, chargedMethod(sandbox, intent), [{ to: 'succeeded' }])
  return settledState(sandbox, intent)
}

function settledState(sandbox: Sandbox, intent: Stripe.PaymentIntent): Settled {
  return { payment: intent.id, status: intent.status, disputed: openDispute(sandbox, intent.id) !== undefined }
}

function chargedMethod(sandbox: Sandbox, intent: Stripe.PaymentIntent): Stripe.PaymentMethod {
  const id = latestCharge(sandbox, intent)?.payment_method ?? intent.payment_method
  return sandbox.records.get<Stripe.PaymentMethod>('payment_method', String(id)) as Stripe.PaymentMethod
}

/** What the customer did on the authentication page. */
export function authenticated(sandbox: Sandbox, intent: Stripe.PaymentIntent, agreed: boolean): void {
  const method = sandbox.records.get<Stripe.PaymentMethod>('payment_method', String(intent.payment_method))
  if (!method) return
  const steps: Step[] = sandbox.pending.get(intent.id)?.steps ?? [{ to: 'succeeded' }]
  if (agreed) advance(sandbox, intent, method, steps)
  else fail(sandbox, intent, method, decline('payment_intent_authentication_failure', method.type))
}

const RETURN_REASONS: Record<string, string> = {
  insufficient_funds: 'insufficient_funds',
  debit_not_authorized: 'debit_not_authorized',
  account_closed: 'incorrect_account_details',
  no_account: 'incorrect_account_details',
  incorrect_account_details: 'incorrect_account_details',
}

/** How Stripe words why a debit came back: a dispute's reason for a bank's return code. */
export function returnReason(reason: string): string {
  return RETURN_REASONS[reason] ?? 'bank_cannot_process'
}

/** Settles what is due by itself, if the sandbox was told to; looks again at least every minute. */
export class SettleClock {
  readonly #sandbox: Sandbox
  #timer: NodeJS.Timeout | undefined

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox
  }

  start(): void {
    const { settleAfterMs } = this.#sandbox.options
    if (settleAfterMs === undefined) return
    const interval = Math.min(Math.max(settleAfterMs / 4, 20), TIMER_MS)
    this.#timer = setInterval(() => {
      const due = this.#sandbox.pending.due(Date.now())
      for (const waiting of due) this.#sandbox.change(() => settle(this.#sandbox, waiting))
    }, interval)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
