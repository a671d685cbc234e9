import type { MikroORM } from '@mikro-orm/postgresql'
import type { JWTVerifyGetKey } from 'jose'
import { withoutTenant } from '../../db/tenancy/scope.ts'
import { issuersOfTenants } from '../../db/tenancy/ways.ts'
import { TENANT_ROLES } from '../../domain/identity/roles.ts'
import { keysOfIssuer } from './issuers.ts'
import type { FindIssuer } from './tokens.ts'

type Issuers = Map<string, Awaited<ReturnType<typeof issuersOfTenants>>[number]>

/** So soon an issuer that was added is known, and one that was taken away is not. */
const KEPT_MS = 30_000

/**
 * The issuers of tenants' own, as they stand in the database. All are read at once, so that tokens of made-up issuers
 * do not become queries.
 */
export function tenantIssuers(orm: MikroORM, now: () => number = Date.now): FindIssuer {
  const keysOf = new Map<string, JWTVerifyGetKey>()
  let known: { rows: Promise<Issuers>; at: number } | undefined

  function rows(): Promise<Issuers> {
    if (known && now() - known.at < KEPT_MS) return known.rows
    // Before it is known whose token it is.
    const reading = withoutTenant(() => issuersOfTenants(orm.em.fork())).then(
      (all) => new Map(all.map((row) => [row.issuer, row])),
    )
    known = { rows: reading, at: now() }
    reading.catch(() => (known = undefined))
    return reading
  }

  return async (name) => {
    const row = (await rows()).get(name)
    if (!row) return null
    const keys = keysOf.get(name) ?? keysOfIssuer(name, now)
    keysOf.set(name, keys)
    const { tenant, audience } = row
    return { name, audience, keys, speaksFor: { tenant, roles: TENANT_ROLES } }
  }
}
