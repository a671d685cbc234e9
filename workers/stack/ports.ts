import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'

/** Where each part of the stack listens, counted from the port base. */
const OFFSETS = {
  api: 0,
  temporal: 1,
  temporalUi: 2,
  postgres: 3,
  stripe: 4,
  inbox: 5,
  smtp: 6,
  salesforce: 7,
  workerMetrics: 8,
  temporalHttp: 9,
  temporalMetrics: 10,
} as const

export type PortName = keyof typeof OFFSETS
export type Ports = Record<PortName, number>

export const DEFAULT_PORT_BASE = 4600

export function portsFrom(base: number): Ports {
  const highest = Math.max(...Object.values(OFFSETS))
  if (!Number.isInteger(base) || base < 1 || base + highest > 65_535) {
    throw new RangeError(`The port base must be a whole number from 1 to ${65_535 - highest}, not ${base}.`)
  }
  return Object.fromEntries(Object.entries(OFFSETS).map(([name, offset]) => [name, base + offset])) as Ports
}

/** Ports that were free a moment ago, for stacks that live beside others: tests and throw-away demos. */
export async function freePorts(): Promise<Ports> {
  const names = Object.keys(OFFSETS)
  const ports = await reserve(names.length)
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Ports
}

export async function freePort(): Promise<number> {
  return (await reserve(1))[0] as number
}

export async function isPortFree(port: number): Promise<boolean> {
  const server = await listening(port)
  if (server) await new Promise((resolve) => server.close(resolve))
  return server !== null
}

/** Below those that a system gives to whoever connects to somewhere, who might have one before the stack has. */
const FIRST = 10_000
const PAST = 32_000
const TRIES = 200

/** All are held open together until the last is known, so that none comes twice. */
async function reserve(count: number): Promise<number[]> {
  const servers: Server[] = []
  for (let tries = 0; servers.length < count; tries++) {
    if (tries === TRIES + count) throw new Error(`No ${count} free ports were found from ${FIRST} to ${PAST}.`)
    const server = await listening(randomInt(FIRST, PAST))
    if (server) servers.push(server)
  }
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** `null` when somebody has the port. */
function listening(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server))
  })
}
