import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TemporalSecurity } from '../../api/http/temporal.ts'
import type { Config } from '../config.ts'
import { keysIn, refuseMissingKeys } from '../keys.ts'
import { temporalSecurity } from '../temporal-server.ts'
import { areListening, isHealthy, programPart } from './children.ts'
import type { Home } from './home.ts'
import { createPart, type Part, type PartName, type PartSpec } from './part.ts'
import type { Ports } from './ports.ts'
import { postgresPart, preparePostgresDatabase } from './postgres.ts'
import { isServing, registerSearchAttributes, temporalPart } from './temporal.ts'

/** What a start works with. Parts are added to `parts` as they are started, so that they can be stopped at any moment. */
type Ground = {
  home: Home
  ports: Ports
  own: Set<PartName>
  env: NodeJS.ProcessEnv
  config: Config
  parts: Map<PartName, Part>
  durable: boolean
  say: (line: string) => void
  signal: AbortSignal | undefined
}

const READY_WITHIN_MS = 90_000
const NAMED_WITHIN_MS = 30_000

/** Stores and stand-ins side by side, then the worker and the API, which work on them. */
export async function bringUp(ground: Ground): Promise<void> {
  const { own, ports, config, say } = ground
  const sandbox = (name: PartName, ...at: number[]) =>
    own.has(name) ? program(ground, name, ['sandbox/main.ts', name], () => areListening(...at)) : Promise.resolve()

  say('Starting the database, Temporal and the sandboxes…')
  await allOrFirstError([
    database(ground),
    temporal(ground),
    sandbox('stripe', ports.stripe),
    sandbox('mail', ports.inbox, ports.smtp),
    sandbox('salesforce', ports.salesforce),
  ])
  say('Starting the worker and the API…')
  await allOrFirstError([
    program(ground, 'worker', ['workers/worker.ts'], () => isHealthy(local(config.METRICS_PORT, '/health'))),
    program(ground, 'api', ['workers/api.ts'], () => isHealthy(local(config.API_PORT, '/health/ready'))),
  ])
}

function local(port: number, path: string): string {
  return `http://127.0.0.1:${port}${path}`
}

async function database(ground: Ground): Promise<void> {
  const { home, ports, durable, say, config } = ground
  if (ground.own.has('postgres')) {
    const logFile = home.logFile('postgres')
    await start(ground, await postgresPart({ home: home.path, port: ports.postgres, logFile, durable, say }))
    await preparePostgresDatabase(ports.postgres)
  }
  const { prepareDatabase } = await import('../../db/migrate.ts')
  const { DATABASE_URL: api, DATABASE_WORKER_URL: worker, DATABASE_OWNER_URL: owner } = config
  const keys = keysIn(config)
  await prepareDatabase({ owner, api, worker }, keys).catch((error: Error) => {
    throw new Error(`The database could not be brought up to the newest schema: ${error.message}`, { cause: error })
  })
  await refuseMissingKeys(owner, keys)
}

async function temporal(ground: Ground): Promise<void> {
  const { home, ports, say, config } = ground
  const namespace = config.TEMPORAL_NAMESPACE
  const security = ground.own.has('temporal') ? {} : temporalSecurity(config)
  if (ground.own.has('temporal')) {
    const files = { dbFile: join(home.path, 'temporal.db'), logFile: home.logFile('temporal') }
    const uiCodec = local(config.API_PORT, '/ui_codec')
    const pages = {
      uiPort: ports.temporalUi,
      uiCodec,
      httpPort: ports.temporalHttp,
      metricsPort: ports.temporalMetrics,
    }
    await start(ground, await temporalPart({ port: ports.temporal, ...pages, ...files, namespace, say }))
  } else {
    await untilServing(ground, config.TEMPORAL_ADDRESS, namespace, security)
  }
  await registerSearchAttributes(config.TEMPORAL_ADDRESS, namespace, security)
}

/** One that is named may be just starting, or busy: it is waited for. */
async function untilServing(
  { say, signal }: Ground,
  address: string,
  namespace: string,
  security: TemporalSecurity,
): Promise<void> {
  const until = Date.now() + NAMED_WITHIN_MS
  for (let tries = 1; ; tries++) {
    const failure = await isServing(address, namespace, security).then(
      () => null,
      (error: Error) => error,
    )
    if (failure === null) return
    signal?.throwIfAborted()
    if (Date.now() > until) {
      throw new Error(`Temporal does not answer at TEMPORAL_ADDRESS=${address}: ${failure.message}`, { cause: failure })
    }
    if (tries === 1) say(`Temporal does not answer yet at ${address}; waiting up to ${NAMED_WITHIN_MS / 1000} s…`)
    await sleep(1_000, undefined, { signal })
  }
}

/** One of Tenor's own programs. */
function program(
  ground: Ground,
  name: PartName,
  command: [string, ...string[]],
  ready: () => Promise<boolean>,
): Promise<void> {
  const { env, home } = ground
  const options = { env, logFile: home.logFile(name), ready, readyTimeoutMs: READY_WITHIN_MS }
  return start(ground, programPart(name, command, options))
}

async function start({ home, parts, say, signal }: Ground, spec: PartSpec): Promise<void> {
  signal?.throwIfAborted()
  const part = createPart(spec, {
    onProcess: (name, mark) => home.remember(name, mark),
    onDied: (name, how, backInMs) => say(`${name} has ended (${how}); it is started again in ${backInMs / 1000} s.`),
    onBack: (name) => say(`${name} is back.`),
  })
  parts.set(spec.name, part)
  await part.start()
}

/** Waits for all even when one fails, so that nothing is still being started while all is being stopped. */
async function allOrFirstError(starts: Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(starts)
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure) throw failure.reason
}
