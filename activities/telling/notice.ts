import { z } from 'zod'
import type { PAYERS } from '../../domain/leasing/lease.ts'
import { LUMP_SUMS } from '../../domain/leasing/told.ts'
import type { NoticeType, Recipient } from '../../domain/plans/effects.ts'
import type { InstallmentStatus, PlanKind } from '../../domain/plans/plan.ts'
import type { CivilDate, Currency, Instant } from '../../domain/plans/terms.ts'

/** What a notice is about: what the plan's transition said, and the plan and its payment as they are recorded. */
export type Notice = {
  id: string
  type: NoticeType
  /** Who is written to. */
  to: Recipient
  data: NoticeData
  /** When it happened, by the plan's clock. */
  at: Instant
  plan: PlanFacts
  /** The payment or refund it tells of. */
  transaction: { amount: number; installment: number | null } | null
  paymentMethod: string | null
  /** Whose lease it is about, if it is one. */
  lease: LeaseFacts | null
}

export type LeaseFacts = {
  employee: string | null
  client: string | null
  payer: (typeof PAYERS)[number]
  /** What it is called now; a letter says what its notice says. */
  device: string
  /** Of the unit that the notice is about. */
  imei: string | null
}

export type PlanFacts = {
  id: string
  kind: PlanKind
  currency: Currency
  timezone: string
  total: number
  paid: number
  refunded: number
  outstanding: number
  installments: { number: number; dueDate: CivilDate; amount: number; paid: number; status: InstallmentStatus }[]
}

const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().catch(undefined)
const amount = maybe(z.int())
const schedule = maybe(
  z.array(z.object({ number: z.int(), due_date: z.string(), amount: z.int(), unpaid: z.int().optional() })),
)

/**
 * The details that transitions give with a notice. All may be missing: somebody is told less rather than nothing when
 * one is.
 */
const DATA = z.object({
  installment: maybe(z.int()),
  transaction_id: maybe(z.string()),
  amount,
  due_date: maybe(z.string()),
  decline_code: maybe(z.string()),
  retry_on: maybe(z.string()),
  url: maybe(z.url({ protocol: /^https?$/ })),
  previous_total_amount: amount,
  total_amount: amount,
  refunded: amount,
  before: schedule,
  after: schedule,
  effectiveDate: maybe(z.string()),
  usedDays: maybe(z.int()),
  termDays: maybe(z.int()),
  earned: amount,
  fee: amount,
  penalty: amount,
  refund: amount,
  balance: amount,
  provisional: maybe(z.boolean()),
  mode: maybe(z.enum(['extend', 'catch_up'])),
  until: maybe(z.string()),
  device: maybe(z.string()),
  unit: maybe(z.string()),
  instead_of: maybe(z.string()),
  tracking: maybe(z.string()),
  term_months: maybe(z.int()),
  months: maybe(z.int()),
  monthly: amount,
  why: maybe(z.enum(['adjusted', 'paused', 'resumed', 'transferred'])),
  lump_sum: maybe(z.enum(LUMP_SUMS)),
  deducted_on: maybe(z.string()),
  residual: amount,
  start_date: maybe(z.string()),
  end_date: maybe(z.string()),
  dispatch_by: maybe(z.string()),
  choice: maybe(z.enum(['return', 'extend', 'buy_out'])),
  how: maybe(z.enum(['return', 'buy_out', 'lost', 'stolen', 'canceled'])),
})

export type NoticeData = z.output<typeof DATA>

export function readNoticeData(data: Record<string, unknown>): NoticeData {
  return DATA.parse(data)
}
