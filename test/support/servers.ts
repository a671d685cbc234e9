import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type DatabaseUrls, seeingAll } from '../../db/migrate.ts'
import { takeHome } from '../../workers/stack/home.ts'
import { createPart, type Part } from '../../workers/stack/part.ts'
import { freePorts } from '../../workers/stack/ports.ts'
import { postgresPart, postgresUrl, postgresUrls, preparePostgresDatabase } from '../../workers/stack/postgres.ts'
import { endProcess, isRunning, markOf, type ProcessMark } from '../../workers/stack/processes.ts'
import { registerSearchAttributes, temporalPart } from '../../workers/stack/temporal.ts'

/** What the tests' processes find in their environment once the servers run. */
const ENV = {
  database: 'TENOR_TEST_DATABASE_URL',
  temporal: 'TENOR_TEST_TEMPORAL_ADDRESS',
  folder: 'TENOR_TEST_FOLDER',
}
const TEMPLATE = 'tenor_template'
const PREFIX = 'tenor-test-'

type Running = { home: string; parts: Part[]; marks: Record<string, ProcessMark> }
let running: Running | undefined
const stopFirst: (() => Promise<void>)[] = []

/** A real PostgreSQL and a real Temporal server for all test files of one jest run, in a folder of their own. */
export async function startServers(): Promise<void> {
  if (running) return
  await sweep()
  const home = fs.mkdtempSync(join(tmpdir(), PREFIX))
  // The server's user must be able to pass through.
  fs.chmodSync(home, 0o755)
  running = { home, parts: [], marks: {} }
  remember()
  stopWithUs()
  try {
    await startAll(home)
  } catch (error) {
    // jest calls no teardown after a setup that failed.
    await stopServers()
    throw error
  }
}

async function startAll(home: string): Promise<void> {
  const ports = await freePorts()
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const database = startPart(
    await postgresPart({ home, port: ports.postgres, logFile: log('postgres'), durable: false }),
  )
  const temporal = startPart(
    await temporalPart({ port: ports.temporal, namespace: 'default', logFile: log('temporal'), say }),
  )
  await Promise.all([
    database.then(() => prepareTemplate(ports.postgres)),
    temporal.then(() => registerSearchAttributes(`127.0.0.1:${ports.temporal}`, 'default')),
  ])
  process.env[ENV.folder] = home
  process.env[ENV.database] = postgresUrl(ports.postgres, 'postgres')
  process.env[ENV.temporal] = `127.0.0.1:${ports.temporal}`
}

/** Has something that uses the servers stopped before them. */
export function stopBeforeServers(stop: () => Promise<void>): void {
  stopFirst.push(stop)
}

export async function stopServers(): Promise<void> {
  if (!running) return
  await Promise.all(stopFirst.splice(0).map((stop) => stop()))
  await Promise.all(running.parts.map((part) => part.stop()))
  fs.rmSync(running.home, { recursive: true, force: true })
  running = undefined
}

/** `url` is the owner's, who sees every tenant: for preparing and for looking. The others are as programs have them. */
export type FreshDatabase = { url: string; urls: DatabaseUrls; drop(): Promise<void> }

/** An empty database with the newest schema, for one test file. Dropped with whatever is still connected to it. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await asAdmin(`create database ${name} template ${TEMPLATE}`)
  const urls = postgresUrls(Number(new URL(databaseUrl()).port), name)
  return { url: seeingAll(urls.owner), urls, drop: () => dropDatabase(name) }
}

/** The server's own housekeeping may be at work there, which the owner may not end: it is over in a moment. */
async function dropDatabase(name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await asAdmin(`drop database if exists ${name} with (force)`)
    } catch (error) {
      if ((error as pg.DatabaseError).code !== INSUFFICIENT_PRIVILEGE || tries === 40) throw error
      await sleep(250)
    }
  }
}

const INSUFFICIENT_PRIVILEGE = '42501'

/** `host:port` of the tests' Temporal server, namespace `default`, with Tenor's search attributes. */
export function temporalAddress(): string {
  return fromEnvironment(ENV.temporal)
}

/** A task queue of one's own, so that workers of different test files leave each other alone. */
export function freshTaskQueue(): string {
  return `test-${randomBytes(6).toString('hex')}`
}

/** A folder of one's own for files, gone after the run. */
export function freshFolder(name: string): string {
  const folder = fs.mkdtempSync(join(fromEnvironment(ENV.folder), `${name}-`))
  fs.chmodSync(folder, 0o755)
  return folder
}

function databaseUrl(): string {
  return fromEnvironment(ENV.database)
}

function fromEnvironment(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name} is not set: this test needs a jest project whose globalSetup starts the servers.`)
  return value
}

async function asAdmin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl() })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

async function prepareTemplate(port: number): Promise<void> {
  await preparePostgresDatabase(port, TEMPLATE)
  const { prepareDatabase } = await import('../../db/migrate.ts')
  await prepareDatabase(postgresUrls(port, TEMPLATE))
}

/** jest's teardown does not run when jest itself is ended by a signal. */
function stopWithUs(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void stopServers().finally(() => process.kill(process.pid, signal)))
  }
}

async function startPart(spec: Parameters<typeof createPart>[0]): Promise<void> {
  const part = createPart(spec, {
    onProcess: (name, mark) => {
      if (!running) return
      if (mark) running.marks[name] = mark
      else delete running.marks[name]
      remember()
    },
  })
  running?.parts.push(part)
  await part.start()
}

function log(name: string): string {
  return join(running?.home ?? tmpdir(), `${name}.log`)
}

function remember(): void {
  if (!running) return
  fs.writeFileSync(
    join(running.home, 'owner.json'),
    JSON.stringify({ owner: markOf(process.pid), marks: running.marks }),
  )
}

/** Ends what a jest run that was killed has left behind. */
async function sweep(): Promise<void> {
  for (const name of fs.readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const home = join(tmpdir(), name)
    const record = readRecord(join(home, 'owner.json'))
    if (!record || isRunning(record.owner)) continue
    await Promise.all(Object.values(record.marks).map((mark) => endProcess(mark, { graceMs: 1000 })))
    for (const stack of fs.readdirSync(home).filter((entry) => entry.startsWith('stack-'))) {
      await takeHome(join(home, stack))
    }
    fs.rmSync(home, { recursive: true, force: true })
  }
}

function readRecord(file: string): { owner: ProcessMark; marks: Record<string, ProcessMark> } | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
