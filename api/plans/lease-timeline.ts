import { describeDate, moment, startOfDay } from '../../domain/calendar.ts'
import { asksLeft } from '../../domain/leasing/asks.ts'
import { isLease, type LeaseEnd } from '../../domain/leasing/lease.ts'
import { ENDS, endInWords } from '../../domain/leasing/words.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'

/** The steps of a lease in a plan's timeline. */

export type Money = (amount: number) => string
export type ToldEvent = (data: Record<string, unknown>, money: Money) => { title: string; why?: string }

export function amountIn(value: unknown, money: Money): string {
  return typeof value === 'number' ? money(value) : 'nothing'
}

function dateIn(value: unknown): string {
  return typeof value === 'string' ? describeDate(value) : 'a day that is not known'
}

const CHOICES: Record<string, string> = {
  return: 'the device is returned',
  buy_out: 'the device is bought',
  extend: 'the lease goes on',
}

export const LEASE_EVENTS: Record<string, ToldEvent> = {
  'lease.dispatched': ({ tracking }) => ({
    title: `The device was dispatched${typeof tracking === 'string' ? `, tracked as ${tracking}` : ''}`,
  }),
  'lease.delivered': ({ end_date }) => ({
    title: `The device was delivered; the term has begun, and ends on ${dateIn(end_date)}`,
    why: 'The due dates are counted from the day of delivery.',
  }),
  'lease.unit_substituted': () => ({
    title: 'Another unit was put aside for it',
    why: 'The one that was reserved cannot be sent.',
  }),
  'lease.terminated': () => ({ title: 'Given up: the device is out of stock; nothing is charged' }),
  'lease.exchanged': ({ device_code }) => ({ title: `The device was exchanged for ${String(device_code)}` }),
  'lease.end_chosen': ({ choice }) => ({ title: `Chosen for the end of the term: ${CHOICES[String(choice)]}` }),
  'lease.extended': ({ months, monthly, end_date }, money) => ({
    title: `Extended by ${String(months)} months at ${amountIn(monthly, money)}, to ${dateIn(end_date)}`,
  }),
  'lease.ended': ({ how }) => ({ title: `The lease is over: ${ENDS[how as LeaseEnd].toLowerCase()}` }),
  'lease.device_sold': () => ({ title: "The device is paid for, and the employee's" }),
}

type Coming = { at: Instant; type: string; title: string; why: string | null }

/** What a lease has before it besides charges, as things stand. */
export function comingOfLease(plan: Plan): Coming[] {
  if (!isLease(plan)) return []
  const { lease, lifecycle, terms } = plan
  if (lifecycle === 'init') {
    const { dispatchBy } = lease.order
    const at = moment(dispatchBy, terms.billingTime, terms.timezone)
    const why = 'The back office is reminded then, and a broker told on the next day.'
    return [{ at, type: 'dispatch', title: `To be dispatched by ${describeDate(dispatchBy)}`, why }]
  }
  if (lifecycle !== 'active' || lease.ended) return []
  const asks = asksLeft(terms, lease.asked).map(({ at, days }) => ({
    at,
    type: 'end_asked',
    title: 'The employee is asked what is to come at the end',
    why: `${days} days before`,
  }))
  const at = startOfDay(terms.endDate, terms.timezone)
  const title = `The lease ends on ${describeDate(terms.endDate)}: ${endInWords(plan)}`
  return [...asks, { at, type: 'lease_end', title, why: null }]
}
