import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { prepareDatabase, seeingAll } from '../../db/migrate.ts'
import { CONFIG_NAMES } from '../../workers/config.ts'
import { areListening, isHealthy, programPart } from '../../workers/stack/children.ts'
import { composeStack } from '../../workers/stack/composition.ts'
import { devIssuer } from '../../workers/stack/dev-issuer.ts'
import { keysFileOf, makeDevKeys } from '../../workers/stack/dev-keys.ts'
import { type Home, takeHome } from '../../workers/stack/home.ts'
import { createPart, type Part, type PartName, type PartSpec } from '../../workers/stack/part.ts'
import { freePort, freePorts, type Ports } from '../../workers/stack/ports.ts'
import { postgresPart, postgresUrls, preparePostgresDatabase } from '../../workers/stack/postgres.ts'
import { registerSearchAttributes, temporalPart } from '../../workers/stack/temporal.ts'
import { type Answer, type Begun, Tenor } from '../support/e2e-client.ts'
import { startProxy, type TcpProxy } from './proxy.ts'

const PREFIX = 'tenor-faults-'

/** Of a client that wants something done, however much is broken, on a machine that is busy. */
const PATIENCE_MS = 480_000
/** A plan may wake hundreds of times in a year, each some workflow tasks on a machine that is busy. */
const SETTLED_MS = 600_000
/** How often a program may end as it starts, because what it needs is away just then: whatever supervises it starts it again. */
const SECOND_TRIES = 20

export type Way = 'stripe' | 'postgres' | 'temporal'
export const WAYS: readonly Way[] = ['stripe', 'postgres', 'temporal']
export const PARTS: readonly PartName[] = ['postgres', 'temporal', 'stripe', 'mail', 'salesforce', 'worker', 'api']

/**
 * The whole of Tenor as processes that can be killed, with ways between its programs and what they stand on that can be
 * cut, and points before and after each side effect at which a program dies. Nothing brings a part back but `start`.
 */
export class FaultStack {
  readonly home: Home
  readonly env: NodeJS.ProcessEnv
  readonly ways: Record<Way, TcpProxy>
  readonly tenor: Tenor
  readonly #parts = new Map<PartName, Part>()
  readonly #workers: Part[] = []
  readonly #points: string
  /** The environment of worker and API: what they reach, they reach by the ways. */
  #programs: NodeJS.ProcessEnv = {}

  private constructor(home: Home, env: NodeJS.ProcessEnv, ways: Record<Way, TcpProxy>, tenor: Tenor, points: string) {
    this.home = home
    this.env = env
    this.ways = ways
    this.tenor = tenor
    this.#points = points
  }

  static async start(): Promise<FaultStack> {
    await sweep()
    const path = fs.mkdtempSync(join(tmpdir(), PREFIX))
    // The database's user must be able to pass through.
    fs.chmodSync(path, 0o755)
    const home = await takeHome(path)
    const ports = await freePorts()
    const issuer = await devIssuer(home.path)
    const clean = Object.entries(process.env).filter(([name]) => !CONFIG_NAMES.includes(name))
    makeDevKeys(keysFileOf(home.path))
    const { env } = composeStack(Object.fromEntries(clean), ports, home.path, issuer.keyFile)
    const [stripe, postgres, temporal] = await Promise.all(
      [ports.stripe, ports.postgres, ports.temporal].map((port) => startProxy(port)),
    )
    const ways = { stripe, postgres, temporal } as Record<Way, TcpProxy>
    const points = join(home.path, 'points')
    fs.mkdirSync(points)
    const token = await issuer.sign({ sub: 'integrator', tenant: 'tenor', role: 'admin' }, '1d')
    const at = (port: number) => `http://127.0.0.1:${port}`
    const tenor = new Tenor({
      api: at(ports.api),
      stripe: at(ports.stripe),
      inbox: at(ports.inbox),
      salesforce: at(ports.salesforce),
      token,
    })
    const stack = new FaultStack(home, env, ways, tenor, points)
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void stack.stop().then(() => process.exit(1)))
    try {
      await stack.#bringUp(ports)
    } catch (error) {
      await stack.stop()
      throw error
    }
    return stack
  }

  async #bringUp(ports: Ports): Promise<void> {
    const { home, env, ways } = this
    const files = { dbFile: join(home.path, 'temporal.db'), logFile: home.logFile('temporal') }
    const say = () => {}
    // Durable, unlike other tests' database: what it has answered must outlive a SIGKILL.
    const database = await postgresPart({ home: home.path, port: ports.postgres, logFile: home.logFile('postgres') })
    const temporal = await temporalPart({ port: ports.temporal, ...files, namespace: 'default', say })
    await Promise.all([
      this.#add(database),
      this.#add(temporal),
      this.#program('stripe', ['sandbox/main.ts', 'stripe'], env, () => areListening(ports.stripe)),
      this.#program('mail', ['sandbox/main.ts', 'mail'], env, () => areListening(ports.inbox, ports.smtp)),
      this.#program('salesforce', ['sandbox/main.ts', 'salesforce'], env, () => areListening(ports.salesforce)),
    ])
    await preparePostgresDatabase(ports.postgres)
    await prepareDatabase(postgresUrls(ports.postgres))
    await registerSearchAttributes(`127.0.0.1:${ports.temporal}`, 'default')
    const { api, worker } = postgresUrls(ways.postgres.port)
    const programs = this.#programs
    Object.assign(programs, {
      ...env,
      LOG_LEVEL: 'warn',
      DATABASE_URL: api,
      DATABASE_WORKER_URL: worker,
      TEMPORAL_ADDRESS: `127.0.0.1:${ways.temporal.port}`,
      STRIPE_API_URL: `http://127.0.0.1:${ways.stripe.port}`,
      TENOR_FAULT_POINTS: this.#points,
      NODE_COMPILE_CACHE: join(home.path, 'compiled'),
      XDG_CACHE_HOME: join(home.path, 'cache'),
      NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'points.ts')).href}`,
    })
    const healthy = (port: number, path: string) => () => isHealthy(`http://127.0.0.1:${port}${path}`)
    await Promise.all([
      this.#program('worker', ['workers/worker.ts'], programs, healthy(ports.workerMetrics, '/health')),
      this.#program('api', ['workers/api.ts'], programs, healthy(ports.api, '/health/live')),
    ])
  }

  #program(
    name: PartName,
    command: [string, ...string[]],
    env: NodeJS.ProcessEnv,
    ready: () => Promise<boolean>,
  ): Promise<void> {
    const options = { env, logFile: this.home.logFile(name), ready, readyTimeoutMs: 90_000, secondTries: SECOND_TRIES }
    return this.#add(programPart(name, command, options))
  }

  #add(spec: PartSpec): Promise<void> {
    const part = createPart(spec, { onProcess: (name, mark) => this.home.remember(name, mark) })
    this.#parts.set(spec.name, part)
    return part.start()
  }

  /** One more worker, of a working tree that may be another, beside those there are; resolves when it is ready. */
  async addWorker(tree: string, settings: NodeJS.ProcessEnv = {}): Promise<Part> {
    const port = await freePort()
    const name = `worker-${this.#workers.length + 2}`
    const points = join(tree, 'points')
    fs.mkdirSync(points, { recursive: true })
    const spec = programPart('worker', ['workers/worker.ts'], {
      env: { ...this.#programs, TENOR_FAULT_POINTS: points, METRICS_PORT: String(port), ...settings },
      logFile: this.home.logFile(name),
      ready: () => isHealthy(`http://127.0.0.1:${port}/health`),
      readyTimeoutMs: 90_000,
    })
    const part = createPart({ ...spec, cwd: tree }, { onProcess: (_, mark) => this.home.remember(name, mark) })
    this.#workers.push(part)
    await part.start()
    return part
  }

  /** By SIGKILL, and it stays down. */
  async kill(name: PartName): Promise<void> {
    await this.#part(name).kill('SIGKILL')
  }

  /** Brings a part back that is down; resolves when it answers. */
  async start(name: PartName): Promise<void> {
    const part = this.#part(name)
    // Its end may not have been noticed yet.
    if (this.isUp(name)) await part.kill('SIGKILL')
    await part.start()
  }

  /** Politely, as a deployment does, and it stays down. */
  async end(name: PartName): Promise<void> {
    await this.#part(name).stop()
  }

  /** Brings back whatever is down. */
  async startAll(): Promise<void> {
    for (const names of [PARTS.slice(0, 5), PARTS.slice(5)]) {
      await Promise.all(names.filter((name) => !this.isUp(name)).map((name) => this.start(name)))
    }
  }

  /** As `tenor.insist`, while processes come and go. */
  insist(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    return this.tenor.insist(method, path, { body, key }, PATIENCE_MS)
  }

  /** As `tenor.begin`, by a client that begins anew when a part could not be done in time. */
  async begin(beginning?: Parameters<Tenor['begin']>[0]): Promise<Begun> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.tenor.begin(beginning)
      } catch (error) {
        if (tries === 10) throw error
        await sleep(500)
      }
    }
  }

  /** Waits until all plans of a clock have come to rest, in spite of an API that is away at times. */
  async settled(clock: string, withinMs = SETTLED_MS): Promise<void> {
    const end = Date.now() + withinMs
    for (;;) {
      const answer = await this.tenor.ask('GET', `/test_clocks/${clock}`).catch(() => undefined)
      if (answer?.status === 200 && answer.body.status === 'ready') return
      if (Date.now() > end) throw new Error(`The clock ${clock} has not come to rest in ${withinMs / 1000} s`)
      await sleep(100)
    }
  }

  /**
   * Lets the time pass for which a killed process had taken a letter, a case or a request: a minute or two, after which
   * another may take them.
   */
  async passLeases(): Promise<void> {
    await this.rows(`update notifications set next_attempt_at = now() where status = 'queued' and attempts > 0`)
    await this.rows(`update escalations set case_next_attempt_at = now() where case_version < version`)
    await this.rows(`update idempotency_keys set locked_until = now() where state = 'in_progress'`)
  }

  /** What the database says, past Tenor: what no route shows can be judged so. */
  async rows<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: seeingAll(this.env.DATABASE_OWNER_URL ?? '') })
    await client.connect()
    try {
      return (await client.query<Row>(sql, values)).rows
    } finally {
      await client.end()
    }
  }

  isUp(name: PartName): boolean {
    return this.#part(name).pid() !== undefined
  }

  #part(name: PartName): Part {
    const part = this.#parts.get(name)
    if (!part) throw new Error(`There is no part ${name}`)
    return part
  }

  // --- Points ---------------------------------------------------------------------------------------------------------

  /** The next time that a program comes to a point, it is gone and stays away; `nth` counts from 1. */
  arm(program: 'worker' | 'api', at: string, nth = 1): void {
    fs.rmSync(join(this.#points, `${program}.hit`), { force: true })
    const file = join(this.#points, `${program}.armed`)
    fs.writeFileSync(`${file}.new`, JSON.stringify({ at, nth }))
    fs.renameSync(`${file}.new`, file)
  }

  disarm(program: 'worker' | 'api'): void {
    fs.rmSync(join(this.#points, `${program}.armed`), { force: true })
  }

  /** Whether the armed point was come to. */
  wasHit(program: 'worker' | 'api'): boolean {
    return fs.existsSync(join(this.#points, `${program}.hit`))
  }

  /** Every point that a program comes to while something is done, in order and as often as it does. */
  async pointsOf(program: 'worker' | 'api', work: () => Promise<unknown>): Promise<string[]> {
    const seen = join(this.#points, `${program}.seen`)
    const record = join(this.#points, 'record')
    fs.rmSync(seen, { force: true })
    fs.writeFileSync(record, '')
    await work()
    fs.rmSync(record)
    return fs.existsSync(seen) ? fs.readFileSync(seen, 'utf8').trim().split('\n') : []
  }

  /** What the API has answered with 500 so far: each is an error that it does not know, whatever was broken. */
  surprises(): string[] {
    const lines = fs.readFileSync(this.home.logFile('api'), 'utf8').split('\n')
    return lines.filter((line) => line.includes('"code":"internal_error"'))
  }

  /**
   * Copies every part's log, Temporal's state with every history and what reads it, and what the database waits for, to
   * a folder that stays.
   */
  async keep(folder: string): Promise<void> {
    fs.cpSync(join(this.home.path, 'logs'), folder, { recursive: true })
    fs.cpSync(keysFileOf(this.home.path), join(folder, 'keys'))
    for (const file of fs.globSync('temporal.db*', { cwd: this.home.path })) {
      fs.cpSync(join(this.home.path, file), join(folder, file))
    }
    for (const [name, sql] of Object.entries(WAITING)) {
      const rows = await this.rows(sql).catch((error: Error) => error.message)
      fs.writeFileSync(join(folder, `${name}.json`), JSON.stringify(rows, null, 2))
    }
  }

  async stop(): Promise<void> {
    // Nothing is kept: no part is let finish what it does.
    await Promise.all([...this.#parts.values(), ...this.#workers].map((part) => part.kill('SIGKILL')))
    await Promise.all(Object.values(this.ways).map((way) => way.close()))
    this.home.release()
    fs.rmSync(this.home.path, { recursive: true, force: true })
  }
}

const WAITING = {
  'waiting-notices': `select * from notifications where status = 'queued'`,
  'waiting-cases': 'select * from escalations where case_version < version',
  connections: 'select * from pg_stat_activity',
}

/** Ends what a run that was killed has left behind. */
async function sweep(): Promise<void> {
  for (const name of fs.readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const path = join(tmpdir(), name)
    // One without a record is just being made.
    if (!fs.existsSync(join(path, 'processes.json'))) continue
    // Refused while it is somebody else's.
    const home = await takeHome(path).catch(() => undefined)
    if (home) fs.rmSync(path, { recursive: true, force: true })
  }
}
