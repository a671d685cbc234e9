import { isChargeable } from '../../domain/money.ts'
import type { Currency } from '../../domain/plans/terms.ts'

/** Where Stripe's units differ from those of ISO 4217: how many of Stripe's make `per` of ours. */
const SCALE: Readonly<Record<Currency, { stripe: number; per: number }>> = {
  // No decimals in ISO 4217; Stripe keeps two for old times' sake, which must be 00.
  UGX: { stripe: 100, per: 1 },
  ISK: { stripe: 100, per: 1 },
  // Two decimals in ISO 4217, none at Stripe.
  MGA: { stripe: 1, per: 100 },
}

/**
 * Minor units of ISO 4217 in Stripe's own; `null` if Stripe cannot charge this amount. HUF and TWD have whole units in
 * payouts only: they are charged with two decimals.
 */
export function toStripe(amount: number, currency: Currency): number | null {
  if (!isChargeable(amount, currency)) return null
  const scale = SCALE[currency]
  const counted = scale ? (amount / scale.per) * scale.stripe : amount
  return Number.isSafeInteger(counted) ? counted : null
}

/** The amount in minor units of ISO 4217 that Stripe's own is. */
export function fromStripe(amount: number, currency: Currency): number {
  const scale = SCALE[currency]
  return scale ? (amount / scale.stripe) * scale.per : amount
}
