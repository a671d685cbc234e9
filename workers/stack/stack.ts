import { type Config, loadConfig } from '../config.ts'
import { bringUp } from './bring-up.ts'
import { composeStack } from './composition.ts'
import { DEFAULT_TENANT, type DevIssuer, devIssuer } from './dev-issuer.ts'
import { keysFileOf, makeDevKeys } from './dev-keys.ts'
import { type Addresses, type Home, takeHome, turnLogs } from './home.ts'
import type { Part, PartName } from './part.ts'
import { isPortFree, type PortName, type Ports } from './ports.ts'

export type StackOptions = {
  /** The data folder, absolute. */
  home: string
  /** `portsFrom(base)`, or `freePorts()` for a stack that lives beside others. */
  ports: Ports
  /** Parts that are named here are not started. */
  env?: NodeJS.ProcessEnv
  /** Progress, in words. */
  say?: (line: string) => void
  /** False gives up safety at power loss for speed: tests only. */
  durable?: boolean
  /** Ends a start that is under way. */
  signal?: AbortSignal
}

/** A running Tenor. */
export type Stack = {
  home: string
  addresses: Addresses
  /** The environment its processes run with: what `loadConfig` reads. */
  env: NodeJS.ProcessEnv
  parts: PartName[]
  /** The development issuer, unless tokens come from elsewhere. */
  issuer: DevIssuer | undefined
  pid(part: PartName): number | undefined
  /**
   * Sends a part a signal, SIGKILL unless said otherwise. One that ends it leaves it down until `restart`, or with
   * `comesBack` is left to the supervisor like any crash.
   */
  kill(part: PartName, signal?: NodeJS.Signals, options?: { comesBack?: boolean }): Promise<void>
  /** Starts a part, ending it first when it runs, and waits until it is ready. */
  restart(part: PartName): Promise<void>
  /** Stops everything, in the reverse order of the start. Safe to call twice. */
  stop(): Promise<void>
}

const ADMIN_TOKEN_TTL = '30d'

/** Brings up every part that the environment does not name, and resolves when all are ready. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { ports, env: given = process.env, say = () => {} } = options
  const home = await takeHome(options.home)
  const parts = new Map<PartName, Part>()
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= stopAll(home, parts)
    return stopping
  }
  const onAbort = () => void stop()
  options.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    turnLogs(home)
    const issuer = await devIssuer(home.path)
    const composition = composeStack(given, ports, home.path, issuer.keyFile)
    if (composition.ownKeys) sayKeys(keysFileOf(home.path), say)
    const config = loadConfig(composition.env)
    const { own, env } = composition
    const { durable = true, signal } = options
    await checkPorts(own, { ...ports, api: config.API_PORT, workerMetrics: config.METRICS_PORT })
    await unlessAborted(bringUp({ home, ports, own, env, config, parts, durable, say, signal }), signal)
    const addresses = await addressesOf(config, own, ports, composition.ownIssuer ? issuer : undefined)
    home.publish(addresses)
    return {
      home: home.path,
      addresses,
      env,
      parts: [...parts.keys()],
      issuer: composition.ownIssuer ? issuer : undefined,
      pid: (name) => parts.get(name)?.pid(),
      kill: (name, signal = 'SIGKILL', how = {}) => partNamed(parts, name).kill(signal, how),
      async restart(name) {
        await partNamed(parts, name).stop()
        await partNamed(parts, name).start()
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
  }
}

/** What is encrypted with a key is worth as much as the key: nobody should keep such data without knowing it. */
function sayKeys(file: string, say: (line: string) => void): void {
  const made = makeDevKeys(file) ? 'Made a development key that' : 'A development key'
  say(`${made} encrypts personal data: ${file}. Lose it and they are lost; for data to keep, set TENOR_KEYS.`)
}

/** A long step, such as building a server, is not waited for once the start is given up. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return work
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  await Promise.race([work, aborted])
  signal.throwIfAborted()
}

const STOP_ORDER: PartName[][] = [['api'], ['worker'], ['stripe', 'mail', 'salesforce'], ['temporal'], ['postgres']]

async function stopAll(home: Home, parts: Map<PartName, Part>): Promise<void> {
  home.unpublish()
  for (const group of STOP_ORDER) {
    await Promise.all(group.map(async (name) => parts.get(name)?.stop()))
  }
  home.release()
}

function partNamed(parts: Map<PartName, Part>, name: PartName): Part {
  const part = parts.get(name)
  if (!part) throw new Error(`${name} is not a part of this stack: it was named in the environment.`)
  return part
}

const PORTS_OF: Record<PartName, PortName[]> = {
  postgres: ['postgres'],
  temporal: ['temporal', 'temporalUi', 'temporalHttp', 'temporalMetrics'],
  stripe: ['stripe'],
  mail: ['inbox', 'smtp'],
  salesforce: ['salesforce'],
  worker: ['workerMetrics'],
  api: ['api'],
}

async function checkPorts(own: Set<PartName>, ports: Ports): Promise<void> {
  const wanted = [...own].flatMap((part) => PORTS_OF[part].map((name) => ({ part, port: ports[name] })))
  const free = await Promise.all(wanted.map(({ port }) => isPortFree(port)))
  const taken = wanted.filter((_, index) => !free[index])
  if (taken.length === 0) return
  const list = taken.map(({ part, port }) => `  port ${port}, wanted by ${part}`)
  throw new Error(
    [
      'Another program listens where Tenor would:',
      ...list,
      'End that program, or put Tenor on other ports: npm start -- --port-base 4800 (or TENOR_PORT_BASE=4800).',
    ].join('\n'),
  )
}

async function addressesOf(
  config: Config,
  own: Set<PartName>,
  ports: Ports,
  issuer: DevIssuer | undefined,
): Promise<Addresses> {
  const at = (port: number) => `http://127.0.0.1:${port}`
  const api = at(config.API_PORT)
  return {
    api,
    docs: `${api}/docs`,
    temporal_ui: config.TEMPORAL_UI_URL,
    temporal_address: config.TEMPORAL_ADDRESS,
    database_url: config.DATABASE_WORKER_URL,
    inbox: own.has('mail') ? at(ports.inbox) : null,
    stripe: config.STRIPE_API_URL ?? null,
    salesforce: config.SALESFORCE_LOGIN_URL,
    token: issuer
      ? await issuer.sign({ sub: 'dev-admin', tenant: DEFAULT_TENANT, role: 'admin' }, ADMIN_TOKEN_TTL)
      : null,
  }
}
