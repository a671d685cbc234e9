import { formatMoney } from '../../domain/money.ts'
import type { Event, Told } from './cast.ts'

const HOW: Record<string, string> = {
  return: 'The term is over, and the device comes back',
  canceled: 'The lease is ended early, and the device comes back',
  buy_out: 'The term is over, and the device is bought: its residual value comes off the last pay',
  terminated: 'The order is ended',
}
const letter = (type: string, to: 'customer' | 'client' | 'back_office' = 'customer') => ({ letter: type, to })

/** An event of a lease in words, or null when another one says it better. */
export function leaseInWords(
  { type, data }: Event,
  { device, currency, months }: { device: string; currency: string; months: number },
): Told | null {
  const { amount = 0, installment_number: number } = data
  const money = (minor = 0) => formatMoney(minor, currency)
  switch (type) {
    case 'plan.created':
      return { what: `${device} is ordered`, amount: data.total_amount ?? 0, look: 'workflow', tone: 'plain' }
    case 'lease.dispatched':
      return { what: `${device} is on its way, ${data.tracking}`, look: letter(type), tone: 'plain' }
    case 'lease.delivered':
      return { what: `${device} has arrived: the term begins`, look: letter(type, 'client'), tone: 'plain' }
    case 'lease.terminated':
      return {
        what: `${device} is not to be had: the order is ended, nothing is owed`,
        look: letter(type),
        tone: 'bad',
      }
    case 'payment.completed':
      return { what: `${deductedInWords(number, months)} comes off pay`, amount, tone: 'good' }
    case 'refund.completed':
      return { what: 'Given back with the pay', amount, tone: 'good' }
    case 'plan.adjusted':
      return {
        what: `The total goes from ${money(data.previous_total_amount)} to ${money(data.total_amount)}; payroll is told`,
        look: letter('lease.deduction_changed', 'client'),
        tone: 'plain',
      }
    case 'lease.exchanged':
      return { what: `Another device in place of ${device}`, look: letter(type), tone: 'plain' }
    case 'lease.end_chosen':
      return { what: `Asked what is to come, chooses: ${data.choice?.replace('_', ' ')}`, tone: 'plain' }
    case 'lease.ended':
      return { what: HOW[data.how ?? ''] ?? 'The lease is over', look: letter(type), tone: 'plain' }
    case 'lease.device_sold':
      return { what: 'The device is paid, and theirs', look: 'workflow', tone: 'good' }
    case 'plan.completed':
    case 'plan.canceled':
      return { what: 'Nothing is open any more: the lease is over', look: 'workflow', tone: 'quiet' }
    default:
      return null
  }
}

function deductedInWords(number: number | null | undefined, months: number): string {
  if (!number) return 'A payment'
  return number > months ? 'The residual value' : `Month ${number} of ${months}`
}

/** An event of the plan by which a statement is charged. */
export function statementInWords(
  { type, data }: Event,
  about: { number: number; lines: number; pdf: string },
): Told | null {
  const { amount = 0 } = data
  const name = `Statement ${about.number}`
  switch (type) {
    case 'plan.created':
      return {
        what: `${name} is closed: ${about.lines === 1 ? '1 line' : `${about.lines} lines`}, sent as PDF and CSV`,
        amount: data.total_amount ?? 0,
        where: about.pdf,
        tone: 'plain',
      }
    case 'payment.failed':
      return {
        what: `${name} bounces, ${(data.decline_code ?? 'declined').replaceAll('_', ' ')}: tried again the day after`,
        amount,
        look: 'payments',
        tone: 'bad',
      }
    case 'payment.completed':
      return { what: `${name} is paid by the company`, amount, look: 'receipt', tone: 'good' }
    default:
      return null
  }
}
