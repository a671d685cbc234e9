import { pollAfter } from './debits.ts'
import type { Decision } from './effects.ts'
import { collectibles, withInstallment } from './figures.ts'
import { paidByLink } from './pay.ts'
import type { Plan } from './plan.ts'
import type { Instant } from './terms.ts'

/**
 * The payment behind a link was looked at (keeps Charging): with `close` it was to be cancelled. One that the gateway is
 * still processing is awaited; one that was paid takes the place of the one-off payment that waited for it. The money
 * itself is `receivedLate`'s.
 */
export function linkSeen(
  plan: Plan,
  transaction: string,
  { close, isOpen, isPaid }: { close: boolean; isOpen: boolean; isPaid: boolean },
  at: Instant,
): Decision {
  const installment = collectibles(plan).find((i) => i.openLink?.transaction === transaction)
  if (!installment?.openLink) return { plan, effects: [] }
  if (isOpen) {
    if (!close) return { plan, effects: [] }
    const openLink = { ...installment.openLink, pollAt: pollAfter(plan.paymentMethod.type, at) }
    return { plan: withInstallment(plan, { ...installment, openLink }), effects: [] }
  }
  const closed = withInstallment(plan, { ...installment, openLink: null })
  return isPaid ? paidByLink(closed, installment.number) : { plan: closed, effects: [] }
}
