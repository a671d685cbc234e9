import type { MikroORM } from '@mikro-orm/postgresql'
import pg from 'pg'
import type { KeyRing } from '../secrets/key-ring.ts'
import { openDatabase } from './orm.ts'

/** Any number, the same in every copy of Tenor: who holds it is migrating this database. */
const MIGRATION_LOCK = 7_364_019

/** Brings the database up to the newest schema. Two copies that start at once do it one after the other. */
/** `keys` for a database that has personal data from before they were encrypted. */
export async function migrate(url: string, keys?: KeyRing): Promise<string[]> {
  return withMigrator(url, keys, async (orm) => (await orm.migrator.up()).map(({ name }) => name))
}

/** Takes back the last migration, or every one down to and with `to`; `'all'` leaves an empty database. */
export async function migrateDown(url: string, to?: string | 'all'): Promise<string[]> {
  const options = to === 'all' ? { to: 0 } : to ? { to } : undefined
  return withMigrator(url, undefined, async (orm) => (await orm.migrator.down(options)).map(({ name }) => name))
}

async function withMigrator<T>(
  url: string,
  keys: KeyRing | undefined,
  work: (orm: MikroORM) => Promise<T>,
): Promise<T> {
  const lock = new pg.Client({ connectionString: url, application_name: 'tenor-migrate' })
  await lock.connect()
  try {
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    const orm = await openDatabase(url, { name: 'tenor-migrate', poolSize: 2, ...(keys && { keys }) })
    try {
      return await work(orm)
    } finally {
      await orm.close()
    }
  } finally {
    await lock.end()
  }
}

if (import.meta.main) {
  const url = process.env.DATABASE_URL
  if (!url) throw new Error('DATABASE_URL is not set: the database to migrate.')
  const [direction = 'up', to] = process.argv.slice(2)
  const done = direction === 'down' ? await migrateDown(url, to) : await migrate(url)
  console.log(done.length > 0 ? `${direction}: ${done.join(', ')}` : `${direction}: nothing to do`)
}
