import type { EntityName } from '@mikro-orm/core'
import type { EntityManager, QBFilterQuery } from '@mikro-orm/postgresql'

export type PageOptions = {
  /** Most rows of a page. */
  limit: number
  /** `nextCursor` of the page before; absent for the first page. */
  cursor?: string | null
  order?: 'asc' | 'desc'
}
export type Page<Row> = { data: Row[]; nextCursor: string | null }
/** For a filter that nothing can pass. */
export const NOTHING: Page<never> = { data: [], nextCursor: null }

/** The cursor is none that a list of this kind has given. */
export class InvalidCursor extends Error {
  override name = 'InvalidCursor'
}

type Key = { property: string; column: string; is: 'instant' | 'date' | 'text' | 'number' }
/** What a list is ordered by; together the columns are unique, so that rows added meanwhile move no page. */
export type Keyset = readonly [Key, Key]

export const BY_CREATION: Keyset = [
  { property: 'createdAt', column: 'created_at', is: 'instant' },
  { property: 'id', column: 'id', is: 'text' },
]

/**
 * One page of the rows that have these values, from where the cursor left off. Compares the columns as one row value, which is what
 * lets PostgreSQL walk an index on them. Throws `InvalidCursor`.
 */
export async function pageOf<Row extends object>(
  em: EntityManager,
  entity: EntityName<Row>,
  where: Partial<Row>,
  keyset: Keyset,
  options: Required<Pick<PageOptions, 'order'>> & PageOptions,
): Promise<Page<Row>> {
  const { limit, cursor, order } = options
  const columns = keyset.map(({ column }) => column).join(', ')
  const query = em
    .createQueryBuilder(entity)
    .select('*')
    .where(where as QBFilterQuery<Row>)
  if (cursor) query.andWhere(`(${columns}) ${order === 'asc' ? '>' : '<'} (?, ?)`, decodeCursor(cursor, keyset))
  const found = await query
    .orderBy(keyset.map(({ property }) => ({ [property]: order })) as never)
    .limit(limit + 1)
    .getResultList()
  const data = found.slice(0, limit) as Row[]
  const last = data.at(-1)
  return { data, nextCursor: found.length > limit && last ? cursorOf(last, keyset) : null }
}

/** Where a row stands in a list: the rows after it follow this cursor. */
export function cursorOf(row: object, keyset: readonly Key[]): string {
  const values = keyset.map(({ property }) => (row as Record<string, unknown>)[property])
  return Buffer.from(JSON.stringify(values)).toString('base64url')
}

export function decodeCursor(cursor: string, keyset: readonly Key[]): unknown[] {
  let values: unknown
  try {
    values = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw new InvalidCursor(`Not a cursor: ${cursor}`)
  }
  if (!Array.isArray(values) || values.length !== keyset.length || !keyset.every(({ is }, i) => FITS[is](values[i]))) {
    throw new InvalidCursor(`Not a cursor of this list: ${cursor}`)
  }
  return values
}

const FITS = {
  instant: (value: unknown) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)),
  date: (value: unknown) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)),
  // PostgreSQL has no NUL in text.
  text: (value: unknown) => typeof value === 'string' && value.length > 0 && !value.includes('\0'),
  number: (value: unknown) => Number.isSafeInteger(value),
}

/** The filter without what was not asked for. */
export function given<T extends Record<string, unknown>>(filter: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as never
}
