import type { z } from 'zod'
import type { Sandbox } from './sandbox.ts'

export type Ids = { id: string } & Record<string, string | undefined>

/** One of Stripe's endpoints: what it takes, and what it does in one transaction. */
export type Endpoint = {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  params: z.ZodType
  /** Answers the object, or an `Answer` for another status than 200; throws a `Refusal`. */
  run: (sandbox: Sandbox, params: never, ids: Ids) => object
}

export function endpoint<Params extends z.ZodType>(
  method: Endpoint['method'],
  path: string,
  params: Params,
  run: (sandbox: Sandbox, params: z.output<Params>, ids: Ids) => object,
): Endpoint {
  return { method, path, params, run }
}
