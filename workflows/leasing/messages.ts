import { defineUpdate } from '@temporalio/workflow'
import type { EndChoice, LeasedDevice, OffboardingRule } from '../../domain/leasing/lease.ts'
import type { PaymentMethod } from '../../domain/plans/plan.ts'
import type { AdjustAnswer, Command, Decided } from '../plans/messages.ts'

/** What can be said to a lease beside what every plan hears; each as an Update and as a Signal. */

export type DispatchCommand = Command & { tracking: string | null }
export type DeliverCommand = Command
/** `substitute` is a unit that was put aside for this lease; `null` when there is none. */
export type OutOfStockCommand = Command & { substitute: string | null }
export type ChooseEndCommand = Command & { end: EndChoice }
/**
 * `unit` was put aside for this lease; minor units: `monthly` by the term as it was agreed, of which `waiver` is for cover,
 * over the term.
 */
export type ExchangeCommand = Command & {
  unit: string
  device: LeasedDevice
  monthly: number
  waiver?: number
  reason: string | null
}
/** Minor units a month. */
export type AddWaiverCommand = Command & { monthly: number }
export type ReportGoneCommand = Command & { how: 'lost' | 'stolen' }
export type BuyOutCommand = Command
export type OffboardCommand = Command & { rule: OffboardingRule; paymentMethod: PaymentMethod | null }
export type OffboardAnswer = Decided & { outcome: OffboardingRule | 'canceled' | 'unchanged' }

export const dispatch = defineUpdate<Decided, [DispatchCommand]>('dispatch')
export const deliver = defineUpdate<Decided, [DeliverCommand]>('deliver')
export const markOutOfStock = defineUpdate<Decided, [OutOfStockCommand]>('markOutOfStock')
export const chooseEnd = defineUpdate<Decided, [ChooseEndCommand]>('chooseEnd')
export const exchange = defineUpdate<AdjustAnswer, [ExchangeCommand]>('exchange')
export const addWaiver = defineUpdate<AdjustAnswer, [AddWaiverCommand]>('addWaiver')
export const reportGone = defineUpdate<Decided, [ReportGoneCommand]>('reportGone')
export const buyOut = defineUpdate<Decided, [BuyOutCommand]>('buyOut')
export const offboard = defineUpdate<OffboardAnswer, [OffboardCommand]>('offboard')
