import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import pg from 'pg'
import { type DatabaseUrls, prepareDatabase } from '../db/migrate.ts'
import { encrypting } from '../secrets/data-converter.ts'
import { areListening, programPart } from '../workers/stack/children.ts'
import { createPart, type Part, type PartSpec } from '../workers/stack/part.ts'
import { freePorts } from '../workers/stack/ports.ts'
import { postgresPart, postgresUrls, preparePostgresDatabase } from '../workers/stack/postgres.ts'
import { registerSearchAttributes, temporalPart } from '../workers/stack/temporal.ts'
import { cpuSeconds } from './cpu.ts'
import { BENCH_KEYS } from './keys.ts'
import { lowPorts, temporalOnPostgres } from './temporal-server.ts'

export type Servers = {
  home: string
  address: string
  databaseUrls: DatabaseUrls
  stripeUrl: string
  /** A database on this PostgreSQL, as the superuser. */
  ownUrl(database: string): string
  client: Client
  /** As the superuser; for reading sizes as well. */
  sql: pg.Pool
  /** CPU seconds so far, by process. */
  cpu(): Record<'temporal' | 'postgres' | 'sandbox', number>
  /** The stand-in for Stripe anew, allowing so many requests a second. */
  restartStripe(requestsPerSecond?: number): Promise<void>
  stop(): Promise<void>
}

export const TENOR_DATABASE = 'tenor'
const READY_WITHIN_MS = 90_000

type Options = { sqlite: boolean; say: (line: string) => void }

/** PostgreSQL, Temporal (on that PostgreSQL, or with `sqlite` the development server) and the stand-in for Stripe. */
export async function startServers(options: Options): Promise<Servers> {
  const home = fs.mkdtempSync(join(tmpdir(), 'tenor-bench-'))
  fs.chmodSync(home, 0o755)
  const parts = new Map<string, Part>()
  const stop = async () => {
    for (const name of ['stripe', 'temporal', 'postgres']) await parts.get(name)?.stop()
    fs.rmSync(home, { recursive: true, force: true })
  }
  try {
    return await bringUp(home, parts, stop, options)
  } catch (error) {
    await stop()
    throw error
  }
}

async function bringUp(
  home: string,
  parts: Map<string, Part>,
  stopParts: () => Promise<void>,
  { sqlite, say }: Options,
): Promise<Servers> {
  const [temporalPort = 0] = await lowPorts(1)
  const ports = { ...(await freePorts()), temporal: temporalPort }
  const log = (name: string) => join(home, `${name}.log`)
  const start = async (spec: PartSpec) => {
    const part = createPart(spec)
    parts.set(spec.name, part)
    await part.start()
  }
  await start(await postgresPart({ home, port: ports.postgres, logFile: log('postgres') }))
  await preparePostgresDatabase(ports.postgres, TENOR_DATABASE)
  const databaseUrls = postgresUrls(ports.postgres, TENOR_DATABASE)
  await prepareDatabase(databaseUrls)
  const temporal = { port: ports.temporal, namespace: 'default', logFile: log('temporal'), say }
  await start(
    sqlite
      ? await temporalPart({ ...temporal, dbFile: join(home, 'temporal.db') })
      : await temporalOnPostgres({ ...temporal, home, postgresPort: ports.postgres }),
  )
  const address = `127.0.0.1:${ports.temporal}`
  await registerSearchAttributes(address, 'default')
  await start(stripePart(ports.stripe, log('stripe')))
  const connection = await Connection.connect({ address })
  const superuser = { host: '127.0.0.1', port: ports.postgres, user: 'postgres' }
  const sql = new pg.Pool({ ...superuser, database: TENOR_DATABASE, max: 4 })
  const cpuOf = (name: string) => cpuSeconds(parts.get(name)?.pid() ?? 0)
  return {
    ...{ home, address, databaseUrls, sql, client: new Client({ connection, dataConverter: encrypting(BENCH_KEYS) }) },
    stripeUrl: `http://127.0.0.1:${ports.stripe}`,
    ownUrl: (database) => `postgres://postgres:postgres@127.0.0.1:${ports.postgres}/${database}`,
    cpu: () => ({ temporal: cpuOf('temporal'), postgres: cpuOf('postgres'), sandbox: cpuOf('stripe') }),
    async restartStripe(requestsPerSecond) {
      await parts.get('stripe')?.stop()
      await start(stripePart(ports.stripe, log('stripe'), requestsPerSecond))
    },
    async stop() {
      await connection.close()
      await sql.end()
      await stopParts()
    },
  }
}

function stripePart(port: number, logFile: string, requestsPerSecond?: number): PartSpec {
  const limit = requestsPerSecond && { SANDBOX_STRIPE_REQUESTS_PER_SECOND: String(requestsPerSecond) }
  return programPart('stripe', ['sandbox/main.ts', 'stripe'], {
    env: { ...process.env, SANDBOX_STRIPE_PORT: String(port), ...limit },
    logFile,
    ready: () => areListening(port),
    readyTimeoutMs: READY_WITHIN_MS,
  })
}
