import { execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import pg from 'pg'
import type { PartSpec } from '../workers/stack/part.ts'
import { isPortFree } from '../workers/stack/ports.ts'
import { isServing } from '../workers/stack/temporal.ts'

const VERSION = '1.29.1'
const PROGRAMS = { server: 'cmd/server', sql: 'cmd/tools/sql' }
const SUPERUSER = 'postgres'
const STORES = { temporal: 'postgresql/v12/temporal', temporal_visibility: 'postgresql/v12/visibility' }

type Options = {
  home: string
  port: number
  postgresPort: number
  namespace: string
  logFile: string
  say: (line: string) => void
}

/**
 * Temporal as it is run in production: the server proper, all its services in one process, on PostgreSQL. Built by Go
 * once and kept in the user's cache. Throws with a word on `--sqlite` when it cannot be built.
 */
export async function temporalOnPostgres(options: Options): Promise<PartSpec> {
  const folder = await programs(options.say)
  await makeStores(join(folder, 'sql'), options.postgresPort)
  await writeConfig(options)
  const address = `127.0.0.1:${options.port}`
  return {
    name: 'temporal',
    command: join(folder, 'server'),
    args: ['--root', options.home, '--config', 'temporal', '--env', 'bench', '--allow-no-auth', 'start'],
    logFile: options.logFile,
    ready: () => isReady(address, options.namespace),
    readyTimeoutMs: 120_000,
    stopGraceMs: 20_000,
  }
}

/** A new server knows no namespace, and a namespace is only known to it some seconds after it was made. */
async function isReady(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' })
  try {
    const { namespaces } = await connection.workflowService.listNamespaces({})
    if (!namespaces?.some((one) => one.namespaceInfo?.name === namespace)) {
      const day = { seconds: 86_400 as never }
      await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: day })
    }
  } finally {
    await connection.close()
  }
  return isServing(address, namespace)
}

/** Ports below 32,768: the server keeps its own in a column that holds no higher ones. */
export async function lowPorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  while (found.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isPortFree(port)) found.add(port)
  }
  return [...found]
}

async function makeStores(tool: string, port: number): Promise<void> {
  const admin = new pg.Client({ host: '127.0.0.1', port, user: SUPERUSER, database: 'postgres' })
  await admin.connect()
  for (const name of Object.keys(STORES)) await admin.query(`create database ${name}`)
  await admin.end()
  for (const [name, schema] of Object.entries(STORES)) {
    const where = ['--plugin', 'postgres12_pgx', '--ep', '127.0.0.1', '-p', String(port), '-u', SUPERUSER, '--db', name]
    const run = (...args: string[]) => execFileSync(tool, [...where, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    run('setup-schema', '-v', '0.0')
    run('update-schema', '--schema-name', schema)
  }
}

/** Four shards, since there are two cores; everything else is as the server has it by itself. YAML takes JSON. */
async function writeConfig({ home, port, postgresPort }: Options): Promise<void> {
  const free = await lowPorts(7)
  const store = (databaseName: string, maxConns: number) => ({
    sql: {
      ...{ pluginName: 'postgres12_pgx', databaseName, connectAddr: `127.0.0.1:${postgresPort}` },
      ...{
        connectProtocol: 'tcp',
        user: SUPERUSER,
        password: '',
        maxConns,
        maxIdleConns: maxConns,
        maxConnLifetime: '1h',
      },
    },
  })
  const service = (grpcPort: number | undefined) => ({
    rpc: { grpcPort, membershipPort: free.pop(), bindOnLocalHost: true },
  })
  const cluster = { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: `127.0.0.1:${port}` }
  const config = {
    log: { stdout: true, level: 'warn' },
    persistence: {
      ...{ defaultStore: 'default', visibilityStore: 'visibility', numHistoryShards: 4 },
      datastores: { default: store('temporal', 20), visibility: store('temporal_visibility', 5) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: service(port),
      matching: service(free.pop()),
      history: service(free.pop()),
      worker: service(free.pop()),
    },
    clusterMetadata: {
      ...{ enableGlobalNamespace: false, failoverVersionIncrement: 10 },
      ...{ masterClusterName: 'active', currentClusterName: 'active', clusterInformation: { active: cluster } },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: `127.0.0.1:${port}` },
    dynamicConfigClient: { filepath: join(home, 'temporal/dynamic.yaml'), pollInterval: '60s' },
  }
  const folder = join(home, 'temporal')
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(join(folder, 'bench.yaml'), JSON.stringify(config, null, 2))
  const refresh = { 'system.forceSearchAttributesCacheRefreshOnRead': [{ value: true }] }
  fs.writeFileSync(join(folder, 'dynamic.yaml'), JSON.stringify(refresh))
}

async function programs(say: (line: string) => void): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME || join(process.env.HOME ?? homedir(), '.cache')
  const folder = join(cache, 'tenor', `temporal-server-${VERSION}`)
  fs.mkdirSync(folder, { recursive: true })
  for (const [name, path] of Object.entries(PROGRAMS)) {
    if (fs.existsSync(join(folder, name))) continue
    // Into a draft folder and moved when whole, so that a build cut short is never taken for the program.
    const draft = fs.mkdtempSync(join(folder, 'draft-'))
    try {
      await build(`go.temporal.io/server/${path}@v${VERSION}`, draft, say)
      fs.renameSync(join(draft, name), join(folder, name))
    } finally {
      fs.rmSync(draft, { recursive: true, force: true })
    }
  }
  return folder
}

async function build(what: string, folder: string, say: (line: string) => void): Promise<void> {
  say(`Building ${what} once, some minutes on two cores; it is kept for next time…`)
  const started = Date.now()
  const child = spawn('go', ['install', what], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000)
  })
  const progress = setInterval(() => say(`  …${Math.round((Date.now() - started) / 1000)} s`), 15_000)
  const end = await new Promise<number | Error | null>((resolve) => {
    child.once('error', resolve)
    child.once('close', resolve)
  })
  clearInterval(progress)
  if (end === 0) return
  const why = end instanceof Error ? 'Go is not installed' : errors.trim().split('\n').at(-1)
  throw new Error(
    `The Temporal server cannot be built: ${why}. With --sqlite the development server is measured instead, whose figures are lower and not those of production.`,
  )
}
