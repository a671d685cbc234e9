import type { FastifyRequest } from 'fastify'
import { isOfCompanyOnly, isOwingOnly, type Role } from '../../domain/identity/roles.ts'

/** Who sends a request, as the token says. */
export type Caller = {
  sub: string
  tenant: string
  roles: Role[]
  /** The customer whose plans somebody with a role of those who owe may see. */
  customer: string | null
  /** The company (client) whose admin, or whose employee, it is. */
  client: string | null
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
}

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error(`${request.routeOptions.url} has no caller: is it public?`)
  return request.caller
}

/**
 * The only customer whose things the caller may see; `null` when it may see all of its tenant's. Roles add up, so one
 * that is wider than those of who owes lifts the limit.
 */
export function onlyCustomer(caller: Caller): string | null {
  return isOwingOnly(caller.roles) ? (caller.customer ?? '') : null
}

/**
 * The only company whose things the caller may see; `null` when that is no limit. Where it is none, `onlyCustomer` may be
 * one. A company's admin whose token names no company sees nothing.
 */
export function onlyClient(caller: Caller): string | null {
  return isOfCompanyOnly(caller.roles) ? (caller.client ?? '') : null
}
