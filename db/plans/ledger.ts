import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Account } from '../../domain/plans/effects.ts'
import { instant, signedAmount, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'
import { Plans } from './plans.ts'
import { Transactions } from './transactions.ts'

/**
 * The ledger. The database refuses an entry that does not balance or has not as many postings as it says, and every
 * change of what is written (see the migration of the guards): a correction is a new entry.
 */
export const JournalEntries = defineEntity({
  ...ofTenant,
  name: 'JournalEntry',
  tableName: 'journal_entries',
  properties: {
    id: text().primary(),
    tenantId: text(),
    planId: () => p.manyToOne(Plans).mapToPk().joinColumn('plan_id').index(false),
    transactionId: () =>
      p
        .manyToOne(Transactions)
        .mapToPk()
        .joinColumn('transaction_id')
        .deferMode('deferred')
        .deleteRule('no action')
        .nullable()
        .index('journal_entries_transaction'),
    at: instant(),
    description: text(),
    /** How many postings it has, so that none can be added later, not even two that cancel out. */
    lines: p.integer(),
    /** Order within a moment. */
    position: p.bigint('number').autoincrement(),
  },
  checks: [{ name: 'journal_entries_lines_check', expression: 'lines >= 2' }],
  indexes: [{ name: 'journal_entries_plan', properties: ['planId', 'at', 'position'] }],
})

export const Postings = defineEntity({
  ...ofTenant,
  name: 'Posting',
  tableName: 'postings',
  properties: {
    entryId: () => p.manyToOne(JournalEntries).primary().mapToPk().joinColumn('entry_id'),
    line: p.integer().primary(),
    tenantId: text(),
    account: p.enum(['receivable', 'income', 'fees', 'discounts', 'cash', 'write_offs', 'payroll'] satisfies Account[]),
    /** Debits positive. */
    amount: signedAmount('amount'),
  },
})

export type JournalEntryRow = InferEntity<typeof JournalEntries>
export type PostingRow = InferEntity<typeof Postings>
