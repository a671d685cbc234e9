import { setTimeout as sleep } from 'node:timers/promises'
import { planPath, type Tenor } from '../support/e2e-client.ts'

/** A plan that is judged, and whose customer's payments and letters are looked at. */
export type Judged = { id: string; customer: { id: string; email: string } }

type Check = { name: string; status: string; differences: { kind: string; detail: string }[] }
export type ProofAnswer = { plan_id: string; status: 'ok' | 'in_flight' | 'unread' | 'different'; checks: Check[] }

export function proofAt(tenor: Tenor, plan: string): Promise<ProofAnswer> {
  return tenor.must<ProofAnswer>('GET', `${planPath(plan)}/proof`)
}

export function differencesOf({ checks }: ProofAnswer): string[] {
  return checks.flatMap(({ name, differences }) => differences.map(({ kind, detail }) => `${kind}: ${name}: ${detail}`))
}

/**
 * Waits until every plan is proven; milliseconds that took. Throws with every plan's differences when one still is not
 * after so long: something is stuck, or wrong.
 */
export async function converged(tenor: Tenor, plans: Judged[], withinMs: number): Promise<number> {
  const began = Date.now()
  let left = plans
  for (;;) {
    const wrong: string[] = []
    const still: Judged[] = []
    for (const plan of left) {
      const proof = await proofAt(tenor, plan.id).catch((error: Error) => error)
      if (!(proof instanceof Error) && proof.status === 'ok') continue
      still.push(plan)
      wrong.push(`${plan.id}\n    ${proof instanceof Error ? proof.message : differencesOf(proof).join('\n    ')}`)
    }
    left = still
    if (left.length === 0) return Date.now() - began
    if (Date.now() - began > withinMs) {
      throw new Error(
        `Not proven after ${withinMs / 1000} s: ${left.length} of ${plans.length} plans:\n  ${wrong.join('\n  ')}`,
      )
    }
    await sleep(250)
  }
}

/**
 * What is wrong with a plan that is proven, as seen from outside: charges at the gateway, transactions, ledger, receipts
 * and letters are one for one. Empty when nothing is.
 */
export async function violations(tenor: Tenor, { id, customer }: Judged): Promise<string[]> {
  const found: string[] = []
  const payments = await tenor.payments(customer.id)
  // What is taken from pay is asked of no gateway and has no receipt: it is judged in leasing.ts.
  const transactions = (await tenor.transactions(id)).filter((t) => t.gateway !== 'payroll')
  const charged = payments.filter((p) => p.amount_charged > 0)
  for (const { payment, charges_made } of charged) {
    if (charges_made !== 1) found.push(`${payment} was charged ${charges_made} times`)
  }
  const paid = transactions.filter((t) => t.type === 'charge' && t.status === 'succeeded' && t.gateway !== 'external')
  const pairs = (list: [string | null, number][]) => list.map(([a, b]) => `${a} ${b}`).toSorted()
  compare(found, 'payments at the gateway and transactions', [
    pairs(charged.map((p) => [p.payment, p.amount_charged])),
    pairs(paid.map((t) => [t.gateway_id, t.amount])),
  ])
  const refunds = payments.flatMap((p) => p.refunds.filter((r) => r.status === 'succeeded'))
  const refunded = transactions.filter(
    (t) => t.type === 'refund' && t.status === 'succeeded' && t.gateway !== 'external',
  )
  compare(found, 'refunds at the gateway and transactions', [
    pairs(refunds.map((r) => [r.id, r.amount])),
    pairs(refunded.map((t) => [t.gateway_id, t.amount])),
  ])
  const external = transactions.filter((t) => t.gateway === 'external' && t.status === 'succeeded')
  const outside = external.reduce((sum, t) => sum + (t.type === 'charge' ? t.amount : -t.amount), 0)
  const net = payments.reduce((sum, p) => sum + p.net, 0)
  const { cash = 0 } = await tenor.balances(id)
  if (cash !== net + outside) found.push(`the ledger has ${cash} in cash, the gateway ${net}, outside it ${outside}`)
  const receipts = await tenor.receipts(id)
  const succeeded = transactions.filter((t) => t.status === 'succeeded')
  compare(found, 'receipts and transactions', [
    receipts.map((r) => r.transaction_id).toSorted(),
    succeeded.map((t) => t.transaction_id).toSorted(),
  ])
  const letters = (await tenor.inbox(customer.email)).filter((mail) => mail.attachments.length > 0)
  const ids = new Set(letters.map((mail) => mail.message_id))
  if (ids.size !== receipts.length || letters.length !== ids.size) {
    found.push(`${letters.length} letters with ${ids.size} Message-IDs bring ${receipts.length} receipts`)
  }
  return found.map((what) => `${id}: ${what}`)
}

function compare(found: string[], what: string, [one, other]: [string[], string[]]): void {
  const missing = one.filter((item) => !other.includes(item))
  const extra = other.filter((item) => !one.includes(item))
  if (one.length !== other.length || missing.length > 0 || extra.length > 0) {
    found.push(
      `${what} differ: ${one.length} and ${other.length}, only there ${missing.join(', ')}; only here ${extra.join(', ')}`,
    )
  }
}
