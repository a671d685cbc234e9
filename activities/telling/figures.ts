import type { LUMP_SUMS } from '../../domain/leasing/told.ts'
import { type Formats, formatsOf } from './formats.ts'
import type { Notice } from './notice.ts'

/** What letters put into their sentences: formatted, `null` where it does not apply. */
export type Figures = {
  /** What it is about, in money: as the notice says, else as recorded. */
  amount: string
  /** Number of the instalment; `null` for a one-off payment or a cancellation's balance. */
  installment: number | null
  count: number
  dueDate: string | null
  retryOn: string | null
  /** Why a bank said no, as far as a customer is told. */
  reason: 'insufficient_funds' | 'expired' | 'other'
  url: string | null
  total: string
  previousTotal: string | null
  paid: string
  outstanding: string
  refunded: string | null
  paymentMethod: string | null
  day: string
  until: string | null
  pauseMode: 'extend' | 'catch_up' | null
  provisional: boolean
  /** Rows of the schedule; at most `MOST_ROWS`, `moreRows` of them left out. */
  schedule: { number: number; dueDate: string; amount: string }[]
  changes: { number: number; dueDate: string; before: string; after: string }[]
  moreRows: number
  cancellation: Cancellation
  to: Notice['to']
  lease: LeaseFigures
}

/** Of leases; `null` where it does not apply, or nobody has said. */
export type LeaseFigures = {
  device: string | null
  insteadOf: string | null
  employee: string | null
  client: string | null
  imei: string | null
  isByPayroll: boolean
  tracking: string | null
  /** Of the term, or of what it is longer by. */
  months: number | null
  monthly: string | null
  /** Why another amount comes off pay. */
  why: 'adjusted' | 'paused' | 'resumed' | 'transferred' | null
  /** Why something comes off pay besides the months, on which day, and with the pay of which month. */
  lumpSum: (typeof LUMP_SUMS)[number] | null
  deductedOn: string | null
  payOf: string | null
  residual: string | null
  startDate: string | null
  endDate: string | null
  dispatchBy: string | null
  choice: 'return' | 'extend' | 'buy_out' | null
  how: 'return' | 'buy_out' | 'lost' | 'stolen' | 'canceled' | null
}

type Cancellation = {
  effectiveDate: string | null
  usedDays: number | null
  termDays: number | null
  earned: string | null
  fee: string | null
  penalty: string | null
  refund: string | null
  balance: string | null
}

const MOST_ROWS = 24
const TELLS_CHANGES: readonly Notice['type'][] = ['terms.adjusted', 'lease.deduction_changed']

export function figuresOf(notice: Notice, locale: string): Figures {
  const { data, plan, transaction } = notice
  const formats = formatsOf(locale, plan.currency, plan.timezone)
  const number = transaction?.installment ?? data.installment ?? null
  const installment = plan.installments.find((one) => one.number === number)
  const dueDate = data.due_date ?? installment?.dueDate
  const unpaid = installment ? installment.amount - installment.paid : 0
  const shown = plan.installments.filter((one) => one.number > 0 && one.status !== 'canceled')
  const changes = changesIn(notice, formats)
  return {
    amount: formats.money(data.amount ?? transaction?.amount ?? unpaid),
    installment: number || null,
    count: plan.installments.filter((one) => one.number > 0).length,
    dueDate: dueDate ? formats.date(dueDate) : null,
    retryOn: data.retry_on ? formats.date(data.retry_on) : null,
    reason: reasonOf(data.decline_code),
    url: data.url ?? null,
    total: formats.money(data.total_amount ?? plan.total),
    previousTotal: moneyOrNull(formats, data.previous_total_amount),
    paid: formats.money(plan.paid),
    outstanding: formats.money(plan.outstanding),
    refunded: data.refunded ? formats.money(data.refunded) : null,
    paymentMethod: notice.paymentMethod,
    day: formats.day(notice.at),
    until: data.until ? formats.day(data.until) : null,
    pauseMode: data.mode ?? null,
    provisional: data.provisional ?? false,
    schedule: shown
      .slice(0, MOST_ROWS)
      .map((one) => ({ number: one.number, dueDate: formats.date(one.dueDate), amount: formats.money(one.amount) })),
    changes: changes.slice(0, MOST_ROWS),
    moreRows: Math.max(0, (TELLS_CHANGES.includes(notice.type) ? changes.length : shown.length) - MOST_ROWS),
    cancellation: cancellationOf(notice, formats),
    to: notice.to,
    lease: leaseFiguresOf(notice, formats),
  }
}

/** The instalments that an adjustment has changed, made or taken away. */
function changesIn({ data }: Notice, formats: Formats): Figures['changes'] {
  const before = new Map((data.before ?? []).map((one) => [one.number, one]))
  const after = new Map((data.after ?? []).map((one) => [one.number, one]))
  const numbers = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b)
  const money = (one: { amount: number } | undefined) => (one ? formats.money(one.amount) : '–')
  return numbers.flatMap((number) => {
    const [was, is] = [before.get(number), after.get(number)]
    if (was?.amount === is?.amount && was?.due_date === is?.due_date) return []
    const dueDate = formats.date(is?.due_date ?? was?.due_date ?? '')
    return [{ number, dueDate, before: money(was), after: money(is) }]
  })
}

function cancellationOf({ data }: Notice, formats: Formats): Cancellation {
  const money = (amount: number | null | undefined) => (amount ? formats.money(amount) : null)
  return {
    effectiveDate: data.effectiveDate ? formats.date(data.effectiveDate) : null,
    usedDays: data.usedDays ?? null,
    termDays: data.termDays ?? null,
    earned: moneyOrNull(formats, data.earned),
    fee: money(data.fee),
    penalty: money(data.penalty),
    refund: money(data.refund),
    balance: money(data.balance),
  }
}

function leaseFiguresOf({ data, lease }: Notice, formats: Formats): LeaseFigures {
  const date = (day: string | null | undefined) => (day ? formats.date(day) : null)
  return {
    device: data.device ?? lease?.device ?? null,
    insteadOf: data.instead_of ?? null,
    employee: lease?.employee ?? null,
    client: lease?.client ?? null,
    imei: lease?.imei ?? null,
    isByPayroll: lease?.payer === 'payroll',
    tracking: data.tracking ?? null,
    months: data.months ?? data.term_months ?? null,
    monthly: moneyOrNull(formats, data.monthly),
    why: data.why ?? null,
    lumpSum: data.lump_sum ?? null,
    deductedOn: date(data.deducted_on),
    payOf: data.deducted_on ? formats.month(data.deducted_on) : null,
    residual: moneyOrNull(formats, data.residual),
    startDate: date(data.start_date),
    endDate: date(data.end_date),
    dispatchBy: date(data.dispatch_by),
    choice: data.choice ?? null,
    how: data.how ?? null,
  }
}

function moneyOrNull(formats: Formats, amount: number | null | undefined): string | null {
  return amount === null || amount === undefined ? null : formats.money(amount)
}

/** A bank's suspicion (stolen, fraudulent…) is never told to whoever holds the card. */
function reasonOf(code: string | null | undefined): Figures['reason'] {
  if (code === 'insufficient_funds') return 'insufficient_funds'
  return code === 'expired_card' ? 'expired' : 'other'
}
