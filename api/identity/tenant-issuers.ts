import type { MikroORM } from '@mikro-orm/postgresql'
import type { JWTVerifyGetKey } from 'jose'
import { type TenantIssuerRow, TenantIssuers } from '../../db/identity/tenant-issuers.ts'
import { TENANT_ROLES } from '../../domain/identity/roles.ts'
import { keysOfIssuer } from './issuers.ts'
import type { FindIssuer } from './tokens.ts'

/** So soon an issuer that was added is known, and one that was taken away is not. */
const KEPT_MS = 30_000

/**
 * The issuers of tenants' own, as they stand in the database. All are read at once, so that tokens of made-up issuers
 * do not become queries.
 */
export function tenantIssuers(orm: MikroORM, now: () => number = Date.now): FindIssuer {
  const keysOf = new Map<string, JWTVerifyGetKey>()
  let known: { rows: Promise<Map<string, TenantIssuerRow>>; at: number } | undefined

  function rows(): Promise<Map<string, TenantIssuerRow>> {
    if (known && now() - known.at < KEPT_MS) return known.rows
    const reading = orm.em
      .fork()
      .findAll(TenantIssuers)
      .then((all) => new Map(all.map((row) => [row.issuer, row])))
    known = { rows: reading, at: now() }
    reading.catch(() => (known = undefined))
    return reading
  }

  return async (name) => {
    const row = (await rows()).get(name)
    if (!row) return null
    const keys = keysOf.get(name) ?? keysOfIssuer(name, now)
    keysOf.set(name, keys)
    const { tenantId: tenant, audience } = row
    return { name, audience, keys, speaksFor: { tenant, roles: TENANT_ROLES } }
  }
}
