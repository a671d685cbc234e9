import type { EntityManager } from '@mikro-orm/postgresql'
import { CompiledQuery } from 'kysely'

/**
 * Runs a statement whose text is always the same, its values ($1, $2…) apart from it: PostgreSQL reads and plans it once
 * for each connection, and no query is built here. For what every charge sends; the ORM writes values into its
 * statements, which are all different then. Name its columns: a plan that returns `*` does not survive a migration.
 */
export async function prepared<Row = never>(
  em: EntityManager,
  text: string,
  values: readonly unknown[],
): Promise<{ rows: Row[]; affected: number }> {
  const { rows, numAffectedRows } = await em.getKysely().executeQuery<Row>(CompiledQuery.raw(text, [...values]))
  return { rows, affected: Number(numAffectedRows ?? 0) }
}
