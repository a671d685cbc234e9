import { AsyncLocalStorage } from 'node:async_hooks'

/** Whose rows statements may see and write: one tenant's, everybody's (the worker's role only), or no tenant's. */
export type Scope = { readonly tenant: string; readonly all: boolean }

const scopes = new AsyncLocalStorage<Scope>()

/** Every statement of `work` sees and writes the rows of this tenant only. */
export function inTenant<T>(tenant: string, work: () => T): T {
  // An empty name is how "none" is told to the database, and PostgreSQL has no NUL in text.
  if (tenant === '' || tenant.includes('\0')) throw new Error('A tenant has a name')
  return scopes.run({ tenant, all: false }, work)
}

/**
 * Statements of `work` see and write the rows of all tenants: for what a worker or ops do for everybody, kept as small as
 * possible. The API's role cannot: there it is as `withoutTenant`.
 */
export function acrossTenants<T>(work: () => T): T {
  return scopes.run({ tenant: '', all: true }, work)
}

/** Statements of `work` see only tables that belong to no tenant. */
export function withoutTenant<T>(work: () => T): T {
  return scopes.run({ tenant: '', all: false }, work)
}

export function currentScope(): Scope | undefined {
  return scopes.getStore()
}
