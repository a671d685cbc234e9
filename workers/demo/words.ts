import { addDays, civilOf, describeDate } from '../../domain/calendar.ts'
import { formatMoney } from '../../domain/money.ts'
import type { Event, Member, Policyholder, Told } from './cast.ts'
import type { Line } from './narrator.ts'

/** What is remembered of a plan while its story is told: the events speak of transactions, people of instalments. */
export type Memory = { declines: Map<number, number>; instalments: Map<string, number> }

export const newMemory = (): Memory => ({ declines: new Map(), instalments: new Map() })

/** An event of a financed premium in words, or null when another one says it better. */
export function inWords(event: Event, member: Pick<Policyholder, 'plan'>, memory: Memory): Told | null {
  const { type, data } = event
  const { amount = 0, installment_number: number } = data
  if (data.transaction_id && number) memory.instalments.set(data.transaction_id, number)
  const about = number ? `Instalment ${number} of ${member.plan.installments.length}` : 'Payment'
  switch (type) {
    case 'plan.created':
      return {
        what: 'Agreed: the plan is recorded, and will bill',
        amount: data.total_amount ?? 0,
        look: 'workflow',
        tone: 'plain',
      }
    case 'payment.processing':
      return { what: `${about}: the bank is asked, and takes its days`, look: 'payments', tone: 'plain' }
    case 'payment.completed':
      return { what: paidInWords(about, number, memory), amount, look: 'receipt', tone: 'good' }
    case 'payment.failed':
      return { what: declineInWords(event, about, member, memory), amount, look: 'payments', tone: 'bad' }
    case 'payment.returned':
      return { what: returnInWords(event, member, memory), amount, look: 'payments', tone: 'bad' }
    case 'escalation.opened':
      return { what: `${about} is escalated: a broker has a case`, look: 'case', tone: 'bad' }
    case 'escalation.retried':
      return { what: 'The broker has it tried again', look: 'workflow', tone: 'plain' }
    case 'escalation.resolved':
      return { what: 'The escalation is resolved, its case is closed', look: 'case', tone: 'good' }
    case 'plan.adjusted':
      return { what: adjustmentInWords(event, member), look: 'workflow', tone: 'plain' }
    case 'plan.cancellation_requested':
      return { what: 'The plan is cancelled from this day on', look: 'workflow', tone: 'plain' }
    case 'refund.completed':
      return { what: 'The refund has been paid', amount, look: 'receipt', tone: 'good' }
    case 'plan.canceled':
      return { what: 'Nothing is open any more: the plan is over', look: 'workflow', tone: 'quiet' }
    case 'plan.completed':
      return { what: 'The term has ended, and everything is paid', look: 'workflow', tone: 'quiet' }
    default:
      return null
  }
}

function paidInWords(about: string, number: number | null | undefined, memory: Memory): string {
  if (!number) return 'Paid ahead, the oldest unpaid instalments first'
  return memory.declines.get(number) ? `${about} is paid after all` : `${about} is paid`
}

/** The first decline is tried again as the plan's retry policy says, the last one is not. */
function declineInWords(event: Event, about: string, member: Pick<Policyholder, 'plan'>, memory: Memory): string {
  const number = event.data.installment_number ?? 0
  const before = memory.declines.get(number) ?? 0
  memory.declines.set(number, before + 1)
  const why = (event.data.decline_code ?? 'declined').replaceAll('_', ' ')
  return `${about} is declined, ${why}${retryInWords(event, member, before)}`
}

function returnInWords(event: Event, member: Pick<Policyholder, 'plan'>, memory: Memory): string {
  const number = memory.instalments.get(event.data.transaction_id ?? '') ?? 0
  const before = memory.declines.get(number) ?? 0
  memory.declines.set(number, before + 1)
  const why = (event.data.decline_code ?? 'returned').replaceAll('_', ' ')
  return `The bank takes instalment ${number} back, ${why}${retryInWords(event, member, before)}`
}

function retryInWords({ occurred_at }: Event, { plan }: Pick<Policyholder, 'plan'>, retriesUsed: number): string {
  const { retries, every_days } = plan.retry_policy
  if (retriesUsed >= retries) return ', for the last time'
  const days = typeof every_days === 'number' ? every_days : (every_days[retriesUsed] ?? 1)
  return `: tried again on ${describeDate(addDays(civilOf(occurred_at, plan.timezone), days))}`
}

function adjustmentInWords({ data }: Event, { plan }: Pick<Policyholder, 'plan'>): string {
  const money = (amount = 0) => formatMoney(amount, plan.currency)
  return `The total goes from ${money(data.previous_total_amount)} to ${money(data.total_amount)}`
}

/** `2 × $83.33, $83.37`: amounts in a row, equal ones together. */
export function amountsInWords(amounts: number[], currency: string): string {
  const runs: { amount: number; times: number }[] = []
  for (const amount of amounts) {
    const last = runs.at(-1)
    if (last?.amount === amount) last.times += 1
    else runs.push({ amount, times: 1 })
  }
  return runs.map(({ amount, times }) => `${times > 1 ? `${times} × ` : ''}${formatMoney(amount, currency)}`).join(', ')
}

/** A line about a member, on the day that it is in the plan's own time zone. */
export function lineOf(
  member: Pick<Member, 'who' | 'timezone' | 'currency'>,
  at: string,
  told: Told,
  where?: string,
): Line {
  const { what, amount, tone } = told
  return {
    date: describeDate(civilOf(at, member.timezone)),
    who: member.who,
    what,
    tone,
    ...(amount === undefined ? {} : { amount: formatMoney(amount, member.currency) }),
    ...(where === undefined ? {} : { where }),
  }
}
