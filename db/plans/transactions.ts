import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { amount, instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'
import { Plans } from './plans.ts'

export const TRANSACTION_STATUSES = ['pending', 'processing', 'succeeded', 'failed', 'unknown'] as const
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number]
export type Allocation = { installment: number; amount: number }

/**
 * One attempt to move money. A payment that was taken back stays `succeeded`, with when and how much; a refund that came
 * back is `failed`, with the same. Ids are made from
 * the plan and what is attempted (domain/plans/keys.ts), so that none is there twice; the other unique keys hold even
 * if an id were made wrongly.
 */
export const Transactions = defineEntity({
  ...ofTenant,
  name: 'Transaction',
  tableName: 'transactions',
  properties: {
    id: text().primary(),
    tenantId: text(),
    planId: () => p.manyToOne(Plans).mapToPk().joinColumn('plan_id').index(false),
    type: p.enum(['charge', 'refund']),
    /** Null for a one-off payment and for a refund; 0 for the balance of a cancellation. */
    installmentNumber: p.integer().nullable(),
    /** Null for what was paid outside the gateway. */
    attempt: p.integer().nullable(),
    /** Number of the refund in its plan: one refund may be taken from several payments. */
    refundNumber: p.integer().nullable(),
    /** The payment that a refund is taken from, at the gateway or outside it; null for what no payment covers. */
    parentTransactionId: text().nullable(),
    amount: amount('amount'),
    currency: text(),
    status: p.enum([...TRANSACTION_STATUSES]),
    outcome: text().nullable(),
    cause: text().nullable(),
    declineCode: text().nullable(),
    gateway: text(),
    /** The gateway's id, or the reference that a broker gave for a payment outside it. */
    gatewayId: text().nullable(),
    gatewayRequestKey: text().nullable(),
    /** Times it had to be confirmed anew after an unknown end. */
    confirmations: p.integer().default(0),
    refundedAmount: amount('refunded_amount').default(0),
    returnedAmount: amount('returned_amount').default(0),
    returnedAt: instant().nullable(),
    allocations: p.json<Allocation[]>().default('[]'),
    actionUrl: text().nullable(),
    /** Inputs of the amount and the date, so that both can be explained for ever. */
    why: p.json<Record<string, unknown>>().nullable(),
    /** What the attempt came to, as it was told to the plan: told again when it is asked again. */
    answer: p.json<object>().nullable(),
    createdAt: instant(),
    settledAt: instant().nullable(),
    updatedAt: instant(),
  },
  checks: [
    { name: 'transactions_refunded_check', expression: 'refunded_amount <= amount' },
    { name: 'transactions_returned_check', expression: 'returned_amount <= amount' },
    { name: 'transactions_refund_check', expression: `(type = 'refund') = (refund_number is not null)` },
  ],
  indexes: [{ name: 'transactions_plan', properties: ['planId', 'createdAt', 'id'] }],
  uniques: [
    {
      name: 'transactions_attempt',
      properties: ['planId', 'installmentNumber', 'attempt'],
      where: `type = 'charge' and installment_number is not null`,
    },
    {
      name: 'transactions_gateway',
      properties: ['gateway', 'gatewayId'],
      where: `gateway_id is not null and gateway <> 'external'`,
    },
  ],
})

export type TransactionRow = InferEntity<typeof Transactions>
