import type { Client } from '@temporalio/client'
import { clockWorkflowId } from '../../workflows/clocks/messages.ts'
import { adjust, cancel } from '../../workflows/plans/messages.ts'
import type { Begun, Tenor } from '../support/e2e-client.ts'
import { exchangedAndLeft, leasedOnPayroll, outOfStock, statementsOfCompany } from './leasing-stories.ts'

/** Lives a few plans, in every way that their workflows have, and returns the ids of the workflows by name. */
export type Story = (tenor: Tenor, temporal: Client) => Promise<Record<string, string>>

const NSF_TWICE = ['insufficient_funds', 'insufficient_funds']
const BANK = { payment_method: 'pm_usBankAccount_success' }

export const STORIES: Record<string, Story> = {
  'full-year': fullYear,
  'nsf-and-broker': nsfAndBroker,
  'adjusted-and-cancelled': adjustedAndCancelled,
  'caught-up-and-collected': caughtUpAndCollected,
  paused,
  'bank-debit-returned': bankDebitReturned,
  'one-off-payments': oneOffPayments,
  signals,
  'slow-gateway': slowGateway,
  'leased-on-payroll': leasedOnPayroll,
  'out-of-stock': outOfStock,
  'exchanged-and-left': exchangedAndLeft,
  'statements-of-company': statementsOfCompany,
  'real-timers': realTimers,
}

const workflows = ({ plan, clock }: Begun) => ({ plan: plan.workflow.workflow_id, clock: clockWorkflowId(clock) })

async function fullYear(tenor: Tenor) {
  const begun = await tenor.begin()
  await tenor.advance(begun.clock, '2028-01-16T00:00:00Z')
  await tenor.untilPlan(begun.id, (plan) => plan.status === 'completed')
  await tenor.must('DELETE', `/test_clocks/${begun.clock}`)
  return workflows(begun)
}

async function nsfAndBroker(tenor: Tenor) {
  const begun = await tenor.begin({ outcomes: [...NSF_TWICE, 'insufficient_funds', 'succeeded', ...NSF_TWICE] })
  const { id, clock } = begun
  await tenor.advance(clock, '2027-01-20T00:00:00Z')
  await resolveOpen(tenor, id, 'retry')
  await tenor.advance(clock, '2027-01-21T00:00:00Z')
  await tenor.must('PUT', `/payment_terms/${id}/payment_method`, { body: { payment_method: 'pm_card_mastercard' } })
  await tenor.advance(clock, '2027-02-20T00:00:00Z')
  await resolveOpen(tenor, id, 'mark_paid', 'cheque 4711')
  await tenor.advance(clock, '2027-03-20T00:00:00Z')
  await tenor.outcomes(begun.customer.id, ['expired_card'])
  await tenor.advance(clock, '2027-04-20T00:00:00Z')
  await resolveOpen(tenor, id, 'waive')
  await tenor.outcomes(begun.customer.id, ['lost_card'])
  await tenor.advance(clock, '2027-05-20T00:00:00Z')
  await resolveOpen(tenor, id, 'cancel_plan')
  await tenor.advance(clock, '2027-05-21T00:00:00Z')
  await tenor.untilPlan(id, (plan) => plan.status === 'pending_cancellation' || plan.status === 'canceled')
  return workflows(begun)
}

async function resolveOpen(
  tenor: Tenor,
  id: string,
  action: 'retry' | 'mark_paid' | 'waive' | 'cancel_plan',
  ref = '',
) {
  const open = (await tenor.escalations(id)).find((escalation) => escalation.status === 'open')
  if (!open) throw new Error('nothing is escalated')
  const { status } = await tenor.resolve(open.escalation_id, { action, ...(ref && { reference: ref }) })
  if (status !== 200) throw new Error(`${action} was refused with ${status}`)
}

async function adjustedAndCancelled(tenor: Tenor) {
  const begun = await tenor.begin()
  const { id, clock } = begun
  await tenor.advance(clock, '2027-03-20T00:00:00Z')
  await tenor.adjust(id, 150_000)
  await tenor.advance(clock, '2027-04-20T00:00:00Z')
  await tenor.adjust(id, 20_000)
  await tenor.advance(clock, '2027-04-22T00:00:00Z')
  await tenor.adjust(id, 130_000)
  await tenor.advance(clock, '2027-04-25T12:00:00Z')
  await tenor.cancel(id)
  await tenor.advance(clock, '2027-04-26T12:00:00Z')
  await tenor.untilPlan(id, (plan) => plan.status === 'canceled')
  return workflows(begun)
}

async function caughtUpAndCollected(tenor: Tenor) {
  const begun = await tenor.begin({
    adjustment_policy: 'catch_up',
    cancellation_terms: { type: 'short_rate', penalty_percent: 50, fee: 50_000, collect_balance: true },
  })
  const { id, clock } = begun
  await tenor.advance(clock, '2027-03-20T00:00:00Z')
  await tenor.adjust(id, 150_000)
  await tenor.advance(clock, '2027-03-21T00:00:00Z')
  await tenor.adjust(id, 120_000)
  await tenor.advance(clock, '2027-03-22T00:00:00Z')
  await tenor.cancel(id)
  await tenor.advance(clock, '2027-03-23T00:00:00Z')
  await tenor.untilPlan(id, (plan) => plan.status === 'canceled')
  return workflows(begun)
}

async function paused(tenor: Tenor) {
  const [extended, caughtUp] = await Promise.all([tenor.begin(), tenor.begin()])
  await tenor.must('POST', `/payment_terms/${extended.id}/pause`, { body: { mode: 'extend' } })
  await tenor.must('POST', `/payment_terms/${caughtUp.id}/pause`, { body: { mode: 'catch_up', until: '2027-04-01' } })
  await Promise.all([
    tenor.advance(extended.clock, '2027-03-20T00:00:00Z'),
    tenor.advance(caughtUp.clock, '2027-04-20T00:00:00Z'),
  ])
  await tenor.must('POST', `/payment_terms/${extended.id}/resume`)
  await tenor.advance(extended.clock, '2028-04-01T00:00:00Z')
  await tenor.untilPlan(extended.id, (plan) => plan.status === 'completed')
  return { extended: workflows(extended).plan, 'caught-up': workflows(caughtUp).plan }
}

async function bankDebitReturned(tenor: Tenor) {
  const begun = await tenor.begin({ ...BANK, outcomes: ['succeeded_then_returned'], term_duration: 2 })
  const { id, clock, customer } = begun
  const settleTo = async (status: string) => {
    await tenor.settle(customer.id)
    await tenor.untilPlan(id, (plan) => plan.installments[0]?.status === status)
  }
  await tenor.advance(clock, '2027-01-15T12:00:00Z')
  await settleTo('paid')
  await tenor.advance(clock, '2027-01-20T12:00:00Z')
  await settleTo('retrying')
  await tenor.advance(clock, '2027-01-21T12:00:00Z')
  await settleTo('paid')
  await tenor.advance(clock, '2027-02-15T12:00:00Z')
  await tenor.settle(customer.id)
  await tenor.untilPlan(id, (plan) => plan.outstanding_amount === 0)
  await tenor.advance(clock, '2027-06-01T00:00:00Z')
  return workflows(begun)
}

async function oneOffPayments(tenor: Tenor) {
  const begun = await tenor.begin({ outcomes: ['succeeded', 'insufficient_funds'] })
  const { id, clock } = begun
  await tenor.pay(id, { amount: 25_000 })
  await tenor.untilPlan(id, (plan) => plan.paid_amount === 25_000)
  await tenor.pay(id, { amount: 5_000, payment_method: 'pm_card_mastercard' })
  await tenor.advance(clock, '2027-04-20T00:00:00Z')
  await tenor.pay(id, { amount: 5_000 })
  await tenor.advance(clock, '2027-05-20T00:00:00Z')
  return workflows(begun)
}

/** What ops send by hand, a mistyped message among it. */
async function signals(tenor: Tenor, temporal: Client) {
  const begun = await tenor.begin()
  const { id, clock, plan } = begun
  const handle = temporal.workflow.getHandle(plan.workflow.workflow_id)
  await tenor.advance(clock, '2027-02-20T00:00:00Z')
  await handle.signal(adjust.name, { totalAmount: -1 })
  await handle.signal(adjust.name, { totalAmount: 90_000 })
  await tenor.untilPlan(id, ({ total_amount }) => total_amount === 90_000)
  await handle.signal(cancel.name, {})
  await tenor.advance(clock, '2027-02-21T00:00:00Z')
  await tenor.untilPlan(id, ({ status }) => status === 'canceled')
  return workflows(begun)
}

/** A charge that takes longer than a workflow task may, and a cancellation that overtakes it. */
async function slowGateway(tenor: Tenor) {
  const begun = await tenor.begin({ cancellation_terms: { type: 'full' } })
  await tenor.fault({ mode: 'slow', ms: 3_000, count: 2, path: '/confirm' })
  await tenor.startAdvance(begun.clock, '2027-01-15T12:00:00Z')
  await tenor.untilPlan(begun.id, (plan) => plan.installments[0]?.status === 'processing')
  await tenor.cancel(begun.id)
  await tenor.untilPlan(begun.id, ({ status }) => status === 'canceled')
  await tenor.endFaults()
  return workflows(begun)
}

/** No test clock: charged by a timer within a minute or so, then everything that sets timers, moves or ends them. */
async function realTimers(tenor: Tenor) {
  const due = new Date(Date.now() + 70_000).toISOString()
  const customer = await tenor.customer(['insufficient_funds'])
  const plan = await tenor.term({
    customer_id: customer.id,
    start_date: due.slice(0, 10),
    billing_day: Number(due.slice(8, 10)),
    billing_time: due.slice(11, 16),
  })
  const id = plan.payment_terms_id
  await tenor.until('the timer to charge', async () => paidOr(await tenor.plan(id), 'retrying'), 180_000)
  await tenor.must('PUT', `/payment_terms/${id}/payment_method`, { body: { payment_method: 'pm_card_mastercard' } })
  await tenor.untilPlan(id, ({ paid_amount }) => paid_amount === 10_000)
  await tenor.pay(id, { amount: 15_000 })
  await tenor.must('POST', `/payment_terms/${id}/pause`, { body: { mode: 'extend' } })
  await tenor.must('POST', `/payment_terms/${id}/resume`)
  await tenor.adjust(id, 150_000)
  await tenor.untilPlan(id, ({ paid_amount }) => paid_amount === 25_000)
  const sleeping = await tenor.term({ customer_id: customer.id, start_date: due.slice(0, 10), reminder_days: 0 })
  await tenor.cancel(id)
  await tenor.untilPlan(id, ({ status }) => status === 'canceled')
  return { plan: plan.workflow.workflow_id, sleeping: sleeping.workflow.workflow_id }
}

function paidOr(plan: Awaited<ReturnType<Tenor['plan']>>, status: string): true | undefined {
  return plan.installments[0]?.status === status ? true : undefined
}
