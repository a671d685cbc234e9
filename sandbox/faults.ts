import type { FastifyInstance } from 'fastify'
import { z } from 'zod'

/** A trouble to make, for `count` requests or for `for_ms`, or until it is ended; without `path` for every request. */
export type Fault = {
  mode: string
  count?: number | undefined
  for_ms?: number | undefined
  /** How long `slow` waits, in milliseconds. */
  ms: number
  /** Only requests whose "METHOD /path" contains this; for mail, "MAIL from-address" or "RCPT to-address". */
  path?: string | undefined
}

type ActiveFault = Fault & { left: number; until: number }

/** The faults one sandbox has been told to make, oldest first. A restart ends them. */
export class Faults {
  readonly modes: readonly [string, ...string[]]
  #active: ActiveFault[] = []

  constructor(modes: readonly [string, ...string[]]) {
    this.modes = modes
  }

  add(fault: Fault): void {
    const until = fault.for_ms === undefined ? Number.POSITIVE_INFINITY : Date.now() + fault.for_ms
    this.#active.push({ ...fault, left: fault.count ?? Number.POSITIVE_INFINITY, until })
  }

  /**
   * Takes the oldest fault that applies to this request ("POST /v1/refunds"), and counts it as used. With `modes`,
   * only faults of these.
   */
  take(request: string, modes: readonly string[] = this.modes): Fault | undefined {
    this.#forgetEnded()
    const fault = this.#active.find(
      ({ mode, path }) => modes.includes(mode) && (path === undefined || request.includes(path)),
    )
    if (fault) fault.left -= 1
    return fault
  }

  list(): Array<Fault & { left: number | null }> {
    this.#forgetEnded()
    return this.#active.map(({ until: _, left, ...fault }) => ({ ...fault, left: Number.isFinite(left) ? left : null }))
  }

  clear(): void {
    this.#active = []
  }

  #forgetEnded(): void {
    this.#active = this.#active.filter((active) => active.left > 0 && active.until > Date.now())
  }
}

/** `GET`, `POST` and `DELETE /_sandbox/faults`. */
export function faultRoutes(app: FastifyInstance, faults: Faults): void {
  const body = z.strictObject({
    mode: z.enum(faults.modes),
    count: z.int().min(1).optional(),
    for_ms: z.int().min(1).optional(),
    ms: z.int().min(0).max(600_000).default(2_000),
    path: z.string().min(1).optional(),
  })
  app.get('/_sandbox/faults', async () => ({ data: faults.list() }))
  app.post('/_sandbox/faults', async (request) => {
    faults.add(body.parse(request.body))
    return { data: faults.list() }
  })
  app.delete('/_sandbox/faults', async () => {
    faults.clear()
    return { data: [] }
  })
}
