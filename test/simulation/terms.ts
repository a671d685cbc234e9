import { civilOf, weeklyCount } from '../../domain/calendar.ts'
import type { NewLease } from '../../domain/leasing/make.ts'
import { chargeStep } from '../../domain/money.ts'
import type { NewPlan } from '../../domain/plans/make.ts'
import { PAYROLL, type PaymentMethod } from '../../domain/plans/plan.ts'
import { endDate } from '../../domain/plans/schedule.ts'
import type { Cadence, CancellationTerms, RetryPolicy, Terms } from '../../domain/plans/terms.ts'
import type { Chance } from './random.ts'

const ZONES = [
  'UTC',
  'UTC',
  'UTC',
  'UTC',
  'UTC',
  'America/New_York',
  'Africa/Kampala',
  'Pacific/Auckland',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Africa/Cairo',
  'America/Nuuk',
  'Asia/Tokyo',
  'Pacific/Kiritimati',
]
const STARTS = ['2027-01-15', '2027-01-31', '2027-02-28', '2028-02-29', '2027-10-30', '2027-03-13', '2027-12-31']
const METHODS = { card: 70, us_bank_account: 18, sepa_debit: 5, mtn_momo: 7 }

/** Any plan that may be made, made now. */
export function randomPlan(chance: Chance, id: string): NewPlan {
  const paymentMethod: PaymentMethod = { id: 'pm_1', type: chance.weighted(METHODS) }
  const currency = chance.pick(['USD', 'USD', 'UGX', 'KWD', 'JPY'])
  const step = chargeStep(currency)
  const total = step * (chance.percent(12) ? chance.int(1, 30) : chance.int(100, 500_000))
  const startDate = chance.pick(STARTS)
  const terms = randomTerms(chance, { currency, startDate, paymentMethod, total })
  const hour = String(chance.int(0, 23)).padStart(2, '0')
  // A day or two around the start, so that some plans are pending first and some have their first due moment behind them.
  const madeOn = chance.pick([startDate, startDate, startDate, dayBefore(startDate), dayBefore(dayBefore(startDate))])
  return {
    id,
    tenant: 'tn_1',
    kind: 'financing',
    customer: 'cus_1',
    terms,
    total,
    paymentMethod,
    clock: null,
    now: `${madeOn}T${hour}:17:05Z`,
  }
}

/** Any lease that may be ordered, ordered now. */
export function randomLease(chance: Chance, id: string): NewLease {
  const { terms, total, paymentMethod: own, ...plan } = randomPlan(chance, id)
  const payer = chance.pick(['payroll', 'payroll', 'employee'] as const)
  const startDate = civilOf(plan.now, terms.timezone)
  const day = chance.pick([1, 14, 15, 28, 29, 30, 31, chance.int(1, 31)])
  const step = chargeStep(terms.currency)
  const price = total + step * chance.int(0, 1000)
  const residual = step * chance.pick([0, 1, Math.floor((price - total) / step), chance.int(0, 50_000)])
  return {
    ...plan,
    total,
    client: 'cli_1',
    payer,
    paymentMethod: payer === 'payroll' ? PAYROLL : own,
    device: { code: 'phone', name: 'Phone', price, subsidy: 0, residual },
    unit: 'dev_0',
    waiver: chance.percent(30) ? step : 0,
    extensionPercent: chance.pick([0, 33.33, 50, 100]),
    dispatchDays: chance.pick([0, 2, 5, 5, 5]),
    terms: {
      ...terms,
      cadence: { every: 'month', day },
      startDate,
      endDate: endDate(startDate, terms.termMonths),
      count: terms.termMonths,
      discount: 0,
      reminderDays: payer === 'payroll' ? 0 : terms.reminderDays,
    },
  }
}

function dayBefore(date: string): string {
  return new Date(Date.parse(date) - 86_400_000).toISOString().slice(0, 10)
}

type Given = { currency: string; startDate: string; paymentMethod: PaymentMethod; total: number }

function randomTerms(chance: Chance, { currency, startDate, paymentMethod, total }: Given): Terms {
  const cadence: Cadence = chance.percent(12)
    ? { every: 'week', weekday: chance.int(1, 7) }
    : { every: 'month', day: chance.pick([1, 14, 15, 28, 29, 30, 31, chance.int(1, 31)]) }
  const length = chance.weighted({ short: 15, year: 45, years: 20, decade: 20 })
  const months = { short: [1, 3], year: [6, 24], years: [36, 60], decade: [120, 120] }[length]
  const termMonths = chance.int(
    months[0] ?? 1,
    cadence.every === 'week' ? Math.min(months[1] ?? 1, 36) : (months[1] ?? 1),
  )
  const step = chargeStep(currency)
  return {
    currency,
    timezone: chance.pick(ZONES),
    billingTime: chance.pick(['09:00', '00:00', '00:30', '02:30', '12:00', '23:30']),
    cadence,
    startDate,
    endDate: endDate(startDate, termMonths),
    termMonths,
    count: cadence.every === 'week' ? weeklyCount(termMonths) : termMonths,
    discount: chance.percent(25) ? step * Math.floor(((total / step) * chance.int(0, 60)) / 100) : 0,
    cancellation: randomCancellation(chance, total, step),
    adjustmentPolicy: chance.percent(50) ? 'spread' : 'catch_up',
    retryPolicy: randomRetries(chance, paymentMethod),
    reminderDays: chance.pick([0, 1, 3, 3, 10, 40]),
  }
}

function randomRetries(chance: Chance, { type }: PaymentMethod): RetryPolicy {
  const most = type === 'us_bank_account' ? 2 : 4
  const retries = chance.pick([0, 1, 1, Math.min(3, most), most])
  return { retries, everyDays: Array.from({ length: retries }, () => chance.pick([1, 1, 2, 4, 15, 31])) }
}

function randomCancellation(chance: Chance, total: number, step: number): CancellationTerms {
  const options = {
    ...(chance.percent(30) ? { coolingOffDays: chance.int(0, 30) } : {}),
    ...(chance.percent(30) ? { fee: step * chance.int(0, Math.ceil(total / step / 4)) } : {}),
    ...(chance.percent(50) ? { collectBalance: chance.percent(80) } : {}),
  }
  const type = chance.weighted({ none: 10, full: 15, pro_rata: 35, short_rate: 20, tiered: 20 })
  if (type === 'short_rate') return { ...options, type, penaltyPercent: chance.pick([0, 2.5, 10, 33.33, 100]) }
  if (type === 'tiered') {
    const later = { fromDay: chance.int(1, 400), refundPercent: chance.pick([0, 33.33, 50]) }
    return { ...options, type, tiers: [{ fromDay: 0, refundPercent: chance.pick([100, 80]) }, later] }
  }
  return { ...options, type }
}
