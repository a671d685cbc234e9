import type { Tenor } from '../support/e2e-client.ts'
import { type LeasingNames, setLeasingScene } from './leasing-scene.ts'

/** Real ids, by what they name: what a fuzzer would never guess. */
export type Names = LeasingNames &
  Record<
    'plans' | 'customers' | 'clocks' | 'escalations' | 'receipts' | 'events' | 'endpoints' | 'users' | 'apiClients',
    string[]
  >

export const PAYMENT_METHODS = [
  'pm_card_visa',
  'pm_usBankAccount_success',
  'pm_card_visa_chargeDeclinedInsufficientFunds',
]

/**
 * Plans in every state that there is, with what belongs to them: paid, with an instalment that a broker has to settle,
 * with one that was settled, on holiday, adjusted, cancelled, by bank debit, and on real time.
 */
export async function setScene(tenor: Tenor, receiver: string): Promise<Names> {
  await tenor.must('POST', '/webhook_endpoints', { body: { url: receiver, description: 'told of everything' } })
  // The one that is asked to replay what it was told, a thousand times.
  const endpoint = await tenor.must<{ webhook_endpoint_id: string }>('POST', '/webhook_endpoints', {
    body: { url: receiver, description: 'told of little', event_types: ['escalation.resolved'] },
  })
  const client = await tenor.must<{ client_id: string }>('POST', '/api_clients', { body: { name: 'of the fuzzer' } })
  const user = await tenor.must<{ user_id: string }>('POST', '/users', {
    body: { email: 'somebody@example.com', roles: ['broker'] },
  })
  const declined = Array<string>(8).fill('insufficient_funds')
  const [paid, owed, settled, paused, canceled, debited] = await Promise.all([
    tenor.begin({ term_duration: 3 }),
    tenor.begin({ outcomes: declined }),
    tenor.begin({ outcomes: declined }),
    tenor.begin(),
    tenor.begin(),
    tenor.begin({ payment_method: 'pm_usBankAccount_success' }),
  ])
  const all = [paid, owed, settled, paused, canceled, debited]
  await Promise.all(all.map(({ clock }) => tenor.advance(clock, '2027-02-20T00:00:00Z')))
  const [open] = await tenor.escalations(settled.id)
  if (!open) throw new Error('nothing was escalated: there would be nothing for the fuzzer to settle')
  await tenor.resolve(open.escalation_id, { action: 'mark_paid', reference: 'cheque 1' })
  await tenor.must('POST', `/payment_terms/${paused.id}/pause`, { body: { mode: 'extend' } })
  await tenor.cancel(canceled.id)
  const live = await tenor.term({ customer_id: paid.customer.id, start_date: new Date().toISOString() })
  const receipts = await tenor.receipts(paid.id)
  const events = await tenor.events(owed.id)
  const escalations = await tenor.all<{ escalation_id: string }>('/escalations')
  return {
    plans: [...all.map(({ id }) => id), live.payment_terms_id],
    customers: all.map(({ customer }) => customer.id),
    clocks: all.map(({ clock }) => clock),
    escalations: escalations.map(({ escalation_id: id }) => id),
    receipts: receipts.map(({ receipt_id: id }) => id),
    events: events.slice(0, 10).map(({ event_id: id }) => id),
    endpoints: [endpoint.webhook_endpoint_id],
    users: [user.user_id],
    apiClients: [client.client_id],
    ...(await setLeasingScene(tenor)),
  }
}
