import { z } from 'zod'
import { INSTALLMENT_STATUSES, PLAN_KINDS, PLAN_STATUSES } from '../../domain/plans/plan.ts'
import { amount, anyObject, date, instant, pageOf, signedAmount } from '../http/fields.ts'

/** What answers about plans look like. Fields that do not apply are null, not absent. */

export const InstallmentStatus = z.enum(INSTALLMENT_STATUSES)
export const PlanStatus = z.enum(PLAN_STATUSES)

export const Attempt = z
  .object({
    number: z.int(),
    at: instant,
    outcome: z.enum(['succeeded', 'declined', 'requires_action', 'processing', 'unknown']),
    decline_code: z.string().nullable(),
    transaction_id: z.string(),
  })
  .meta({ id: 'Attempt', description: 'One try to charge an instalment.' })

export const Installment = z
  .object({
    number: z.int(),
    due_date: date,
    due_at: instant,
    amount,
    paid_amount: amount,
    refunded_amount: amount,
    status: InstallmentStatus,
    attempts: z.array(Attempt),
  })
  .meta({ id: 'Installment' })

export const Quote = z
  .object({
    currency: z.string(),
    total_amount: amount,
    discount_amount: amount,
    installments: z.array(z.object({ number: z.int(), due_date: date, due_at: instant, amount })),
  })
  .meta({ id: 'Quote', description: 'The schedule that a creation would give.' })

export const Cancellation = z
  .object({
    effective_date: date,
    used_days: z.int(),
    term_days: z.int(),
    earned_amount: amount,
    fee_amount: amount,
    penalty_amount: amount,
    refund_amount: amount,
    balance_amount: amount,
    explanation: z.string(),
  })
  .meta({ id: 'Cancellation', description: 'What a cancellation comes to, and why.' })

const anyCancellation = {
  cooling_off_days: z.int().optional(),
  fee: z.int().optional(),
  collect_balance: z.boolean().optional(),
}
export const AgreedCancellationTerms = z
  .object({
    type: z.string(),
    ...anyCancellation,
    penalty_percent: z.number().optional(),
    tiers: z.array(z.object({ from_day: z.int(), refund_percent: z.number() })).optional(),
  })
  .meta({ id: 'AgreedCancellationTerms' })

export const Pause = z
  .object({ mode: z.enum(['extend', 'catch_up']), since: instant, until: instant.nullable() })
  .meta({ id: 'Pause' })

const planFields = {
  kind: z.enum(PLAN_KINDS),
  status: PlanStatus,
  customer_id: z.string(),
  currency: z.string(),
  total_amount: amount,
  discount_amount: amount,
  paid_amount: amount.meta({ description: 'Succeeded less returned, before refunds.' }),
  refunded_amount: amount,
  outstanding_amount: amount.meta({ description: 'What is unpaid of open instalments.' }),
  payment_method: z.string(),
  coupon_code: z.string().nullable(),
  start_date: date,
  end_date: date,
  term_duration: z.int().meta({ description: 'Months.' }),
  billing_day: z.int().nullable(),
  billing_weekday: z.int().nullable(),
  timezone: z.string(),
  billing_time: z.string(),
  next_billing_at: instant.nullable().meta({ description: 'The earliest automatic charge, retries included.' }),
  pause: Pause.nullable(),
  installments: z.array(Installment),
  cancellation_terms: AgreedCancellationTerms,
  adjustment_policy: z.enum(['spread', 'catch_up']),
  retry_policy: z.object({ retries: z.int(), every_days: z.union([z.int(), z.array(z.int())]) }),
  reminder_days: z.int(),
  payment_terms: anyObject.nullable(),
  metadata: z.record(z.string(), z.string()),
  test_clock: z.string().nullable(),
  cancellation: Cancellation.nullable(),
  workflow: z.object({ workflow_id: z.string(), run_id: z.string().nullable(), ui_url: z.string() }),
  created_at: instant,
  updated_at: instant,
  canceled_at: instant.nullable(),
}

/** What every decision says of itself. */
export const decided = {
  preview: z.boolean().meta({ description: 'True when nothing was changed.' }),
  provisional: z.boolean().meta({ description: 'A charge was under way: figures may change when its end is known.' }),
  charge_of_the_day: z
    .enum(['before', 'after', 'none'])
    .meta({ description: "Whether the day's charge came before or after this decision; `none` when none is due." }),
}

/** The shapes of one kind of plan, named for it: the name of the id differs between kinds, and what they have besides. */
export function planShapes<IdField extends string, More extends z.ZodRawShape = Record<never, never>>(
  idField: IdField,
  name: string,
  more: More = {} as More,
) {
  const id = { [idField]: z.string() } as Record<IdField, z.ZodString>
  const fields = { ...planFields, ...more }
  const plan = z.object({ ...id, ...fields }).meta({ id: name })
  const adjusted = z
    .object({
      ...id,
      ...fields,
      adjustment: z.object({
        previous_total_amount: amount,
        total_amount: amount,
        refunded: amount,
        charged: amount,
      }),
      ...decided,
    })
    .meta({ id: `${name}Adjusted` })
  const canceled = z.object({ ...id, ...fields, ...decided }).meta({ id: `${name}Canceled` })
  return { plan, adjusted, canceled, list: pageOf(plan, name) }
}

export type PlanBody =
  z.infer<ReturnType<typeof planShapes<'id'>>['plan']> extends infer Whole ? Omit<Whole, 'id'> : never

export const Transaction = z
  .object({
    transaction_id: z.string(),
    plan_id: z.string(),
    type: z.enum(['charge', 'refund']),
    installment_number: z.int().nullable(),
    attempt: z.int().nullable(),
    amount,
    currency: z.string(),
    status: z.enum(['pending', 'processing', 'succeeded', 'failed', 'unknown']),
    decline_code: z.string().nullable(),
    gateway: z.string(),
    gateway_id: z.string().nullable(),
    created_at: instant,
    settled_at: instant.nullable(),
    returned_at: instant.nullable().meta({
      description: 'When a payment that had succeeded was taken back, or a refund that had succeeded came back.',
    }),
  })
  .meta({ id: 'Transaction' })

export const JournalEntry = z
  .object({
    entry_id: z.string(),
    at: instant,
    description: z.string(),
    transaction_id: z.string().nullable(),
    postings: z.array(z.object({ account: z.string(), amount: signedAmount })),
  })
  .meta({ id: 'JournalEntry', description: 'Its postings sum to 0.' })

export const Receipt = z
  .object({
    receipt_id: z.string(),
    plan_id: z.string(),
    transaction_id: z.string(),
    type: z.enum(['payment', 'refund']),
    amount,
    currency: z.string(),
    issued_at: instant,
    pdf_url: z.string().meta({ description: 'Of this API: asked for with a token, as everything else.' }),
  })
  .meta({ id: 'Receipt' })

export const TimelineItem = z
  .object({
    at: instant,
    type: z.string(),
    title: z.string().meta({ description: 'What happened or will, in words.' }),
    why: z.string().nullable().meta({ description: 'Why this amount, why this date.' }),
    amount: amount.nullable(),
    installment_number: z.int().nullable(),
    transaction_id: z.string().nullable(),
    outcome: z.string().nullable(),
    coming: z.boolean().meta({ description: 'It has not happened yet.' }),
  })
  .meta({ id: 'TimelineItem' })

export const Timeline = z.object({ data: z.array(TimelineItem) }).meta({ id: 'Timeline' })
export const TransactionList = pageOf(Transaction, 'Transaction')
export const JournalEntryList = pageOf(JournalEntry, 'JournalEntry')
export const ReceiptList = pageOf(Receipt, 'Receipt')
