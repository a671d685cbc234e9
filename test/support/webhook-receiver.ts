import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = { headers: IncomingHttpHeaders; body: string; event: { event_id: string } }

export type Receiver = {
  url: string
  /** Everything that came, also what was not answered well. */
  received: Received[]
  /** The ids of the events that came, in no order. */
  events(): string[]
  /** How it answers from now on; 200 unless it is told otherwise. A function decides for each. */
  answer(with_: number | ((message: Received) => number | Promise<number>)): void
  reset(): void
  close(): Promise<void>
}

/** Somebody's endpoint for webhooks, on a port of its own. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  let answering: (message: Received) => number | Promise<number> = () => 200
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const message = { headers: request.headers, body, event: JSON.parse(body || '{}') }
    received.push(message)
    const status = await answering(message)
    response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {}).end('thanks')
  }
  const server = createServer((request, response) => void take(request, response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
  return {
    url,
    received,
    events: () => received.map(({ event }) => event.event_id).toSorted(),
    answer(with_) {
      answering = typeof with_ === 'number' ? () => with_ : with_
    },
    reset() {
      received.length = 0
      answering = () => 200
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
