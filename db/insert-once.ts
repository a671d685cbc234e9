import type { EntityKey, EntityName, RequiredEntityData } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'

/** Inserts the rows that are not there yet, by `key`, in one statement; a row that is there stays as it is. */
export async function insertOnce<Row extends object>(
  em: EntityManager,
  entity: EntityName<Row>,
  rows: RequiredEntityData<Row>[],
  key: EntityKey<Row>[] = ['id' as EntityKey<Row>],
): Promise<number> {
  if (rows.length === 0) return 0
  const result = await em
    .createQueryBuilder(entity)
    .insert(rows)
    .onConflict(key as never)
    .ignore()
    .execute('run')
  return result.affectedRows
}
