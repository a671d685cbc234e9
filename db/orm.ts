import { fileURLToPath } from 'node:url'
import { Migrator, TSMigrationGenerator } from '@mikro-orm/migrations'
import { defineConfig, MikroORM } from '@mikro-orm/postgresql'
import type { Pool } from 'pg'
import type { KeyRing } from '../secrets/key-ring.ts'
import { entities } from './entities.ts'
import { giveKeys } from './keys.ts'

export type DatabaseOptions = {
  /** Most connections held at once; default 10. */
  poolSize?: number
  /** Shown in pg_stat_activity. */
  name?: string
  /** How long to wait for a connection before giving up, in milliseconds; default 10 s. */
  connectTimeoutMs?: number
  /** What personal data is sealed with; without them it can be neither read nor written. */
  keys?: KeyRing
  /** Told of the pool when the first query makes it. */
  onPool?: (pool: Pool) => void
}

const pools = new WeakMap<MikroORM, Pool>()

/**
 * Connects to PostgreSQL. Fork `orm.em` for each request and each activity; `orm.close()` ends the pool. No connection
 * is made before the first query, so that a database that is down is an error of that query.
 */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<MikroORM> {
  let orm: MikroORM | undefined
  const onPool = (pool: Pool) => void (orm && pools.set(orm, pool))
  orm = await MikroORM.init(databaseConfig(url, { ...options, onPool }))
  if (options.keys) giveKeys(orm.config, options.keys)
  return orm
}

/** Those who wait for a connection, and the connections that there may be at most. */
export function poolOf(orm: MikroORM): { waiting: number; open: number; most: number } {
  const pool = pools.get(orm)
  return { waiting: pool?.waitingCount ?? 0, open: pool?.totalCount ?? 0, most: pool?.options.max ?? 0 }
}

export function databaseConfig(url: string, options: DatabaseOptions = {}) {
  const migrations = fileURLToPath(new URL('./migrations', import.meta.url))
  return defineConfig({
    entities,
    clientUrl: url,
    extensions: [Migrator],
    preferTs: true,
    pool: { min: 0, max: options.poolSize ?? 10 },
    driverOptions: {
      application_name: options.name ?? 'tenor',
      connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
      keepAlive: true,
      onPoolCreated: options.onPool,
      // A process that was cut off while it held a plan's row must not hold it for ever.
      idle_in_transaction_session_timeout: 60_000,
    },
    // Triggers are written by hand in migrations: deferred and TRUNCATE ones cannot be said in an entity.
    schemaGenerator: { ignoreTriggers: true },
    migrations: {
      path: migrations,
      pathTs: migrations,
      snapshotName: 'snapshot',
      snapshotOnMigrate: false,
      emit: 'ts',
      generator: TSMigrationGenerator,
      silent: true,
    },
  })
}
