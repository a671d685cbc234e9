import type { PlanRow } from '../../db/plans/plans.ts'
import type { TimelineMaterial } from '../../db/plans/read-timeline.ts'
import type { TransactionRow } from '../../db/plans/transactions.ts'
import { describeDate, describeMoment, startOfDay } from '../../domain/calendar.ts'
import { formatMoney } from '../../domain/money.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { reminderMoment } from '../../domain/plans/time.ts'
import { reasonInWords, typeInWords } from '../../domain/plans/words.ts'
import { attemptOutcome } from './present.ts'
import { whyMoved } from './why.ts'

export type TimelineItem = {
  at: Instant
  type: string
  title: string
  why: string | null
  amount: number | null
  installment_number: number | null
  transaction_id: string | null
  outcome: string | null
  coming: boolean
}

const NOTHING = { why: null, amount: null, installment_number: null, transaction_id: null, outcome: null }

/** A plan's story in order, told for people: what happened, then what will as things stand. */
export function timelineOf(plan: PlanRow, material: TimelineMaterial): TimelineItem[] {
  const money = (amount: number) => formatMoney(amount, plan.currency)
  const past = [
    ...material.events.flatMap((event) => eventItem(event, money)),
    ...material.transactions.flatMap((row) => movementItems(row, money)),
    ...material.notifications.map(noticeItem),
    ...material.escalations.flatMap((row) => escalationItems(row, money)),
  ]
  return [...inOrder(past), ...inOrder(coming(plan, material, money))]
}

type Money = (amount: number) => string

function inOrder(items: TimelineItem[]): TimelineItem[] {
  return items.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

/** Events that say more than the movements, notices and escalations beside them; the rest would be told twice. */
const EVENTS: Record<string, (data: Record<string, unknown>, money: Money) => { title: string; why?: string }> = {
  'plan.created': (data, money) => ({ title: `Agreed: ${amountIn(data.total_amount, money)} in all` }),
  'plan.activated': () => ({ title: 'The term has begun' }),
  'plan.adjusted': (data, money) => ({
    title: `Total changed from ${amountIn(data.previous_total_amount, money)} to ${amountIn(data.total_amount, money)}`,
    why:
      data.policy === 'catch_up'
        ? 'As if the total had been so from the start: the difference on what was settled before is charged or refunded once.'
        : 'The instalments that are still to come were spread anew; those settled before kept their amounts.',
  }),
  'plan.paused': () => ({ title: 'A payment holiday began' }),
  'plan.resumed': () => ({ title: 'The payment holiday ended' }),
  'plan.cancellation_requested': (data) => ({
    title: 'Cancelled, effective the same day',
    ...(typeof data.explanation === 'string' && { why: data.explanation }),
  }),
  'plan.canceled': (data, money) => ({ title: `Cancelled; ${amountIn(data.refund_amount, money)} refunded` }),
  'plan.completed': () => ({ title: 'Completed: everything is settled' }),
  'payment_method.changed': () => ({ title: 'The payment method was replaced' }),
  'installment.waived': () => ({ title: 'An instalment was waived' }),
  'payment.returned': () => ({ title: 'A payment was taken back by the bank' }),
}

function amountIn(value: unknown, money: Money): string {
  return typeof value === 'number' ? money(value) : 'nothing'
}

function eventItem({ type, data, occurredAt }: TimelineMaterial['events'][number], money: Money): TimelineItem[] {
  const told = EVENTS[type]?.(data, money)
  if (!told) return []
  const number = data.installment_number ?? data.installment
  const installment_number = typeof number === 'number' ? number : null
  return [
    { ...NOTHING, at: occurredAt, type, title: told.title, why: told.why ?? null, installment_number, coming: false },
  ]
}

function movementItems(row: TransactionRow, money: Money): TimelineItem[] {
  const item = {
    ...NOTHING,
    type: row.type === 'refund' ? 'refund' : 'payment',
    why: whyMoved(row, money),
    amount: row.amount,
    installment_number: row.installmentNumber || null,
    transaction_id: row.id,
    outcome: attemptOutcome(row),
    coming: false,
  }
  const told = { ...item, at: row.createdAt, title: `${subjectOf(row, money)}: ${endOf(row)}` }
  if (!row.returnedAt) return [told]
  const title = `${money(row.returnedAmount)} of it was taken back${row.declineCode ? ` (${row.declineCode})` : ''}`
  return [told, { ...item, at: row.returnedAt, type: 'return', title, outcome: 'returned' }]
}

function subjectOf(row: TransactionRow, money: Money): string {
  const amount = money(row.amount)
  if (row.type === 'refund') return `Refund of ${amount}`
  if (row.installmentNumber === 0) return `Balance of the cancellation, ${amount}`
  if (row.installmentNumber === null || row.installmentNumber === undefined) return `One-off payment of ${amount}`
  const again = row.attempt && row.attempt > 1 ? `, attempt ${row.attempt}` : ''
  return `Instalment ${row.installmentNumber}, ${amount}${again}`
}

function endOf(row: TransactionRow): string {
  const code = row.declineCode ? ` (${row.declineCode})` : ''
  switch (row.status) {
    case 'succeeded':
      return row.gateway === 'external' ? 'settled outside the gateway' : 'succeeded'
    case 'failed':
      return row.outcome === 'requires_action' ? `needs the customer${code}` : `declined${code}`
    case 'unknown':
      return 'outcome unknown; nothing else is charged for it until it is known'
    default:
      return 'under way'
  }
}

function noticeItem(row: TimelineMaterial['notifications'][number]): TimelineItem {
  const how = { queued: 'is on its way', sent: 'was sent', failed: 'could not be sent' }[row.status]
  const title = `${row.channel === 'email' ? 'E-mail' : row.channel} "${typeInWords(row.type)}" ${how}`
  return { ...NOTHING, at: row.createdAt, type: 'notice', title, outcome: row.status, coming: false }
}

function escalationItems(row: TimelineMaterial['escalations'][number], money: Money): TimelineItem[] {
  const about =
    row.installmentNumber === null || row.installmentNumber === undefined
      ? 'A refund'
      : `Instalment ${row.installmentNumber}`
  const item = { ...NOTHING, installment_number: row.installmentNumber || null, amount: row.amount, coming: false }
  const opened = {
    ...item,
    at: row.openedAt,
    type: 'escalation.opened',
    title: `${about} was escalated to a broker: ${money(row.amount)}`,
    why: `${reasonInWords(row.reason)}${row.code ? ` Code: ${row.code}.` : ''}`,
  }
  if (!row.resolvedAt) return [opened]
  const note = row.resolution?.note ?? null
  const title = `The escalation was resolved: ${row.resolution?.action ?? 'closed'}`
  return [opened, { ...item, at: row.resolvedAt, type: 'escalation.resolved', title, why: note }]
}

function coming(plan: PlanRow, { installments }: TimelineMaterial, money: Money): TimelineItem[] {
  const { terms, pause } = plan.state
  if (plan.lifecycle !== 'pending' && plan.lifecycle !== 'active') return []
  const item = { ...NOTHING, coming: true }
  const due = installments.flatMap((row): TimelineItem[] => {
    const unpaid = row.amount - row.paidAmount
    if (row.number === 0 || !row.nextAttemptAt || (pause && row.status === 'scheduled')) return []
    const isRetry = row.status === 'retrying'
    const about = { ...item, amount: unpaid, installment_number: row.number }
    const charge = {
      ...about,
      at: row.nextAttemptAt,
      type: isRetry ? 'retry' : 'due',
      title: `Instalment ${row.number} of ${terms.count}, ${money(unpaid)}, ${isRetry ? 'is tried again' : 'is charged'} ${describeMoment(row.nextAttemptAt, terms.timezone)}`,
      why: isRetry ? whyRetry(plan) : whyDue(plan, row.dueDate),
    }
    const at = isRetry || row.state.reminded ? null : reminderMoment(row.state, terms)
    if (at === null) return [charge]
    const title = `Reminder of instalment ${row.number}, due ${describeDate(row.dueDate)}`
    return [{ ...about, at, type: 'reminder', title, why: `${terms.reminderDays} days before the due date` }, charge]
  })
  const end = {
    ...item,
    at: startOfDay(plan.endDate, terms.timezone),
    type: 'completion',
    title: `The term ends on ${describeDate(plan.endDate)}`,
    why: 'Completed then, once everything is paid or waived.',
  }
  return [...due, end]
}

function whyDue({ state: { terms } }: PlanRow, dueDate: string): string {
  if (terms.cadence.every === 'week') return `Every week, at ${terms.billingTime} in ${terms.timezone}`
  const { day } = terms.cadence
  const clamped = Number(dueDate.slice(8)) === day ? '' : ', the last day of a month that is shorter'
  return `Billing day ${day}${clamped}, at ${terms.billingTime} in ${terms.timezone}`
}

function whyRetry({ state: { terms } }: PlanRow): string {
  const { retries, everyDays } = terms.retryPolicy
  return `Retry policy: ${retries} ${retries === 1 ? 'retry' : 'retries'}, after ${everyDays.join(', ')} days`
}
