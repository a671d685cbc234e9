import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'

/** Certificates for tests alone, of an authority of their own whose key is gone; for 127.0.0.1 and localhost, until 2126. */
export const tlsFile = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export type TlsWay = { port: number; taken: () => number; refused: () => number; close(): Promise<void> }

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/**
 * A way to a server on this machine that takes TLS only: with `clients`, only from who shows a certificate of ours; with
 * `asked`, after PostgreSQL's request for it.
 */
export async function tlsWay(target: number, how: { clients?: true; asked?: true } = {}): Promise<TlsWay> {
  const [key, cert, ca] = ['server.key', 'server.crt', 'ca.crt'].map((name) => readFileSync(tlsFile(name)))
  const secureContext = createSecureContext({ key, cert, ca })
  const sockets = new Set<Socket>()
  const counts = { taken: 0, refused: 0 }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const secure = () => {
      const options = { isServer: true, secureContext, ALPNProtocols: ['h2'], requestCert: how.clients === true }
      const client = new TLSSocket(socket, { ...options, rejectUnauthorized: how.clients === true })
      client.on('error', () => {
        counts.refused += 1
        client.destroy()
      })
      client.once('secure', () => {
        counts.taken += 1
        const upstream = connect({ port: target, host: '127.0.0.1' })
        upstream.on('error', () => client.destroy())
        for (const [one, other] of [
          [client, upstream],
          [upstream, client],
        ] as const)
          one.on('close', () => other.destroy())
        client.pipe(upstream).pipe(client)
      })
    }
    if (!how.asked) return secure()
    socket.once('data', (first) => {
      if (!first.equals(SSL_REQUEST)) {
        counts.refused += 1
        socket.destroy()
        return
      }
      socket.write('S')
      secure()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    taken: () => counts.taken,
    refused: () => counts.refused,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((done) => server.close(() => done()))
    },
  }
}
