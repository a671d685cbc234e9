import { addDays, civilOf } from '../calendar.ts'
import type { Minor } from '../money.ts'
import type { Decision, Effect } from '../plans/effects.ts'
import { makePlan, type NewPlan } from '../plans/make.ts'
import type { LeasedDevice, Payer, UnitMoved } from './lease.ts'
import { tell } from './told.ts'

export type NewLease = Omit<NewPlan, 'kind'> & {
  client: string
  payer: Payer
  device: LeasedDevice
  /** The unit that was put aside for it. */
  unit: string
  waiver: Minor
  extensionPercent: number
  dispatchDays: number
}

/**
 * Orders a device on lease (keeps Leasing): the unit is reserved and the back office told to dispatch it. The term, and
 * with it the schedule, begins on the day of delivery; until then dates are what they would be from today. Throws
 * RuleBroken as `makePlan` does.
 */
export function makeLease(asked: NewLease): Decision {
  const { client, payer, device, unit, waiver, extensionPercent, dispatchDays, ...plan } = asked
  const made = makePlan({ ...plan, kind: 'lease' })
  const { timezone } = asked.terms
  const lease: Decision['plan'] = {
    ...made.plan,
    lifecycle: 'init',
    lease: {
      client,
      payer,
      device,
      unit,
      waiver,
      monthly: null,
      extensionPercent,
      order: {
        orderedAt: asked.now,
        dispatchBy: addDays(civilOf(asked.now, timezone), dispatchDays),
        overdue: 'no',
        escalation: null,
        dispatchedAt: null,
        tracking: null,
        deliveredAt: null,
      },
      endChoice: { choice: 'return' },
      asked: [],
      extensionMonthly: null,
      ended: null,
      toCome: null,
      sold: false,
    },
  }
  const reserved: UnitMoved = { write: 'unit', unit, to: 'reserved', lease: asked.id }
  const agreed = made.effects.filter((effect: Effect) => effect.write !== 'notice')
  const data = { device: device.name, unit, total_amount: asked.total, term_months: asked.terms.termMonths }
  return {
    plan: lease,
    effects: [
      ...agreed,
      reserved,
      ...tell('created', 'lease.created', ['customer', 'client'], data),
      ...tell('dispatch-wanted', 'dispatch.wanted', ['back_office'], data),
    ],
  }
}
