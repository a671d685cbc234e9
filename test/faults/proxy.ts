import { connect, createServer, type Socket } from 'node:net'

/** A way between two processes that can be cut, closed, slowed down, or made to lose what comes back. */
export type TcpProxy = {
  port: number
  /** Ends every connection there is. */
  cut(): void
  /** Whether new connections are taken. Closing cuts the old ones. */
  setOpen(isOpen: boolean): void
  /** Every piece of data waits so long, both ways. */
  setDelay(milliseconds: number): void
  /** What was asked arrives; what is answered from now on does not, and the connection is cut after a moment. */
  loseAnswers(forMs: number): void
  close(): Promise<void>
}

export async function startProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<[Socket, Socket]>()
  let isOpen = true
  let delay = 0
  let losingUntil = 0
  const server = createServer((client) => {
    client.on('error', () => client.destroy())
    if (!isOpen) return client.destroy()
    const upstream = connect({ port: target, host: '127.0.0.1' })
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    upstream.on('error', end)
    for (const side of pair) side.on('close', end)
    forward(client, upstream, () => delay)
    forward(
      upstream,
      client,
      () => delay,
      () => Date.now() < losingUntil,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const [client, upstream] of pairs) {
      client.destroy()
      upstream.destroy()
    }
  }
  return {
    port: (server.address() as { port: number }).port,
    cut,
    setOpen(open) {
      isOpen = open
      if (!open) cut()
    },
    setDelay(milliseconds) {
      delay = milliseconds
    },
    loseAnswers(forMs) {
      losingUntil = Date.now() + forMs
      setTimeout(cut, forMs).unref()
    },
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function forward(from: Socket, to: Socket, delay: () => number, isLost: () => boolean = () => false): void {
  // In order, however the delay changes: each piece waits for the one before it.
  let last = Promise.resolve()
  let waiting = 0
  from.on('data', (data: Buffer) => {
    if (isLost()) return
    const ms = delay()
    if (ms === 0 && waiting === 0) {
      to.write(data)
      return
    }
    waiting += 1
    last = last
      .then(() => new Promise((resolve) => setTimeout(resolve, ms)))
      .then(() => {
        waiting -= 1
        if (!to.destroyed) to.write(data)
      })
  })
}
