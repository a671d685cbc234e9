import type { MikroORM } from '@mikro-orm/postgresql'
import pg from 'pg'
import type { KeyRing } from '../secrets/key-ring.ts'
import { openDatabase } from './orm.ts'
import { ensureLogin, ensureRoles, grantRights } from './tenancy/roles.ts'

/** Any number, the same in every copy of Tenor: who holds it is migrating this database. */
const MIGRATION_LOCK = 7_364_019

/**
 * Brings the database up to the newest schema, with the roles that programs work as and their rights. `url` is the owner's,
 * of the role that tables belong to; `keys` are for one that has personal data from before they were encrypted. Two copies
 * that start at once do it one after the other.
 */
export async function migrate(url: string, keys?: KeyRing): Promise<string[]> {
  return withMigrator(url, keys, async (orm) => (await orm.migrator.up()).map(({ name }) => name))
}

/** Takes back the last migration, or every one down to and with `to`; `'all'` leaves an empty database. */
export async function migrateDown(url: string, to?: string | 'all'): Promise<string[]> {
  const options = to === 'all' ? { to: 0 } : to ? { to } : undefined
  return withMigrator(url, undefined, async (orm) => (await orm.migrator.down(options)).map(({ name }) => name))
}

/** One database by the logins of those who work with it; `owner` is whom its tables belong to. */
export type DatabaseUrls = { owner: string; api: string; worker: string }

/** The same, and before it the logins that API and workers connect with, where they are missing. Once per release. */
export async function prepareDatabase(urls: DatabaseUrls, keys?: KeyRing): Promise<string[]> {
  await ensureLogin(urls.owner, 'api', urls.api)
  await ensureLogin(urls.owner, 'worker', urls.worker)
  return migrate(urls.owner, keys)
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
    await ensureRoles(lock)
    const orm = await openDatabase(seeingAll(url), { name: 'tenor-migrate', poolSize: 2, ...(keys && { keys }) })
    try {
      const done = await work(orm)
      await grantRights(lock)
      return done
    } finally {
      await orm.close()
    }
  } finally {
    await lock.end()
  }
}

/** The owner is fenced in too: a migration that moves data must find it. */
export function seeingAll(url: string): string {
  const seeing = new URL(url)
  seeing.searchParams.set('options', '-c tenor.all_tenants=on')
  return seeing.href
}

if (import.meta.main) {
  const url = process.env.DATABASE_OWNER_URL
  if (!url) throw new Error('DATABASE_OWNER_URL is not set: the database to migrate, as the role that owns its tables.')
  const { DATABASE_URL: api, DATABASE_WORKER_URL: worker } = process.env
  if (api) await ensureLogin(url, 'api', api)
  if (worker) await ensureLogin(url, 'worker', worker)
  const [direction = 'up', to] = process.argv.slice(2)
  const done = direction === 'down' ? await migrateDown(url, to) : await migrate(url)
  console.log(done.length > 0 ? `${direction}: ${done.join(', ')}` : `${direction}: nothing to do`)
}
