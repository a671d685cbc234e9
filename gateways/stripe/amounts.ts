import type { Currency } from '../../domain/plans/terms.ts'

/** Where Stripe's units differ from those of ISO 4217: how many of Stripe's make `per` of ours. */
const SCALE: Readonly<Record<Currency, { stripe: number; per: number }>> = {
  // No decimals in ISO 4217; Stripe keeps two for old times' sake, which must be 00.
  UGX: { stripe: 100, per: 1 },
  ISK: { stripe: 100, per: 1 },
  // Two decimals in ISO 4217, none at Stripe.
  MGA: { stripe: 1, per: 100 },
}

/** Three decimals, of which the card networks take two. */
const IN_TENS: readonly Currency[] = ['BHD', 'JOD', 'KWD', 'OMR', 'TND']

/**
 * The smallest step, in minor units of ISO 4217, in which Stripe charges a currency: schedules are made of multiples of
 * it. HUF and TWD have whole units in payouts only; they are charged with two decimals.
 */
export function chargeStep(currency: Currency): number {
  return SCALE[currency]?.per ?? (IN_TENS.includes(currency) ? 10 : 1)
}

/** Minor units of ISO 4217 in Stripe's own; `null` if Stripe cannot charge this amount. */
export function toStripe(amount: number, currency: Currency): number | null {
  if (!Number.isSafeInteger(amount) || amount % chargeStep(currency) !== 0) return null
  const scale = SCALE[currency]
  return scale ? (amount / scale.per) * scale.stripe : amount
}

/** Stripe's units in minor units of ISO 4217; `currency` in either case. */
export function fromStripe(amount: number, currency: string): number {
  const scale = SCALE[currency.toUpperCase()]
  return scale ? (amount / scale.stripe) * scale.per : amount
}
