import { proxyActivities, sleep } from '@temporalio/workflow'
import type { BenchActivities } from '../activities.ts'

/** What Tenor is compared with. SDK defaults throughout, as the guides show them. */

const { nothing, chargeTextbook, receiptTextbook } = proxyActivities<BenchActivities>({
  startToCloseTimeout: '1 minute',
})

export type LoopStart = { plan: string; cycles: number; firstMs: number; everyMs: number }

/** A timer and one activity that does nothing: what a cycle costs before it does anything. */
export async function bareLoop({ cycles, firstMs, everyMs }: LoopStart): Promise<void> {
  for (let k = 0; k < cycles; k++) {
    await sleep(k === 0 ? firstMs : everyMs)
    await nothing()
  }
}

/** A timer, an activity that charges and one that issues the receipt. */
export async function textbookPlan({ plan, cycles, firstMs, everyMs }: LoopStart): Promise<void> {
  for (let k = 1; k <= cycles; k++) {
    await sleep(k === 1 ? firstMs : everyMs)
    const paid = await chargeTextbook({ plan, installment: k })
    await receiptTextbook(paid)
  }
}
