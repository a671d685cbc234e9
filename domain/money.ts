import { RuleBroken } from './errors.ts'

/** An integer number of minor units of a currency: cents of USD, whole shillings of UGX. */
export type Minor = number

export const MAX_AMOUNT = Number.MAX_SAFE_INTEGER

// ISO 4217 as in force, without funds, metals and codes for testing. A table, because ICU differs from ISO here
// (HUF, IQD, MGA…) and would change with the runtime, which workflow code must not notice.
const CODES_BY_DIGITS: readonly [digits: number, codes: string][] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'],
  [
    2,
    `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
    KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
    NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
]
const DIGITS: ReadonlyMap<string, number> = new Map(
  CODES_BY_DIGITS.flatMap(([digits, codes]) => codes.split(/\s+/).map((code) => [code, digits])),
)

const SYMBOLS: Record<string, string> = { USD: '$', EUR: '€', GBP: '£' }

/** Whether `code` is an ISO 4217 currency in force, in upper case. */
export function isCurrency(code: string): boolean {
  return DIGITS.has(code)
}

/** Decimals of the minor unit: USD 2, UGX 0, KWD 3. Throws `currency_unknown`. Keeps Money. */
export function minorDigits(currency: string): number {
  const digits = DIGITS.get(currency)
  if (digits === undefined) throw new RuleBroken('currency_unknown', `${currency} is not a currency of ISO 4217`)
  return digits
}

/**
 * The smallest step, in minor units, that a gateway can charge: schedules are made of whole steps. Stripe takes
 * three-decimal currencies in tens, and ariary in whole ones although ISO 4217 gives them two decimals. Keeps Money.
 */
export function chargeStep(currency: string): number {
  if (currency === 'MGA') return 100
  return minorDigits(currency) === 3 ? 10 : 1
}

/** Whether `amount` is a safe integer from 0 up, in whole charge steps of `currency`. Keeps Money. */
export function isChargeable(amount: Minor, currency: string): boolean {
  return Number.isSafeInteger(amount) && amount >= 0 && amount % chargeStep(currency) === 0
}

/**
 * `a × b / c` for integers, rounded half away from zero; exact whatever the size of the product. Throws
 * `amount_too_large` when the result is no safe integer. Keeps Money.
 */
export function mulDivRound(a: number, b: number, c: number): number {
  const product = BigInt(a) * BigInt(b)
  const divisor = BigInt(c)
  const negative = product < 0n !== divisor < 0n
  const [top, bottom] = [product < 0n ? -product : product, divisor < 0n ? -divisor : divisor]
  const rounded = Number((2n * top + bottom) / (2n * bottom))
  if (!Number.isSafeInteger(rounded)) throw new RuleBroken('amount_too_large', 'The amount is too large')
  return negative && rounded !== 0 ? -rounded : rounded
}

/** `a * b / c`, rounded to what a gateway can charge or give back, which is the minor unit for nearly all currencies. */
export function mulDivSteps(a: number, b: number, c: number, currency: string): Minor {
  const step = chargeStep(currency)
  return mulDivRound(a, b, c * step) * step
}

/** Percentages have two decimals at most, so that hundredths of a percent are whole; rounded as `mulDivSteps`. */
export function percentOf(amount: Minor, percent: number, currency: string): Minor {
  return mulDivSteps(amount, Math.round(percent * 100), 10_000, currency)
}

/** Sum of amounts. Throws `amount_too_large` when it is no safe integer. */
export function sum(amounts: Minor[]): Minor {
  let total = 0
  for (const amount of amounts) {
    total += amount
    if (!Number.isSafeInteger(total)) throw new RuleBroken('amount_too_large', 'The amount is too large')
  }
  return total
}

/** `total` in `n` parts: each the equal share in whole steps, rounded down; the last takes what is left. Keeps Schedule. */
export function splitEvenly(total: Minor, n: number, step = 1): Minor[] {
  if (!Number.isSafeInteger(total) || total < 0) throw new RangeError(`Cannot split ${total}`)
  if (!Number.isSafeInteger(n) || n < 0 || (n === 0 && total > 0)) throw new RangeError(`Cannot split in ${n} parts`)
  if (n === 0) return []
  const each = wholeSteps(total, n, step)
  const parts = new Array<Minor>(n).fill(each)
  parts[n - 1] = total - each * (n - 1)
  return parts
}

function wholeSteps(total: Minor, n: number, step: number): Minor {
  // Integer remainders instead of `floor(total / n)`: the quotient of two safe integers may round up as a double.
  const each = (total - (total % n)) / n
  return each - (each % step)
}

/** `83.33`, `-1.250`, `5000`: exact, for files and for Intl; a quotient might not be. */
export function decimalOf(amount: Minor, currency: string): string {
  const digits = minorDigits(currency)
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  const cut = text.length - digits
  const number = digits === 0 ? text : `${text.slice(0, cut)}.${text.slice(cut)}`
  return amount < 0 ? `-${number}` : number
}

/** `$100.00`, `UGX 5,000`, `-KWD 1.250`: the same on every machine, for logs and timers; people get localised text. */
export function formatMoney(amount: Minor, currency: string): string {
  const digits = minorDigits(currency)
  const padded = String(Math.abs(amount)).padStart(digits + 1, '0')
  const whole = padded.slice(0, padded.length - digits).replace(/\B(?=(\d{3})+$)/g, ',')
  const decimals = digits > 0 ? `.${padded.slice(-digits)}` : ''
  return `${amount < 0 ? '-' : ''}${SYMBOLS[currency] ?? `${currency} `}${whole}${decimals}`
}
