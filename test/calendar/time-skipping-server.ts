import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Connection } from '@temporalio/client'
import { type InternalConnectionOptions, InternalConnectionOptionsSymbol } from '@temporalio/client/lib/connection.js'
import { msToTs } from '@temporalio/common/lib/time.js'
import proto from '@temporalio/proto'
import { SEARCH_ATTRIBUTES } from '../../domain/plans/search-attributes.ts'
import { createPart } from '../../workers/stack/part.ts'
import { freePort } from '../../workers/stack/ports.ts'
import { freshFolder } from '../support/servers.ts'

const VERSION = '1.38.0'
const POM = fileURLToPath(new URL('temporal-test-server.pom.xml', import.meta.url))
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
/** It starts in two seconds; these are for a machine that is busy with other tests. */
const READY_MS = 60_000
const SKIP_MS = 60_000

const run = promisify(execFile)

/** Temporal's server of the Java SDK, on which years of timers go by in seconds. */
export type TimeSkippingServer = {
  address: string
  connection: Connection
  /** What the time is there, in milliseconds since the epoch. */
  now(): Promise<number>
  /** Lets time go by until then, and every timer on the way fire. */
  skipTo(ms: number): Promise<void>
  stop(): Promise<void>
}

/** Whether this machine has what the server needs: a Java, and Maven to bring it unless it was brought before. */
export async function canSkipTime(): Promise<boolean> {
  const steps = run('java', ['-version']).then(bring)
  return steps.then(
    () => true,
    () => false,
  )
}

/** Starts it on a free port; to be called where `canSkipTime`. */
export async function startTimeSkippingServer(): Promise<TimeSkippingServer> {
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const part = createPart({
    name: 'temporal',
    command: 'java',
    args: [
      ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(libraries(), '*')],
      // Time stands still until it is told to go on: with its flag for skipping, every skip would count twice.
      ...['io.temporal.testserver.TestServer', String(port)],
    ],
    logFile: join(freshFolder('calendar'), 'server.log'),
    ready: () => isAnswering(address),
    readyTimeoutMs: READY_MS,
  })
  await part.start()
  const connection = await connectionTo(address)
  const { testService: time } = connection
  if (!time) throw new Error('The connection cannot skip time.')
  const now = async () => {
    const { time: at } = await time.getCurrentTime({})
    return Number(at?.seconds ?? 0) * 1_000 + Math.floor((at?.nanos ?? 0) / 1_000_000)
  }
  return {
    address,
    connection,
    now,
    async skipTo(ms) {
      const duration = msToTs(Math.max(0, ms - (await now())))
      await connection.withDeadline(Date.now() + SKIP_MS, () => time.unlockTimeSkippingWithSleep({ duration }))
    },
    async stop() {
      await connection.close()
      await part.stop()
    },
  }
}

/** As the SDK's own test environment does, which waits for the server for five seconds only. */
async function connectionTo(address: string): Promise<Connection> {
  const options: InternalConnectionOptions = {
    address,
    [InternalConnectionOptionsSymbol]: { supportsTestService: true },
  }
  const connection = await Connection.connect(options)
  await connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes: searchAttributes() })
  return connection
}

function libraries(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(cache, 'tenor', `temporal-test-server-${VERSION}`)
}

/** Brings the server from Maven Central into the user's cache, where other copies of the project find it. */
async function bring(): Promise<void> {
  if (fs.existsSync(libraries())) return
  const beside = `${libraries()}-${process.pid}`
  await run('mvn', ['-q', '-B', '-f', POM, COPY, '-DincludeScope=runtime', `-DoutputDirectory=${beside}`])
  // Whoever was faster has brought the same.
  if (fs.existsSync(libraries())) fs.rmSync(beside, { recursive: true })
  else fs.renameSync(beside, libraries())
}

function searchAttributes(): Record<string, number> {
  const { IndexedValueType } = proto.temporal.api.enums.v1
  return Object.fromEntries(
    Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [
      name,
      IndexedValueType[`INDEXED_VALUE_TYPE_${type.toUpperCase() as Uppercase<typeof type>}`],
    ]),
  )
}

async function isAnswering(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' })
  await connection.close()
  return true
}
