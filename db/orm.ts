import { fileURLToPath } from 'node:url'
import { Migrator, TSMigrationGenerator } from '@mikro-orm/migrations'
import { defineConfig, MikroORM } from '@mikro-orm/postgresql'
import pg, { type Pool } from 'pg'
import type { KeyRing } from '../secrets/key-ring.ts'
import { entities } from './entities.ts'
import { giveKeys } from './keys.ts'
import { TenantClient } from './tenancy/client.ts'
import { type RoleName, refuseUnsafeRole, UnsafeRole } from './tenancy/roles.ts'

export type DatabaseOptions = {
  /**
   * As whom a program works here. Its connections are refused (`UnsafeRole`) when their role could pass the fence between
   * tenants by, and so is a statement of which nobody has said whose rows it is about. Unset for whoever makes the tables.
   */
  role?: RoleName
  /** Most connections held at once; default 10. */
  poolSize?: number
  /** Shown in pg_stat_activity. */
  name?: string
  /** How long to wait for a connection before giving up, in milliseconds; default 10 s. */
  connectTimeoutMs?: number
  /** How long to wait for an answer before the connection is given up, in milliseconds; default 60 s. */
  answerWithinMs?: number
  /** What personal data is sealed with; without them it can be neither read nor written. */
  keys?: KeyRing
  /** Told of the pool when the first query makes it. */
  onPool?: (pool: Pool) => void
}

const pools = new WeakMap<MikroORM, Pool>()

/**
 * Connects to PostgreSQL as the URL says, with `?sslmode=`, `?sslrootcert=` and `?options=` as pg reads them. Fork `orm.em`
 * for each request and each activity; `orm.close()` ends the pool. No connection is kept before the first query, so that a
 * database that is down is an error of that query. Throws `UnsafeRole`.
 */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<MikroORM> {
  if (options.role) await checkAtStart(url, options.role, options.connectTimeoutMs)
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
  const { role } = options
  const migrations = fileURLToPath(new URL('./migrations', import.meta.url))
  return defineConfig({
    entities,
    clientUrl: url,
    extensions: [Migrator],
    preferTs: true,
    pool: { min: 0, max: options.poolSize ?? 10 },
    driverOptions: {
      Client: TenantClient,
      needsScope: role !== undefined,
      ...(role && { verify: (client: TenantClient, done: Done) => void verify(client, role, done) }),
      // The ORM takes host, port and names out of its URL and leaves the rest: whether there is TLS is said in the rest.
      connectionString: url,
      application_name: options.name ?? 'tenor',
      connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      // Migrations may take longer.
      ...(role && { answerWithinMs: options.answerWithinMs ?? 60_000 }),
      onPoolCreated: options.onPool,
      // A process that was cut off while it held a plan's row must not hold it for ever.
      idle_in_transaction_session_timeout: 60_000,
    },
    // Written by hand in migrations: deferred and TRUNCATE triggers, and the functions that go with them, cannot be said
    // in an entity.
    schemaGenerator: { ignoreTriggers: true, ignoreRoutines: true },
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

/** Only what is known is refused here: a database that is down is looked at when it is back, by each connection. */
async function checkAtStart(url: string, role: RoleName, connectionTimeoutMillis = 10_000): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis })
  client.on('error', () => {})
  try {
    await client.connect()
    await refuseUnsafeRole((sql, values) => client.query(sql, values), role)
  } catch (error) {
    if (error instanceof UnsafeRole) throw error
  } finally {
    await client.end().catch(() => {})
  }
}

type Done = (error?: Error) => void

async function verify(client: TenantClient, role: RoleName, done: Done): Promise<void> {
  let refused: Error | undefined
  try {
    await refuseUnsafeRole((sql, values) => client.plain(sql, values), role)
  } catch (error) {
    refused = error as Error
  }
  done(refused)
}
