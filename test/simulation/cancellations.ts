import type { CancellationTerms, Terms } from '../../domain/plans/terms.ts'

/** What a cancellation comes to, worked out a second time and otherwise: in fractions, from dates as days since 1970. */
export type Expected = { earned: number; penalty: number; fee: number; refund: number; owed: number }

export function expectedCancellation(of: {
  terms: Pick<Terms, 'startDate' | 'endDate' | 'cancellation'>
  step: number
  netTotal: number
  paid: number
  date: string
}): Expected {
  const { terms, step, netTotal, paid, date } = of
  const { fee = 0, coolingOffDays } = terms.cancellation
  const [start, end, on] = [terms.startDate, terms.endDate, date].map((day) => Date.parse(day) / 86_400_000)
  const termDays = (end ?? 0) - (start ?? 0)
  const sinceStart = (on ?? 0) - (start ?? 0)
  const used = Math.max(0, Math.min(sinceStart, termDays))
  if (sinceStart < 0 || (coolingOffDays !== undefined && used <= coolingOffDays))
    return { earned: 0, penalty: 0, fee: 0, refund: paid, owed: 0 }
  const { earned, penalty } = kept(terms.cancellation, { used, termDays, netTotal, paid, step })
  const left = paid - earned - penalty - fee
  return { earned, penalty, fee, refund: Math.max(left, 0), owed: Math.max(-left, 0) }
}

type Facts = { used: number; termDays: number; netTotal: number; paid: number; step: number }

function kept(terms: CancellationTerms, { used, termDays, netTotal, paid, step }: Facts) {
  const byTime = share(netTotal, used, termDays, step)
  switch (terms.type) {
    case 'none':
      return { earned: paid, penalty: 0 }
    case 'full':
      return { earned: 0, penalty: 0 }
    case 'pro_rata':
      return { earned: byTime, penalty: 0 }
    case 'short_rate':
      return { earned: byTime, penalty: share(netTotal - byTime, Math.round(terms.penaltyPercent * 100), 10_000, step) }
    case 'tiered': {
      const tier = terms.tiers.toSorted((a, b) => b.fromDay - a.fromDay).find((t) => t.fromDay <= used)
      return { earned: paid - share(paid, Math.round((tier?.refundPercent ?? 0) * 100), 10_000, step), penalty: 0 }
    }
    default:
      return terms satisfies never
  }
}

/** `amount × part / whole` in whole steps, half of one upwards; nothing here is negative. */
function share(amount: number, part: number, whole: number, step: number): number {
  const [top, bottom] = [BigInt(amount) * BigInt(part), BigInt(whole) * BigInt(step)]
  const down = top / bottom
  return Number(down + (2n * (top % bottom) >= bottom ? 1n : 0n)) * step
}
