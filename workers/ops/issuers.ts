import { TenantIssuers } from '../../db/identity/tenant-issuers.ts'
import { acrossTenants } from '../../db/tenancy/scope.ts'
import { type Ops, UsageError } from './connect.ts'

export type IssuerOptions = {
  tenant?: string | undefined
  audience?: string | undefined
  remove?: boolean
}

/**
 * Shows tenants' own OIDC issuers, adds one or takes one away. Not in the API: whoever names an issuer lets it make
 * tokens, and that is for those who run Tenor to decide. API processes know of it within half a minute.
 */
export function issuerCommand(ops: Ops, issuer: string | undefined, options: IssuerOptions): Promise<number> {
  return acrossTenants(() => changeIssuers(ops, issuer, options))
}

async function changeIssuers(ops: Ops, issuer: string | undefined, options: IssuerOptions): Promise<number> {
  const em = ops.orm.em.fork()
  if (issuer === undefined) {
    const rows = await em.findAll(TenantIssuers, { orderBy: { tenantId: 'asc', issuer: 'asc' } })
    for (const row of rows) ops.say(`${row.tenantId}  ${row.issuer}  audience ${row.audience}`)
    if (rows.length === 0) ops.say('No tenant has an issuer of its own.')
    return 0
  }
  if (options.remove) {
    const removed = await em.nativeDelete(TenantIssuers, { issuer })
    if (removed === 0) throw new UsageError(`There is no issuer ${issuer}.`)
    ops.say(`${issuer} is not taken from any more.`)
    return 0
  }
  const { tenant, audience } = options
  if (!tenant || !audience) throw new UsageError('Say whose it is and for whom its tokens are: --tenant, --audience.')
  refuseUnfit(issuer)
  const there = await em.findOne(TenantIssuers, { issuer })
  if (there)
    throw new UsageError(`${issuer} is the issuer of ${there.tenantId} already: take it away first (--remove).`)
  await em.insert(TenantIssuers, { issuer, tenantId: tenant, audience, createdAt: new Date().toISOString() })
  ops.say(`${issuer} speaks for ${tenant} now.`)
  return 0
}

function refuseUnfit(issuer: string): void {
  const url = URL.parse(issuer)
  const isLocal = url?.hostname === '127.0.0.1' || url?.hostname === 'localhost'
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && isLocal)) {
    throw new UsageError('An issuer is an https address, as it stands in the iss of its tokens.')
  }
}
