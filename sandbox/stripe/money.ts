import { refuseParameter } from './errors.ts'

/** Least amounts that Stripe charges, in its minor units. */
const MINIMUM: Record<string, number> = {
  usd: 50,
  aed: 200,
  aud: 50,
  bgn: 100,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
}
const MORE_DIGITS: Record<string, number> = {
  inr: 9,
  cop: 10,
  huf: 10,
  jpy: 10,
  lbp: 12,
  idr: 12,
  krw: 10,
  vnd: 12,
  ugx: 12,
}
const KNOWN = new Set(Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()))

/** Stripe takes three-decimal currencies in tens, and UGX and ISK as if they had two decimals that are always 00. */
function step(currency: string): number {
  if (['bhd', 'jod', 'kwd', 'omr', 'tnd'].includes(currency)) return 10
  return ['isk', 'ugx'].includes(currency) ? 100 : 1
}

/** Refuses what Stripe would refuse. `currency` in small letters, `amount` in Stripe's minor units. */
export function checkMoney(amount: number, currency: string): void {
  if (!KNOWN.has(currency)) throw refuseParameter(`Invalid currency: ${currency}.`, { param: 'currency' })
  const digits = MORE_DIGITS[currency] ?? 8
  if (String(amount).length > digits) {
    throw refuseParameter(`Amount must be no more than ${'9'.repeat(digits)}.`, {
      code: 'amount_too_large',
      param: 'amount',
    })
  }
  const minimum = MINIMUM[currency] ?? 1
  if (amount < minimum) {
    const message = `Amount must be at least ${minimum} in the smallest unit of ${currency}`
    throw refuseParameter(message, { code: 'amount_too_small', param: 'amount' })
  }
  if (amount % step(currency) !== 0) {
    const message = `Invalid amount: ${currency} amounts must be divisible by ${step(currency)}.`
    throw refuseParameter(message, { param: 'amount' })
  }
}
