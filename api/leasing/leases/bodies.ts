import { z } from 'zod'
import { PAYERS, reminderDaysOf } from '../../../domain/leasing/lease.ts'
import { line, metadata, paymentMethodId, positiveAmount, timeOfDay, timezone } from '../../http/fields.ts'
import { RetryPolicyBody } from '../../plans/agreements.ts'

export const deviceCode = line(64).meta({ description: 'Code of a model.' })
export const employeeId = line(64)
/** What is wanted of a device; the rest is the store's to say. */
export const wanted = {
  device_code: deviceCode,
  term_months: z.int().min(1).max(120),
  payer: z.enum(PAYERS),
  damage_waiver: z.boolean().default(false),
}
const fields = {
  ...wanted,
  total_amount: positiveAmount
    .optional()
    .meta({ description: 'For the whole term, in place of what the store makes of the price; the waiver included.' }),
  payment_method: paymentMethodId.optional().meta({ description: "The employee's, when they pay themselves." }),
  billing_day: z.int().min(1).max(31).optional().meta({ description: "The store's, unless it is given." }),
  timezone: timezone.optional().meta({ description: "That of the client's statements, unless it is given." }),
  billing_time: timeOfDay.optional().meta({ description: '09:00, unless it is given.' }),
  retry_policy: RetryPolicyBody.optional(),
  reminder_days: z
    .int()
    .min(0)
    .max(60)
    .optional()
    .meta({
      description: `Unless it is given, ${reminderDaysOf('employee')} for who pays themselves, and ${reminderDaysOf('payroll')} for payroll.`,
    }),
  coupon_code: line(64).optional(),
  test_clock: line(64).optional().meta({ description: "The client's; no other one is taken." }),
  metadata: metadata.optional(),
}

export const LeaseBody = z
  .strictObject({ employee_id: employeeId, ...fields })
  .meta({ id: 'LeaseBody', description: 'A device to be ordered for an employee.' })
export const LeaseQuoteBody = z
  .strictObject({ employee_id: employeeId.optional(), ...fields })
  .meta({ id: 'LeaseQuoteBody', description: 'As for an order; an employee who asks need not name themselves.' })
export type OrderBody = z.output<typeof LeaseQuoteBody>

/** What the client and the store decide, unless our own staff do. */
export const STAFF_ONLY = ['total_amount', 'billing_day', 'timezone', 'billing_time', 'retry_policy'] as const

export const LeaseChangeBody = z
  .strictObject({ total_amount: positiveAmount.optional(), damage_waiver: z.literal(true).optional() })
  .refine((body) => Object.keys(body).length === 1, 'must have exactly one of total_amount and damage_waiver')
  .meta({
    id: 'LeaseChangeBody',
    description: 'Another total amount, or damage cover for the months that are still to come.',
    minProperties: 1,
    maxProperties: 1,
  })
