import type { EntityManager } from '@mikro-orm/postgresql'
import type { Posting } from '../../domain/plans/effects.ts'
import { type Keyset, type Page, type PageOptions, pageOf } from '../pages.ts'
import { JournalEntries, type JournalEntryRow, Postings } from './ledger.ts'

export type LedgerEntry = JournalEntryRow & { postings: Posting[] }

const BY_MOMENT: Keyset = [
  { property: 'at', column: 'at', is: 'instant' },
  { property: 'position', column: 'position', is: 'number' },
]

/** Journal entries of one plan with their postings, oldest first. */
export async function listLedger(
  em: EntityManager,
  tenant: string,
  filter: { planId: string },
  page: PageOptions,
): Promise<Page<LedgerEntry>> {
  const { data, nextCursor } = await pageOf(em, JournalEntries, { ...filter, tenantId: tenant }, BY_MOMENT, {
    order: 'asc',
    ...page,
  })
  return { data: await withPostings(em, data), nextCursor }
}

async function withPostings(em: EntityManager, entries: JournalEntryRow[]): Promise<LedgerEntry[]> {
  const postings = await em.find(
    Postings,
    { entryId: { $in: entries.map(({ id }) => id) } },
    { orderBy: { entryId: 'asc', line: 'asc' } },
  )
  const byEntry = Map.groupBy(postings, ({ entryId }) => entryId)
  return entries.map((entry) => ({
    ...entry,
    postings: (byEntry.get(entry.id) ?? []).map(({ account, amount }) => ({ account, amount })),
  }))
}
