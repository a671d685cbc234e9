import { createServer } from 'node:net'

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

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** All are held open together until the last is known, so that none comes twice. */
async function reserve(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ port: 0, host: '127.0.0.1' }, resolve)
      })
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
