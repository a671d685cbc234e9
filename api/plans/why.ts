import { z } from 'zod'
import type { TransactionRow } from '../../db/plans/transactions.ts'
import { describeDate } from '../../domain/calendar.ts'
import { PAYROLL } from '../../domain/plans/plan.ts'

const CAUSES: Record<string, string> = {
  due: 'charged on its due date',
  retry: 'tried again by the retry policy',
  broker: "tried again at a broker's word",
  payment_method: 'tried at once with the new payment method',
  one_off: 'a payment outside the schedule',
  mark_paid: 'paid by other means, as a broker has recorded',
  adjustment: 'given back because the total was adjusted',
  cancellation: 'given back because of the cancellation',
  overpaid: 'given back because more was paid than owed',
}

const BY_PAY: Record<string, string> = { due: 'deducted from pay on its due date', retry: 'deducted from pay instead' }

const maybe = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined)
/** The inputs that are kept with a movement, as far as they are told. */
const Inputs = z.object({
  cause: maybe(z.string()),
  due_date: maybe(z.iso.date()),
  installment_amount: maybe(z.int()),
  already_paid: maybe(z.int()),
  total_amount: maybe(z.int()),
  discount_amount: maybe(z.int()),
  refund_amount: maybe(z.int()),
  reference: maybe(z.string()),
  parts: maybe(z.array(z.object({ installment: z.int(), amount: z.int() }))),
})

/** Why this amount and why this date, in words, from what was kept when the money moved; null when nothing was. */
export function whyMoved(
  { why, gateway }: Pick<TransactionRow, 'why'> & { gateway?: string },
  money: (amount: number) => string,
): string | null {
  const kept = Inputs.safeParse(why)
  if (!kept.success) return null
  const {
    cause,
    due_date,
    installment_amount,
    already_paid,
    total_amount,
    discount_amount,
    refund_amount,
    reference,
    parts,
  } = kept.data
  const said = [
    cause && ((gateway === PAYROLL.type && BY_PAY[cause]) || (CAUSES[cause] ?? cause.replaceAll('_', ' '))),
    due_date && `due ${describeDate(due_date)}`,
    installment_amount !== undefined && `${money(installment_amount)} by the schedule`,
    already_paid && `less ${money(already_paid)} paid before`,
    total_amount !== undefined && `of a total of ${money(total_amount)}`,
    discount_amount && `with a discount of ${money(discount_amount)}`,
    refund_amount !== undefined && `part of a refund of ${money(refund_amount)}`,
    parts?.length && `for ${parts.map((part) => `instalment ${part.installment}: ${money(part.amount)}`).join(', ')}`,
    reference && `reference ${reference}`,
  ].filter(Boolean)
  const text = said.join('; ')
  return text === '' ? null : text.charAt(0).toUpperCase() + text.slice(1)
}
