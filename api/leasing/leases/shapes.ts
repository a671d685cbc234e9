import { z } from 'zod'
import { PAYERS } from '../../../domain/leasing/lease.ts'
import { amount, date, instant } from '../../http/fields.ts'
import type { PlanRows } from '../../plans/present.ts'
import { decided, planShapes, Quote } from '../../plans/shapes.ts'

/** What answers about leases hold beside what all plans do. */

const Device = z
  .object({
    code: z.string(),
    name: z.string(),
    price: amount,
    subsidy: amount.meta({ description: 'Of the employer.' }),
    residual: amount.meta({ description: 'What the device costs at the end of the term.' }),
  })
  .meta({ id: 'LeasedDevice', description: 'The model as it was when it was ordered.' })

const EndChoice = z
  .object({ choice: z.enum(['return', 'buy_out', 'extend']), months: z.int().nullable() })
  .meta({ id: 'EndChoice', description: '`months` with `extend`.' })

export const LeasePart = z
  .object({
    client_id: z.string(),
    employee_id: z.string(),
    payer: z.enum(PAYERS),
    device: Device,
    unit: z
      .object({ device_id: z.string(), imei: z.string() })
      .nullable()
      .meta({ description: 'The one that is reserved or with the employee; null in a preview that needs another.' }),
    ordered_at: instant,
    dispatch_by: date,
    dispatched_at: instant.nullable(),
    tracking: z.string().nullable(),
    delivered_at: instant
      .nullable()
      .meta({ description: 'The term begins with this day; until then its dates are as if it were today.' }),
    end_choice: EndChoice,
    ended: z
      .object({ how: z.enum(['return', 'buy_out', 'lost', 'stolen', 'canceled', 'terminated']), at: instant })
      .nullable(),
    damage_waiver_amount: amount.meta({ description: 'Within the total; 0 without cover.' }),
    extension_percent: z.number().meta({ description: 'Of the monthly amount, for each month of an extension.' }),
  })
  .meta({ id: 'LeasePart' })

const lease = { lease: LeasePart }
export const leaseShapes = planShapes('lease_id', 'Lease', lease)
export const Decided = z.object({ ...leaseShapes.plan.shape, ...decided }).meta({ id: 'LeaseDecided' })

export const LeaseQuote = z
  .object({
    ...Quote.shape,
    price: amount,
    subsidy_amount: amount,
    residual_amount: amount.meta({ description: 'What is left to pay for who keeps the device.' }),
    damage_waiver_amount: amount,
    monthly_amount: amount,
  })
  .meta({ id: 'LeaseQuote', description: 'The total is price less subsidy less residual, and the damage waiver.' })

export function showLease({ plan, unit }: PlanRows): { lease: z.output<typeof LeasePart> } {
  const { lease: found } = plan.state
  if (!found) throw new Error(`Plan ${plan.id} is no lease`)
  const { client, payer, device, order, endChoice, ended, waiver, extensionPercent } = found
  return {
    lease: {
      client_id: client,
      employee_id: plan.customerId,
      payer,
      device,
      unit: unit && unit.id === found.unit ? { device_id: unit.id, imei: unit.imei } : null,
      ordered_at: order.orderedAt,
      dispatch_by: order.dispatchBy,
      dispatched_at: order.dispatchedAt,
      tracking: order.tracking,
      delivered_at: order.deliveredAt,
      end_choice: { choice: endChoice.choice, months: endChoice.choice === 'extend' ? endChoice.months : null },
      ended,
      damage_waiver_amount: waiver,
      extension_percent: extensionPercent,
    },
  }
}
