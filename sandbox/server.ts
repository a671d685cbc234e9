import { setTimeout as delay } from 'node:timers/promises'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { ZodError, z } from 'zod'

export type Listening = { url: string; port: number }

/**
 * A Fastify server as every sandbox uses it. What is wrong with a `/_sandbox` call is answered as 400
 * `{ error: { message } }`, naming the fields.
 */
export function createApp(): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true, bodyLimit: 30 * 1024 * 1024, exposeHeadRoutes: false })
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof ZodError) return reply.code(400).send({ error: { message: z.prettifyError(error) } })
    const { statusCode = 500, message } = error as { statusCode?: number; message: string }
    return reply.code(statusCode).send({ error: { message } })
  })
  app.get('/_sandbox/health', async () => ({ status: 'ok' }))
  return app
}

/** Starts listening; port 0 takes any free one. A port that is taken is an error that says so. */
export async function listen(app: FastifyInstance, options: { port: number; host?: string }): Promise<Listening> {
  const host = options.host ?? '127.0.0.1'
  try {
    await app.listen({ port: options.port, host })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new Error(`Port ${options.port} on ${host} is taken by another program; choose another one`, { cause: error })
  }
  const address = app.server.address()
  const port = address !== null && typeof address === 'object' ? address.port : options.port
  return { port, url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}` }
}

/** Cuts the connection without an answer, as a network does. */
export function cutConnection(reply: FastifyReply): FastifyReply {
  reply.hijack()
  reply.raw.socket?.destroy()
  return reply
}

/** Begins an answer of 200 and cuts the connection in the middle of it. */
export function cutAnswer(reply: FastifyReply): FastifyReply {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
  reply.raw.write('{"id":', () => reply.raw.destroy())
  return reply
}

/** Waits; a wait longer than what Node's timers can hold would fire at once, so it is cut to that. */
export async function pause(milliseconds: number): Promise<void> {
  await delay(Math.min(milliseconds, 2_147_483_647))
}

/** Counts requests by path and remembers the busiest second. */
export class RequestStats {
  #byPath = new Map<string, number>()
  #second = 0
  #inSecond = 0
  #maxPerSecond = 0

  /** Returns how many requests the current second has had, this one included. */
  count(path: string): number {
    const second = Math.floor(Date.now() / 1000)
    this.#inSecond = second === this.#second ? this.#inSecond + 1 : 1
    this.#second = second
    this.#maxPerSecond = Math.max(this.#maxPerSecond, this.#inSecond)
    this.#byPath.set(path, (this.#byPath.get(path) ?? 0) + 1)
    return this.#inSecond
  }

  report(): { requests: Record<string, number>; total: number; max_per_second: number } {
    const requests = Object.fromEntries([...this.#byPath].sort(([a], [b]) => a.localeCompare(b)))
    const total = [...this.#byPath.values()].reduce((sum, times) => sum + times, 0)
    return { requests, total, max_per_second: this.#maxPerSecond }
  }

  reset(): void {
    this.#byPath.clear()
    this.#maxPerSecond = 0
  }
}
