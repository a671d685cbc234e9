import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'

export type Watch = {
  registry: Registry
  /** Counts how charges end, and what is told to whom. */
  charges: Counter<'outcome'>
  told: Counter<'what' | 'outcome'>
  /** Seconds from the due moment of an instalment to its first attempt. */
  lateness: Histogram
  /** How much is queued for whom, and for how many seconds the oldest of it has been due. */
  waiting: Gauge<'what'>
  overdue: Gauge<'what'>
  /** 1 while the gateway is left alone because it keeps failing. */
  circuit: Gauge
  port: number
  close(): Promise<void>
}

const LATE_SECONDS = [1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400]

/** A worker's `/health` and `/metrics`, for whoever keeps it running. `isHealthy` is asked at each request. */
export async function startWatch(at: { host: string; port: number }, isHealthy: () => boolean): Promise<Watch> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const charges = new Counter({
    name: 'tenor_charges_total',
    help: 'Charges by what the gateway made of them.',
    labelNames: ['outcome'],
    registers,
  })
  const told = new Counter({
    name: 'tenor_told_total',
    help: 'Notices, cases and webhooks by how their delivery ended.',
    labelNames: ['what', 'outcome'],
    registers,
  })
  const lateness = new Histogram({
    name: 'tenor_charge_lateness_seconds',
    help: 'Time from the due moment of an instalment to its first attempt, of plans in real time.',
    buckets: LATE_SECONDS,
    registers,
  })
  const waiting = new Gauge({
    name: 'tenor_outbox_waiting',
    help: 'Notices, cases and webhooks that are still to be delivered.',
    labelNames: ['what'],
    registers,
  })
  const overdue = new Gauge({
    name: 'tenor_outbox_overdue_seconds',
    help: 'How long the oldest of them has been due; 0 while the next try of each is still to come.',
    labelNames: ['what'],
    registers,
  })
  const circuit = new Gauge({
    name: 'tenor_gateway_circuit_open',
    help: '1 while the payment gateway keeps failing and is asked nothing but now and then whether it is back.',
    registers,
  })
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', registry, isHealthy()).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type }).end(body)
    })
  })
  await new Promise<void>((done, failed) => {
    server.once('error', failed)
    server.listen(at.port, at.host, done)
  })
  const { port } = server.address() as AddressInfo
  return { registry, charges, told, lateness, waiting, overdue, circuit, port, close: () => closed(server) }
}

async function answer(url: string, registry: Registry, healthy: boolean) {
  const json = 'application/json; charset=utf-8'
  if (url === '/metrics') return { status: 200, type: registry.contentType, body: await registry.metrics() }
  if (url !== '/health') return { status: 404, type: json, body: '{"status":"not found"}' }
  return { status: healthy ? 200 : 503, type: json, body: JSON.stringify({ status: healthy ? 'ok' : 'stopping' }) }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((done) => server.close(() => done()))
}
