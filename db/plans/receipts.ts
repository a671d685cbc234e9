import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { amount, instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'
import { Plans } from './plans.ts'
import { Transactions } from './transactions.ts'

/** One receipt for each transaction that succeeded, never changed. */
export const Receipts = defineEntity({
  ...ofTenant,
  name: 'Receipt',
  tableName: 'receipts',
  properties: {
    id: text().primary(),
    tenantId: text(),
    planId: () => p.manyToOne(Plans).mapToPk().joinColumn('plan_id').index(false),
    transactionId: () =>
      p.manyToOne(Transactions).mapToPk().joinColumn('transaction_id').deferMode('deferred').index(false),
    /** Counts the receipts of a plan from 1, without gaps. */
    number: p.integer(),
    type: p.enum(['payment', 'refund']),
    amount: amount('amount'),
    currency: text(),
    issuedAt: instant(),
    data: p.json<Record<string, unknown>>().default('{}'),
  },
  indexes: [{ name: 'receipts_issued', properties: ['planId', 'issuedAt', 'id'] }],
  uniques: [
    { name: 'receipts_transaction', properties: ['transactionId'] },
    { name: 'receipts_number', properties: ['planId', 'number'] },
  ],
})

export type ReceiptRow = InferEntity<typeof Receipts>
