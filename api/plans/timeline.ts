import type { PlanRow } from '../../db/plans/plans.ts'
import type { TimelineMaterial } from '../../db/plans/read-timeline.ts'
import { planOf } from '../../db/plans/rows.ts'
import type { TransactionRow } from '../../db/plans/transactions.ts'
import { compareInstants, describeDate, describeMoment, later, startOfDay } from '../../domain/calendar.ts'
import { formatMoney } from '../../domain/money.ts'
import { type ComingCharge, comingCharges } from '../../domain/plans/coming.ts'
import { dueMoment, findInstallment, unpaid } from '../../domain/plans/figures.ts'
import { type Installment, PAYROLL, type Pause, type Plan } from '../../domain/plans/plan.ts'
import { reminderMoment } from '../../domain/plans/reminders.ts'
import type { Instant, Terms } from '../../domain/plans/terms.ts'
import { reasonInWords, typeInWords } from '../../domain/plans/words.ts'
import { amountIn, comingOfLease, LEASE_EVENTS, type Money, type ToldEvent } from './lease-timeline.ts'
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

function inOrder(items: TimelineItem[]): TimelineItem[] {
  return items.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

/** Events that say more than the movements, notices and escalations beside them; the rest would be told twice. */
const EVENTS: Record<string, ToldEvent> = {
  ...LEASE_EVENTS,
  'plan.created': (data, money) => ({ title: `Agreed: ${amountIn(data.total_amount, money)} in all` }),
  'plan.activated': () => ({ title: 'The term has begun' }),
  'plan.adjusted': (data, money) => ({
    title: `Total changed from ${amountIn(data.previous_total_amount, money)} to ${amountIn(data.total_amount, money)}`,
    why:
      data.policy === 'catch_up'
        ? 'As if the total had been so from the start: the difference on what was settled before is charged or refunded once.'
        : 'The instalments that are still to come were spread anew; those settled before kept their amounts.',
  }),
  'plan.paused': ({ mode, until }) => ({
    title: `A payment holiday began${typeof until === 'string' ? '' : ', until it is ended'}`,
    ...((mode === 'extend' || mode === 'catch_up') && { why: MODES[mode] }),
  }),
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
  'payment.reinstated': (data, money) => ({
    title: `${amountIn(data.amount, money)} that had been taken back came again`,
  }),
  'refund.withdrawn': (data, money) => ({
    title: `A refund of ${amountIn(data.amount, money)} is not made any more`,
    why: 'The payment that it was of has been taken back.',
  }),
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
  if (row.type === 'refund') {
    const cameBack = `The refund of ${money(row.amount)} came back: the bank could not credit it`
    return [
      { ...told, title: `${subjectOf(row, money)}: succeeded` },
      { ...item, at: row.returnedAt, type: 'return', title: cameBack, outcome: 'returned' },
    ]
  }
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

const SUCCEEDED: Record<string, Record<TransactionRow['type'], string>> = {
  external: { charge: 'settled outside the gateway', refund: 'settled outside the gateway' },
  payroll: { charge: 'deducted from pay', refund: 'given back by pay' },
}

function endOf(row: TransactionRow): string {
  const code = row.declineCode ? ` (${row.declineCode})` : ''
  switch (row.status) {
    case 'succeeded':
      return SUCCEEDED[row.gateway]?.[row.type] ?? 'succeeded'
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
  const item = { ...NOTHING, installment_number: row.installmentNumber || null, amount: row.amount, coming: false }
  const opened = {
    ...item,
    at: row.openedAt,
    type: 'escalation.opened',
    title: `${escalatedWhat(row)} was escalated to a broker${isOrder(row) ? '' : `: ${money(row.amount)}`}`,
    why: whyEscalated(row),
  }
  if (!row.resolvedAt) return [opened]
  const note = row.resolution?.note ?? null
  const title = `The escalation was resolved: ${row.resolution?.action ?? 'closed'}`
  return [opened, { ...item, at: row.resolvedAt, type: 'escalation.resolved', title, why: note }]
}

function isOrder({ reason }: TimelineMaterial['escalations'][number]): boolean {
  return reason === 'not_dispatched'
}

function escalatedWhat(row: TimelineMaterial['escalations'][number]): string {
  if (isOrder(row)) return 'The order'
  const { installmentNumber } = row
  if (installmentNumber === null || installmentNumber === undefined) return 'A refund'
  return installmentNumber === 0 ? 'The balance of the cancellation' : `Instalment ${installmentNumber}`
}

/** The gateway's code only where it says more than the reason does. */
function whyEscalated({ reason, code }: TimelineMaterial['escalations'][number]): string {
  const words = reasonInWords(reason)
  return code && code !== reason ? `${words} The bank's word for it: ${code.replaceAll('_', ' ')}.` : words
}

function coming(row: PlanRow, { installments }: TimelineMaterial, money: Money): TimelineItem[] {
  const plan = planOf(row, installments)
  const ofLease = comingOfLease(plan).map((item) => ({ ...NOTHING, ...item, coming: true }))
  if (row.lifecycle !== 'pending' && row.lifecycle !== 'active') return ofLease
  const { terms, pause } = plan
  const end = {
    ...NOTHING,
    coming: true,
    at: startOfDay(row.endDate, terms.timezone),
    type: 'completion',
    title: `The term ends on ${describeDate(row.endDate)}`,
    why: 'Completed then, once everything is paid or waived.',
  }
  const charges = comingCharges(plan).flatMap((charge) => [
    ...(charge.isRetry ? [] : comingReminder(plan, charge.installment, money)),
    comingCharge(plan, charge, money),
  ])
  return [...(pause?.until ? [comingResumption(pause.mode, pause.until, terms)] : []), ...charges, ...ofLease, end]
}

function comingResumption(mode: Pause['mode'], until: Instant, terms: Terms): TimelineItem {
  const title = `The payment holiday ends ${describeMoment(until, terms.timezone)}`
  return { ...NOTHING, at: until, type: 'resumption', title, why: MODES[mode], coming: true }
}

const MODES: Record<Pause['mode'], string> = {
  extend: 'What it missed moves to billing days after the last due date.',
  catch_up: 'What it missed is then charged, one instalment a day.',
}

function comingCharge(plan: Plan, { installment, at, isRetry }: ComingCharge, money: Money): TimelineItem {
  const amount = unpaid(installment)
  const { number } = installment
  const what = `Instalment ${number} of ${plan.installments.length}, ${money(amount)}`
  const how = plan.paymentMethod.type === PAYROLL.type ? 'comes off pay' : 'is charged'
  const title = `${what}, ${isRetry ? 'is tried again' : how} ${describeMoment(at, plan.terms.timezone)}`
  const why = isRetry ? whyRetry(plan.terms) : whyThen(plan, installment, at)
  const type = isRetry ? 'retry' : 'due'
  return { ...NOTHING, at, type, title, why, amount, installment_number: number, coming: true }
}

/** None for one that would come when the instalment is due already; during a pause none is sent. */
function comingReminder(plan: Plan, installment: Installment, money: Money): TimelineItem[] {
  const { terms, pause } = plan
  const planned = installment.reminded ? null : reminderMoment(installment, terms)
  if (planned === null) return []
  const at = pause?.until ? later(planned, pause.until) : planned
  if (compareInstants(dueMoment(installment, terms), at) <= 0) return []
  const amount = unpaid(installment)
  const title = `Reminder of instalment ${installment.number}, ${money(amount)} due ${describeDate(installment.dueDate)}`
  const why = `${terms.reminderDays} days before the due date${at === planned ? '' : ', once the payment holiday is over'}`
  const about = { amount, installment_number: installment.number, coming: true }
  return [{ ...NOTHING, ...about, at, type: 'reminder', title, why }]
}

function whyThen(plan: Plan, installment: Installment, at: Instant): string {
  if (installment.atOnce) return 'The total was raised: due at once, as no instalment to come could take it'
  const { dueDate } = findInstallment(plan, installment.number)
  const moved = dueDate === installment.dueDate ? '' : `; moved from ${describeDate(dueDate)} by the payment holiday`
  if (compareInstants(dueMoment(installment, plan.terms), at) < 0)
    return `Due ${describeDate(dueDate)}; what was missed is charged one a day`
  return whyDue(plan.terms, installment.dueDate) + moved
}

function whyDue(terms: Terms, dueDate: string): string {
  if (terms.cadence.every === 'week') return `Every week, at ${terms.billingTime} in ${terms.timezone}`
  const { day } = terms.cadence
  const clamped = Number(dueDate.slice(8)) === day ? '' : ', the last day of a month that is shorter'
  return `Billing day ${day}${clamped}, at ${terms.billingTime} in ${terms.timezone}`
}

function whyRetry({ retryPolicy: { retries, everyDays } }: Terms): string {
  return `Retry policy: ${retries} ${retries === 1 ? 'retry' : 'retries'}, after ${everyDays.join(', ')} days`
}
