import { addDays, nextBillingDates } from '../calendar.ts'
import { nextBillingAt } from './coming.ts'
import { collectibles, isEnding, netTotal, outstanding, paidIn, statusOf, sum } from './figures.ts'
import type { Installment, Plan } from './plan.ts'
import { type Difference, different, inFlight, mendable, moneyOf, type ProofFacts, unread } from './proof-facts.ts'
import { hasEnded } from './time.ts'

/** The plan as its workflow has it, against the rows that answer reads, and its schedule against the rules. */

/** A plan that is not over has a workflow that goes on. */
export function workflowProof({ workflow, plan }: ProofFacts): Difference[] {
  if ('unread' in workflow) return [unread(`The workflow could not be asked: ${workflow.unread}`)]
  const { status, troubles, isBlocked } = workflow
  const found = troubles.map((trouble) => (isBlocked ? different(trouble) : inFlight(trouble)))
  const isAlive = status === 'RUNNING' || status === 'CONTINUED_AS_NEW'
  if (!isAlive && status !== 'COMPLETED' && !(status === 'NOT_FOUND' && hasEnded(plan))) {
    found.push(different(`The workflow of this plan is ${status}: nothing will be done for it any more.`))
  }
  if (status === 'COMPLETED' && !hasEnded(plan)) {
    found.push(different('The workflow of this plan has ended, and the plan has not.'))
  }
  return found
}

/** The rows say what the workflow has decided, and their columns what they say themselves. */
export function readSideProof(facts: ProofFacts): Difference[] {
  const own = columnDifferences(facts)
  const { workflow, figures } = facts
  if ('unread' in workflow) return [...own, unread(`The workflow could not be asked: ${workflow.unread}`)]
  if (workflow.plan === null) return own
  const behind = workflow.plan.sequence.change - figures.changeSequence
  if (behind > 0) return [...own, inFlight(`${behind} changes of the plan are decided and not written yet.`)]
  return [...own, ...planDifferences(facts.plan, workflow.plan)]
}

/** What is written only along with the next change that matters says nothing when it differs. */
const WRITTEN_ALONG: readonly string[] = ['sequence', 'clock', 'notBefore', 'lastDebitAt']
const BESIDE: readonly string[] = ['installments', 'balance', 'handled']

function planDifferences(rows: Plan, decided: Plan): Difference[] {
  const names = [...new Set([...Object.keys(rows), ...Object.keys(decided)])] as (keyof Plan)[]
  const head = names
    .filter((name) => !WRITTEN_ALONG.includes(name) && !BESIDE.includes(name) && !same(rows[name], decided[name]))
    .map((name) =>
      mendable(`The rows have ${name} ${text(rows[name])}, the workflow has decided ${text(decided[name])}.`),
    )
  const numbers = new Set([...collectibles(rows), ...collectibles(decided)].map((i) => i.number))
  const by = (plan: Plan, number: number) => collectibles(plan).find((i) => i.number === number)
  return [...head, ...[...numbers].flatMap((n) => installmentDifferences(by(rows, n), by(decided, n)))]
}

function installmentDifferences(row: Installment | undefined, decided: Installment | undefined): Difference[] {
  if (same(row, decided)) return []
  const number = row?.number ?? decided?.number
  if (decided?.open?.by === 'charge' && decided.open.state === 'asked') {
    return [inFlight(`Instalment ${number} is being charged; its row follows the end of that.`)]
  }
  if (!decided) return [different(`The rows have an instalment ${number} that the workflow does not know.`)]
  if (!row) return [mendable(`There is no row for instalment ${number}.`)]
  const names = (Object.keys(decided) as (keyof Installment)[]).filter((name) => !same(row[name], decided[name]))
  return names.map((name) =>
    mendable(`Instalment ${number}: the row has ${name} ${text(row[name])}, the workflow ${text(decided[name])}.`),
  )
}

function columnDifferences({ plan, figures, installments, escalations, transactions }: ProofFacts): Difference[] {
  const refunded = sum(
    transactions.filter((t) => t.type === 'refund' && t.status === 'succeeded'),
    (t) => t.amount,
  )
  const should = {
    status: statusOf(plan),
    paid: paidIn(plan),
    refunded,
    outstanding: outstanding(plan),
    escalated: escalations.some(({ isOpen }) => isOpen),
    nextBillingAt: nextBillingAt(plan),
  }
  const found = (Object.keys(should) as (keyof typeof should)[])
    .filter((name) => figures[name] !== should[name])
    .map((name) => mendable(`The plan is shown with ${name} ${text(figures[name])}; it is ${text(should[name])}.`))
  for (const row of installments) {
    const state = collectibles(plan).find((i) => i.number === row.number)
    if (!state) continue
    const { amount, paid, status, dueDate, escalation } = state
    const is = { number: row.number, amount, paid, status, dueDate, escalation }
    if (!same(row, is)) found.push(mendable(`Instalment ${row.number} is shown as ${text(row)}; it is ${text(is)}.`))
  }
  return found
}

/** The amounts come to the total in force, and each falls on a billing day of its own (keeps Schedule, Calendar). */
export function scheduleProof(facts: ProofFacts): Difference[] {
  const { plan } = facts
  const money = moneyOf(facts)
  const found: Difference[] = []
  const forgiven = plan.refundedByAdjustment + plan.writeOffsByAdjustment + plan.overcharge
  const scheduled = sum(plan.installments, (i) => i.amount) - forgiven
  if (!isEnding(plan) && scheduled !== netTotal(plan)) {
    found.push(
      different(
        `The instalments come to ${money(scheduled)}, after what adjustments gave back; the total is ${money(netTotal(plan))}.`,
      ),
    )
  }
  const regular = plan.installments.filter((i) => i.atOnce === null)
  for (const { number, dueDate } of regular) {
    if (nextBillingDates(plan.terms.cadence, addDays(dueDate, -1), 1)[0] !== dueDate) {
      found.push(different(`Instalment ${number} is due on ${dueDate}, which is no billing day of the plan.`))
    }
  }
  const twice = regular.filter((i, k) => regular.findIndex((other) => other.dueDate === i.dueDate) !== k)
  for (const { number, dueDate } of twice) {
    found.push(different(`Instalment ${number} is due on ${dueDate}, as another one is.`))
  }
  for (const i of collectibles(plan)) {
    if (i.paid < 0 || i.paid > i.amount) {
      found.push(different(`Instalment ${i.number} of ${money(i.amount)} is paid with ${money(i.paid)}.`))
    }
  }
  return found
}

function same(a: unknown, b: unknown): boolean {
  return ordered(a) === ordered(b)
}

/** As text, whatever the order of its keys: PostgreSQL keeps none. */
function ordered(value: unknown): string {
  return JSON.stringify(value ?? null, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ordered(value)
}
