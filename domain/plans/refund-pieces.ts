/** Parts of a payment by instalment; amounts in minor units. */
export type Part = { installment: number; amount: number }

/**
 * Which instalments a refund of one payment is counted on: the newest part first, each at most for what earlier refunds
 * of that payment have left of it (keeps Refunding).
 */
export function partsGivenBack(amount: number, parts: Part[], earlier: Part[]): Part[] {
  const gone = new Map<number, number>()
  for (const part of earlier) gone.set(part.installment, (gone.get(part.installment) ?? 0) + part.amount)
  let left = amount
  const back: Part[] = []
  for (const part of parts.toReversed()) {
    const taken = Math.min(left, Math.max(part.amount - (gone.get(part.installment) ?? 0), 0))
    if (taken === 0) continue
    left -= taken
    back.push({ installment: part.installment, amount: taken })
  }
  return back
}
