import type { EntityKey, EntityName, RequiredEntityData } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { prepared } from './prepared.ts'

type Rows<Row extends object> = readonly RequiredEntityData<Row>[]
/** Rows of one table as columns, and what makes one of them the same as another. */
export type TableRows = { table: string; key: string[]; rows: Record<string, unknown>[] }

/** Inserts the rows that are not there yet, by `key` (the primary one, if none is named), in one statement; a row that is there stays as it is. */
export async function insertOnce<Row extends object>(
  em: EntityManager,
  entity: EntityName<Row>,
  rows: Rows<Row>,
  key?: EntityKey<Row>[],
): Promise<number> {
  if (rows.length === 0) return 0
  const of = rowsOf(em, entity, rows, key)
  const { affected } = await prepared(em, insertion(of, 1), [JSON.stringify(of.rows)])
  return affected
}

/** The same for rows of several tables, all in one statement. */
export async function insertAllOnce(em: EntityManager, tables: TableRows[]): Promise<void> {
  const filled = tables.filter(({ rows }) => rows.length > 0)
  if (filled.length === 0) return
  const parts = filled.map((of, index) => `"${of.table}_rows" as (${insertion(of, index + 1)})`)
  await prepared(
    em,
    `with ${parts.join(', ')} select`,
    filled.map(({ rows }) => JSON.stringify(rows)),
  )
}

export function rowsOf<Row extends object>(
  em: EntityManager,
  entity: EntityName<Row>,
  rows: Rows<Row>,
  key?: EntityKey<Row>[],
): TableRows {
  const { tableName, properties, primaryKeys } = em.getMetadata().get(entity)
  const column = (name: string) => properties[name as EntityKey<Row>].fieldNames[0] as string
  const named = (row: RequiredEntityData<Row>) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => (value === undefined ? [] : [[column(name), value]])),
    )
  return { table: tableName, key: (key ?? primaryKeys).map(column), rows: rows.map(named) }
}

/** All rows are one value, so that the statement is the same for any number of them. */
function insertion({ table, key, rows }: TableRows, parameter: number): string {
  const columns = [...new Set(rows.flatMap(Object.keys))].map((name) => `"${name}"`).join(', ')
  const conflict = key.map((name) => `"${name}"`).join(', ')
  return `insert into "${table}" (${columns})
    select ${columns} from jsonb_populate_recordset(null::"${table}", $${parameter}) on conflict (${conflict}) do nothing`
}
